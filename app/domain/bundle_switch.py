"""Which bundle runs: who activated it, which one a case stands on, and why it was changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

MAX_SWITCH_REASON_LENGTH = 1000


class BundlePart(StrEnum):
    """What a bundle does here."""

    ACTIVE = "active"
    SHADOW = "shadow"


@dataclass(frozen=True)
class BundleSwitch:
    """From a moment on another bundle has a part; append-only, the latest one holds.

    Parameters
    ----------
    digest
        Of the bundle; None: no bundle has the part any more.
    by_name
        The printed name of who switched, as it was then.
    by_id
        The account; None where somebody did it with a command on the server.
    """

    id: UUID
    part: BundlePart
    digest: str | None
    at: datetime
    by_id: UUID | None
    by_name: str
    reason: str


@dataclass(frozen=True)
class CaseBundle:
    """The bundle that a case stands on: its cells are read, counted and reported with that one.

    Parameters
    ----------
    is_chosen
        Whether a person chose it for this case: then no activation moves the case.
    """

    digest: str
    since: datetime
    is_chosen: bool = False


@dataclass(frozen=True)
class Reclassification:
    """A case was given to another bundle; what the one before found is kept.

    Parameters
    ----------
    from_digest
        None where nothing had been read.
    """

    id: UUID
    case_id: UUID
    from_digest: str | None
    to_digest: str
    by_id: UUID
    by_name: str
    at: datetime
    reason: str
