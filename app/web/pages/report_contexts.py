"""What report.html may know."""

from dataclasses import dataclass

from app.web.pages.charts import Axis, DivergingBar, IntervalBar, ScoreScale
from app.web.pages.contexts import CaseHead, Moment, Named, ProgressPart
from app.web.pages.outlook_contexts import OutlookPart, ReferencePart, TrendPart
from app.web.pages.signing_contexts import (
    AmendmentPart,
    EditorPart,
    InterpretationPart,
    SignaturePart,
    StatusPart,
)


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
    """How one abnormality's proportion was corrected; texts are ready to show.

    Parameters
    ----------
    seen, reviewed
        Proportion among the PMN that only the classifier has read, and among those that a reader
        has looked at.
    corrected
        What enters the score, of both.
    """

    title: str
    seen: str
    finds: str
    false_calls: str
    reviewed: str
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
    """The score with all that adds up to it; `limits` says what its interval does not hold."""

    value: str
    interval: str
    cut_off: str
    cut_off_log_odds: str
    limits: str
    scale: ScoreScale
    addends: tuple[Addend, ...]


@dataclass(frozen=True)
class ComparisonRow:
    """One number as reviewed and as the classifier alone would have it.

    Parameters
    ----------
    reviewed_interval, classifier_interval
        Empty where the number has none.
    """

    title: str
    reviewed: str
    reviewed_interval: str
    classifier: str
    classifier_interval: str
    is_changed: bool


@dataclass(frozen=True)
class ReviewPart:
    """What readers looked at and changed; without rows nobody has looked.

    Parameters
    ----------
    readers
        Each with the number of cells that they decided on.
    agreement
        Of two readers, one kappa for each question; empty without a second reading.
    """

    sentence: str
    readers: tuple[Named, ...]
    comparisons: tuple[ComparisonRow, ...]
    agreement: tuple[Named, ...]


@dataclass(frozen=True)
class ReportPage:
    """report.html.

    Parameters
    ----------
    seen_note
        Whose calls the proportions are; None where nothing needs to be said.
    is_partly_reviewed
        Whether readers have looked at some of the counted PMN, and not at others.
    correction_note
        Which PMN the correction holds for; None where the score is not corrected.
    sign_path, amend_path, reclassify_path
        None where that is not to be done now.
    basis_notice
        That the weights were not fitted on patients; None where they were.
    corrections
        One for each abnormality where the score is computed on corrected proportions, else none.
    """

    head: CaseHead
    status: StatusPart
    signature: SignaturePart | None
    amendment: AmendmentPart | None
    interpretation: InterpretationPart | None
    editor: EditorPart | None
    review: ReviewPart
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
    seen_note: str | None
    corrections: tuple[CorrectionRow, ...]
    is_partly_reviewed: bool
    correction_note: str | None
    reference: ReferencePart | None
    trend: TrendPart | None
    outlook: OutlookPart | None
    exclusions: tuple[Named, ...]
    bundle_title: str
    bundle_digest: str
    bundle_network: str
    training_data: tuple[str, ...]
    rule_name: str
    cohort: str
    json_path: str
    pdf_path: str
    findings_path: str
    versions_path: str | None
    sign_path: str | None
    amend_path: str | None
    reclassify_path: str | None = None
