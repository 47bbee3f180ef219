"""What the parts about a score's surroundings may know: cohort, earlier cases, outlook."""

from dataclasses import dataclass

from app.web.pages.charts_reference import DistributionStrip
from app.web.pages.charts_trend import TrendChart


@dataclass(frozen=True)
class ReferenceChart:
    """One abnormality of the case among the patients of the rule's cohort.

    Parameters
    ----------
    figures
        The case's proportion and its interval; a dash where no PMN was counted.
    description
        All that the drawing shows, in words.
    """

    title: str
    figures: str
    description: str
    strip: DistributionStrip


@dataclass(frozen=True)
class ReferencePart:
    """The case among the patients that the rule was fitted on.

    Parameters
    ----------
    basis_notice
        That these patients were made up; None where they were not.
    """

    charts: tuple[ReferenceChart, ...]
    basis_notice: str | None


@dataclass(frozen=True)
class TrendPanel:
    """One number over the patient's cases; `description` says in words what is drawn."""

    title: str
    description: str
    curve: TrendChart


@dataclass(frozen=True)
class TrendRow:
    """One case of the patient; `proportions` in the order of the titles."""

    date: str
    path: str
    accession_number: str
    is_current: bool
    is_signed: bool
    pmn_count: int
    proportions: tuple[str, ...]
    score: str
    recommendation: str
    bundle_title: str


@dataclass(frozen=True)
class TrendPart:
    """The patient's cases over time, the latest first in `rows`.

    Parameters
    ----------
    titles
        Of the abnormalities.
    is_mixed
        Whether they were read with more than one bundle.
    """

    panels: tuple[TrendPanel, ...]
    titles: tuple[str, ...]
    rows: tuple[TrendRow, ...]
    is_mixed: bool


@dataclass(frozen=True)
class TurnRow:
    """One abnormality: so many cells called, and how many otherwise turn the recommendation."""

    title: str
    counted: str
    change: str


@dataclass(frozen=True)
class OutlookPart:
    """What would change the recommendation; `distance` and `settling` are sentences."""

    distance: str
    settling: str
    turns: tuple[TurnRow, ...]
