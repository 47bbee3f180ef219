"""What report.html may know."""

from dataclasses import dataclass

from app.web.pages.charts import Axis, DivergingBar, IntervalBar, ScoreScale
from app.web.pages.contexts import CaseHead, Moment, Named, ProgressPart


@dataclass(frozen=True)
class KeyPicture:
    """A strongest cell of an abnormality."""

    path: str
    thumbnail_path: str
    ordinal: int
    probability: str


@dataclass(frozen=True)
class AbnormalityRow:
    """One abnormality of the report; texts are dashes where nothing was read."""

    title: str
    count: int
    total: int
    proportion: str
    interval: str
    threshold: str
    reference: str
    basis: str
    bar: IntervalBar
    strongest: tuple[KeyPicture, ...]


@dataclass(frozen=True)
class CorrectionRow:
    """How one abnormality's proportion was corrected; texts are ready to show."""

    title: str
    seen: str
    finds: str
    false_calls: str
    corrected: str
    interval: str
    reference: str
    is_zeroed: bool
    basis: str


@dataclass(frozen=True)
class Verdict:
    """What the report recommends; `kind` chooses the mark beside the words."""

    kind: str
    mark: str
    wording: str
    explanation: str


@dataclass(frozen=True)
class Addend:
    """One line of the sum of log-odds; `kind` is ``baseline``, ``part`` or ``total``."""

    kind: str
    name: str
    text: str
    bar: DivergingBar


@dataclass(frozen=True)
class ScorePart:
    """The score with all that adds up to it."""

    value: str
    interval: str
    cut_off: str
    cut_off_log_odds: str
    cell_count: int
    scale: ScoreScale
    addends: tuple[Addend, ...]


@dataclass(frozen=True)
class ReportPage:
    """report.html.

    Parameters
    ----------
    basis_notice
        That the weights were not fitted on patients; None where they were.
    corrections
        One for each abnormality where the score is computed on corrected proportions, else none.
    """

    head: CaseHead
    created_at: Moment
    progress: ProgressPart
    pmn_count: int
    verdict: Verdict
    basis_notice: str | None
    reference_title: str
    warnings: tuple[str, ...]
    score: ScorePart | None
    axis: Axis
    rows: tuple[AbnormalityRow, ...]
    corrections: tuple[CorrectionRow, ...]
    exclusions: tuple[Named, ...]
    bundle_title: str
    bundle_digest: str
    bundle_network: str
    training_data: tuple[str, ...]
    rule_name: str
    cohort: str
    json_path: str
    pdf_path: str
