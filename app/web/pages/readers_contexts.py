"""What the page of a case's readers may know."""

from dataclasses import dataclass

from app.web.pages.contexts import CaseHead, Choice


@dataclass(frozen=True)
class ReadingRow:
    """One of the two readings: whose it is and how far; `is_own` marks the viewer's."""

    title: str
    reader: str
    state: str
    is_own: bool


@dataclass(frozen=True)
class FinishPart:
    """parts/finish.html: finishing one's reading, or opening it again.

    Parameters
    ----------
    path
        Where the form is sent; None where nothing can be done.
    explanation
        Why nothing can be done, or what follows; empty where the button says it.
    missing
        What stands between the reading and its end, in sentences.
    """

    path: str | None
    button: str
    explanation: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class AgreementRow:
    """One question that both readers answered with yes or no, in counts of cells.

    Parameters
    ----------
    kappa, interval
        Cohen's kappa with its 95 % interval; in words where it is undefined.
    """

    title: str
    both: str
    first_only: str
    second_only: str
    neither: str
    observed: str
    kappa: str
    interval: str


@dataclass(frozen=True)
class Opinion:
    """What one reader holds a cell for; `key` chooses it, `chosen` tells that it was chosen."""

    title: str
    verdict: str
    button: str
    whose: str
    key: str
    chosen: bool


@dataclass(frozen=True)
class DisagreementCard:
    """A cell on which the readers differ.

    Parameters
    ----------
    settled
        Who settled it, when and how; empty while nobody has.
    """

    cell_id: str
    ordinal: str
    path: str
    picture_path: str
    width_px: int
    height_px: int
    opinions: tuple[Opinion, ...]
    settled: str


@dataclass(frozen=True)
class ReadersPage:
    """readers.html.

    Parameters
    ----------
    rule
        What the laboratory's setting asks for, and whether it asks for it here.
    notice
        What keeps anything from being changed, or that the first reading is hidden.
    give_path, choices
        Where the second reading is given, and to whom; None and empty where it cannot be.
    withdraw_path
        Where it is taken back; None where it cannot be.
    agreement
        Empty until both readings are finished.
    can_settle
        Whether disagreements can be settled now.
    """

    head: CaseHead
    gallery_path: str
    report_path: str
    rule: str
    notice: str
    readings: tuple[ReadingRow, ...]
    finish: FinishPart
    give_path: str | None
    give_note: str
    choices: tuple[Choice, ...]
    withdraw_path: str | None
    agreement: tuple[AgreementRow, ...]
    settle_path: str
    can_settle: bool
    summary: str
    cards: tuple[DisagreementCard, ...]
