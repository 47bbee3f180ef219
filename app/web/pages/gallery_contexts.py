"""What the templates of the review room may know; states and numbers are sent as JSON too."""

from dataclasses import dataclass

from app.web.pages.contexts import CaseHead, Choice, ProgressPart
from app.web.pages.neighbour_contexts import HeatNote


@dataclass(frozen=True)
class CellState:
    """What a cell is held for now.

    Parameters
    ----------
    calls
        Names of the abnormalities.
    excluded
        Why it is left out; empty where it is counted.
    initials, reader
        Of the reader who decided last; empty where nobody has looked.
    was
        What the classifier says, where the reader says otherwise; else empty.
    summary
        All of it as a sentence.
    """

    id: str
    calls: tuple[str, ...]
    excluded: str
    initials: str
    reader: str
    was: str
    summary: str


@dataclass(frozen=True)
class Toggle:
    """One abnormality of one card; `pressed` is ``true`` or ``false``."""

    key: str
    short_label: str
    probability: str
    pressed: str


@dataclass(frozen=True)
class ReviewCard:
    """One cell in one group; paths are relative to the gallery's page."""

    state: CellState
    path: str
    ordinal: int
    pmn_probability: str
    toggles: tuple[Toggle, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class ReviewGroup:
    """Cells of one kind; `excluded` is whether they are left out of the count."""

    key: str
    title: str
    note: str
    excluded: bool
    cards: tuple[ReviewCard, ...]


@dataclass(frozen=True)
class ReviewGroups:
    """parts/review_groups.html and gallery_groups.html.

    Parameters
    ----------
    sequence
        Of the last decision that is in it.
    cell_count
        Cells of the case that are read.
    """

    groups: tuple[ReviewGroup, ...]
    sequence: int
    cell_count: int
    bundle_title: str


@dataclass(frozen=True)
class LabelNumbers:
    """One abnormality in the strip of numbers: the classifier's, then as it is read."""

    key: str
    title: str
    short_title: str
    classifier_count: str
    classifier_share: str
    count: str
    share: str
    interval: str


@dataclass(frozen=True)
class Numbers:
    """parts/numbers.html: the strip of numbers, finished texts.

    Parameters
    ----------
    interval
        Of the score; empty while it is computed.
    left_count
        Cells that a reader must still look at.
    """

    labels: tuple[LabelNumbers, ...]
    pmn: str
    classifier_pmn: str
    score: str
    interval: str
    cut_off: str
    recommendation: str
    recommendation_mark: str
    left_count: int
    left: str
    looked_at: str


@dataclass(frozen=True)
class ReferencePicture:
    """Pictures that show what one abnormality is."""

    title: str
    definition: str
    paths: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ReviewStatus:
    """Whose reading it is, and what can be done with it; texts are empty where there is nothing.

    Parameters
    ----------
    notice
        What the reader must know: a blinded reading, a finished one, a signed case.
    is_closed
        Whether nothing can be changed.
    can_finish, can_reopen
        Whether the reading can be finished, or opened again.
    """

    reading: str
    notice: str
    is_closed: bool
    can_finish: bool
    can_reopen: bool


@dataclass(frozen=True)
class GalleryPage:
    """gallery.html: the review room.

    Parameters
    ----------
    labels
        The abnormalities in the order of their keys.
    heat_bundle
        Digest of the bundle whose heat maps are shown.
    user_id
        Whose page it is: nothing is decided on it under another name.
    um_per_pixel
        Micrometres to a pixel of the pictures; empty where nobody has said so.
    """

    head: CaseHead
    progress: ProgressPart
    status: ReviewStatus
    numbers: Numbers
    review: ReviewGroups
    orders: tuple[Choice, ...]
    labels: tuple[Choice, ...]
    references: tuple[ReferencePicture, ...]
    heat_bundle: str
    um_per_pixel: str
    report_path: str
    user_id: str
    heat: HeatNote
