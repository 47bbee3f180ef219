"""What a laboratory counts of its work: `docs/statistics.md` defines every number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case_sums import CountSums, MeanSums
from app.domain.errors import InvalidInput
from app.domain.message import message
from app.domain.override import OverrideCount, OverrideScope, Subject

DEFAULT_DAYS = 182
MOST_DAYS = 3660


@dataclass(frozen=True)
class StatisticsFilter:
    """Which cases are counted.

    Parameters
    ----------
    first, last
        Days in UTC; both belong to the period.
    site_ids
        Those that the asker may see, or the one that was chosen.
    with_demonstrations
        Whether synthetic cases and published images count too; a laboratory's own always do.
    """

    first: date
    last: date
    site_ids: frozenset[UUID]
    with_demonstrations: bool = False

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InvalidInput(
                message("The first day lies after the last one. Change one of them.")
            )
        if (self.last - self.first).days > MOST_DAYS:
            raise InvalidInput(message("The period is longer than ten years. Make it shorter."))


def monday_of(day: date) -> date:
    """The first day of its ISO 8601 week."""
    return day - timedelta(days=day.weekday())


class ShareSeries(StrEnum):
    """Shares of cells (of files, for what was refused) that are watched by week."""

    PSEUDO_PELGER = Abnormality.PSEUDO_PELGER.value
    NUCLEAR_SPIKE = Abnormality.NUCLEAR_SPIKE.value
    VACUOLE = Abnormality.VACUOLE.value
    HYPOGRANULARITY = Abnormality.HYPOGRANULARITY.value
    UNFAMILIAR = "unfamiliar"
    POOR_QUALITY = "poor_quality"
    REFUSED = "refused"

    @property
    def wording(self) -> str:
        """The series in words."""
        return _SHARE_TITLES[self]


_SHARE_TITLES = {
    **{ShareSeries(label.value): label.wording for label in Abnormality},
    ShareSeries.UNFAMILIAR: message("Unlike the learnt neutrophils"),
    ShareSeries.POOR_QUALITY: message("Poor picture quality"),
    ShareSeries.REFUSED: message("Files refused"),
}


class MeanSeries(StrEnum):
    """Means of the cases' means that are watched by week."""

    SHARPNESS = "sharpness"
    BRIGHTNESS = "mean_brightness"
    PURPLE = "nucleus_purple_density"
    RED = "background_red_log_ratio"
    BLUE = "background_blue_log_ratio"
    NOVELTY = "novelty"

    @property
    def wording(self) -> str:
        """The series in words."""
        return _MEAN_TITLES[self]


_MEAN_TITLES = {
    MeanSeries.SHARPNESS: message("Sharpness"),
    MeanSeries.BRIGHTNESS: message("Mean brightness"),
    MeanSeries.PURPLE: message("Nucleus purple density"),
    MeanSeries.RED: message("Background red log ratio"),
    MeanSeries.BLUE: message("Background blue log ratio"),
    MeanSeries.NOVELTY: message("Novelty"),
}


@dataclass(frozen=True)
class CaseMeasures:
    """What one case adds to the statistics, under the bundle that read it first.

    Parameters
    ----------
    received_at
        When its first image came.
    counts
        For each share: the cell count of it, and the cells that it is a share of.
    means
        Over the case's cells; a measure that no cell has is left out.
    vector
        Mean of the cells' embeddings, 64 numbers; None where there are none.
    """

    case_id: UUID
    bundle_digest: str
    received_at: datetime
    counts: Mapping[ShareSeries, tuple[int, int]]
    means: Mapping[MeanSeries, float]
    vector: tuple[float, ...] | None = None


@dataclass(frozen=True)
class CaseOverrides:
    """What one reader, or with None the signed report, holds otherwise than the classifier."""

    scope: OverrideScope
    reader_id: UUID | None
    bundle_digest: str
    counts: Mapping[Subject, OverrideCount]


@dataclass(frozen=True)
class DayCount:
    """Cases that were opened, and those that were signed for the first time, on a day in UTC."""

    day: date
    opened: int
    signed: int


@dataclass(frozen=True)
class Turnaround:
    """One case from its first image to its first signature, None while it is open.

    Parameters
    ----------
    erased_at
        When it was erased; None while it is kept. Nobody can sign it after that.
    cancelled_at
        When its order was taken back; None while it stands. Nobody is to sign it after that.
    """

    received_at: datetime
    signed_at: datetime | None
    erased_at: datetime | None = None
    cancelled_at: datetime | None = None

    def watched_until(self, now: datetime) -> datetime:
        """The signature, or the last moment at which it could have been signed."""
        return self.signed_at or self.cancelled_at or self.erased_at or now


@dataclass(frozen=True)
class Recommended:
    """Cases by their recommendation, as the worklist holds them."""

    test_uba1: int = 0
    not_raised: int = 0
    insufficient: int = 0
    open: int = 0


@dataclass(frozen=True)
class OverrideSums:
    """Decisions of one reader (None: what the signed reports hold) on one subject.

    Parameters
    ----------
    count
        Of all cases.
    changed, removed, added
        The same by case, to tell how alike the cells of a case are.
    """

    scope: OverrideScope
    reader_id: UUID | None
    reader_name: str | None
    bundle_digest: str
    subject: Subject
    count: OverrideCount
    changed: CountSums
    removed: CountSums
    added: CountSums


@dataclass(frozen=True)
class SiteWeek:
    """The cases of one week at one site, read by one bundle."""

    site_id: UUID
    bundle_digest: str
    week: date
    shares: Mapping[ShareSeries, CountSums] = field(default_factory=dict)
    means: Mapping[MeanSeries, MeanSums] = field(default_factory=dict)


@dataclass(frozen=True)
class OutboxState:
    """Deliveries to destinations of one kind; `dead` ones wait for a person."""

    kind: str
    waiting: int
    dead: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True)
class QueueState:
    """The jobs of one durable queue.

    Parameters
    ----------
    failed
        Given up, and to be looked at.
    oldest_waiting_at
        When the job that waits longest was put there; None where none waits.
    """

    queue: str
    waiting: int
    running: int
    failed: int
    oldest_waiting_at: datetime | None
