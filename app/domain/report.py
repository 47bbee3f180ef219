"""The report: one value, which HTML and JSON (and later PDF, FHIR and HL7) only render."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.agreement import Agreement
from app.domain.bundle import BundleManifest
from app.domain.case import Case, Progress
from app.domain.classifier_error import ClassifierError
from app.domain.finding import Exclusion, ReadCell, Tally
from app.domain.message import message
from app.domain.outlook import Outlook, outlook_of
from app.domain.proportion import Proportion
from app.domain.screening import (
    Recommendation,
    ScreeningRule,
    ScreeningScore,
    entering_score,
    recommend,
    screen,
)
from app.domain.signing import Signature

RESEARCH_USE_NOTICE = message(
    "For research use only. Not a medical device, not for diagnosis. VEXAS syndrome is confirmed "
    "or excluded by UBA1 sequencing; a clean smear never rules it out."
)
STRONGEST_CELLS = 6
# A few such cells are chance; a fifth of them says something of the smear or the pictures.
UNFAMILIAR_SHARE_WARNED = 0.2
LEAST_CELLS_WARNED = 10


@dataclass(frozen=True)
class CorrectedProportion:
    """A proportion corrected for the classifier's error, 0-1.

    `low` and `high` are the corrected ends of the apparent proportion's 95 % interval: they hold
    the chance of which cells were read, not how well the error is known.

    Parameters
    ----------
    seen
        Among the counted PMN that only the classifier has read: the correction holds for them.
    reviewed
        Among those that a reader has looked at: they enter as the reader says.
    """

    value: float
    low: float
    high: float
    error: ClassifierError
    seen: Proportion
    reviewed: Proportion

    @property
    def cell_count(self) -> int:
        """Counted PMN that the correction holds for."""
        return self.seen.total


@dataclass(frozen=True)
class AbnormalityLine:
    """One abnormality of the report.

    Parameters
    ----------
    corrected
        What enters the score instead of the proportion; None where the rule has no correction,
        and where nothing was counted.
    basis
        What the classifier learnt this label from, in the bundle's own words.
    strongest
        Counted PMN that were called, highest probability first.
    """

    label: Abnormality
    proportion: Proportion
    corrected: CorrectedProportion | None
    threshold: float
    basis: str
    strongest: tuple[ReadCell, ...]


@dataclass(frozen=True)
class ExclusionLine:
    """How many cells were left out for one reason."""

    reason: Exclusion
    count: int


@dataclass(frozen=True)
class ReaderCount:
    """A reader, and how many cells were decided by that reader."""

    name: str
    cell_count: int


@dataclass(frozen=True)
class ReviewSummary:
    """What readers changed, and what the classifier alone would have said.

    Parameters
    ----------
    reviewed_count
        Cells that a reader has looked at.
    changed_count
        Of these, cells that the reader holds for something else than the classifier.
    unreviewed_count
        Cells that a reader must look at before signing, and that nobody has.
    classifier_proportions, classifier_score, classifier_recommendation
        From the classifier's findings alone.
    agreement
        Of two readers; None without a second reading, and while it goes on.
    """

    readers: tuple[ReaderCount, ...]
    reviewed_count: int
    changed_count: int
    unreviewed_count: int
    classifier_pmn_count: int
    classifier_proportions: Mapping[Abnormality, Proportion]
    classifier_score: ScreeningScore | None
    classifier_recommendation: Recommendation | None
    agreement: Agreement | None = None


@dataclass(frozen=True)
class CellLine:
    """One cell as the report counts it, and as the classifier alone would.

    Parameters
    ----------
    pmn_probability, probabilities
        The classifier's, 0-1; None and empty where it could not read the cell.
    reader_name
        Who decided; None where nobody has looked.
    """

    cell_id: UUID
    ordinal: int
    file_name: str
    pixel_sha256: str
    exclusion: Exclusion | None
    abnormalities: tuple[Abnormality, ...]
    classifier_exclusion: Exclusion | None
    classifier_abnormalities: tuple[Abnormality, ...]
    pmn_probability: float | None
    probabilities: Mapping[Abnormality, float]
    reader_name: str | None


@dataclass(frozen=True)
class Interpretation:
    """What a haematologist writes under the numbers."""

    text: str
    author_name: str
    at: datetime


@dataclass(frozen=True)
class Report:
    """What was read on one case with one bundle, at one time.

    Parameters
    ----------
    score
        None while cells still wait, and where too few PMN were counted.
    recommendation
        None while cells still wait: a part of a case gets no advice.
    warnings
        Sentences that must stand beside the numbers.
    outlook
        What would change the recommendation; None where there is no score.
    review
        None where nobody asked for it: the numbers are then the classifier's alone.
    reviewed_pmn_count
        Counted PMN that a reader has looked at.
    version, signature
        Of a signed report; None for the report as it stands now.
    cells
        Every cell that was read, by ordinal.
    """

    case: Case
    created_at: datetime
    bundle: BundleManifest
    rule: ScreeningRule
    progress: Progress
    pmn_count: int
    abnormalities: tuple[AbnormalityLine, ...]
    exclusions: tuple[ExclusionLine, ...]
    score: ScreeningScore | None
    recommendation: Recommendation | None
    warnings: tuple[str, ...]
    reviewed_pmn_count: int = 0
    outlook: Outlook | None = None
    review: ReviewSummary | None = None
    interpretation: Interpretation | None = None
    version: int | None = None
    signature: Signature | None = None
    cells: tuple[CellLine, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every accepted cell was read; a partial report must say so."""
        return self.progress.done


def compile_report(
    case: Case,
    tally: Tally,
    bundle: BundleManifest,
    rule: ScreeningRule,
    progress: Progress,
    created_at: datetime,
    review: ReviewSummary | None = None,
    interpretation: Interpretation | None = None,
) -> Report:
    """Bring a case's tally into the form that is shown and sent."""
    score = screen(tally, rule) if progress.done else None
    return Report(
        case=case,
        created_at=created_at,
        bundle=bundle,
        rule=rule,
        progress=progress,
        pmn_count=tally.pmn_count,
        reviewed_pmn_count=tally.reviewed_pmn_count,
        abnormalities=tuple(_line(label, tally, bundle, rule) for label in Abnormality),
        exclusions=_exclusions(tally, bundle, is_reviewed=bool(review and review.reviewed_count)),
        score=score,
        recommendation=recommend(score) if progress.done else None,
        outlook=outlook_of(score, tally, rule) if score else None,
        warnings=tuple(_warnings(tally, rule, progress) + _unreviewed(progress, review)),
        review=review,
        interpretation=interpretation,
    )


def _line(
    label: Abnormality, tally: Tally, bundle: BundleManifest, rule: ScreeningRule
) -> AbnormalityLine:
    showing = [
        cell for cell in tally.cells if cell.exclusion is None and label in cell.abnormalities
    ]
    showing.sort(key=_probability_of(label), reverse=True)
    return AbnormalityLine(
        label=label,
        proportion=tally.proportion(label),
        corrected=_corrected(label, tally, rule),
        threshold=bundle.thresholds[label],
        basis=bundle.label_basis[label],
        strongest=tuple(showing[:STRONGEST_CELLS]),
    )


def _corrected(label: Abnormality, tally: Tally, rule: ScreeningRule) -> CorrectedProportion | None:
    share, reviewed = tally.proportion(label), tally.reviewed_proportion(label)
    if rule.correction is None or share.value is None or share.low is None or share.high is None:
        return None
    return CorrectedProportion(
        value=entering_score(tally, rule, label),
        low=entering_score(tally, rule, label, shift=share.low - share.value),
        high=entering_score(tally, rule, label, shift=share.high - share.value),
        error=rule.correction[label],
        seen=Proportion(share.count - reviewed.count, share.total - reviewed.total),
        reviewed=reviewed,
    )


def _exclusions(
    tally: Tally, bundle: BundleManifest, *, is_reviewed: bool
) -> tuple[ExclusionLine, ...]:
    """One line for each reason that can be given: a 0 must mean that it was looked for."""
    possible = {
        Exclusion.UNFAMILIAR: bundle.novelty_threshold is not None,
        Exclusion.BY_READER: is_reviewed,
    }
    given = [reason for reason in Exclusion if possible.get(reason, True)]
    return tuple(ExclusionLine(reason, tally.excluded.get(reason, 0)) for reason in given)


def _probability_of(label: Abnormality) -> Callable[[ReadCell], float]:
    return lambda cell: cell.findings.probabilities[label] if cell.findings else 0.0


def _warnings(tally: Tally, rule: ScreeningRule, progress: Progress) -> list[str]:
    warnings: list[str] = []
    if not progress.done:
        warnings.append(
            message(
                "Classification is under way: {pending} of {all} cells are not read yet. "
                "These numbers will change, and there is no score yet.",
                pending=progress.pending_count,
                all=progress.cell_count,
            )
        )
    elif tally.pmn_count < rule.minimum_cells:
        warnings.append(
            message(
                "{count} PMN were counted; the score needs at least {least}. "
                "Add cells of the same smear.",
                count=tally.pmn_count,
                least=rule.minimum_cells,
            )
        )
    elif tally.pmn_count < rule.advised_cells:
        warnings.append(
            message(
                "Fewer than {advised} PMN were counted: the intervals are wide. "
                "Add cells of the same smear if there are any.",
                advised=rule.advised_cells,
            )
        )
    # A reader may have looked at a cell that the classifier failed on, and counted it.
    if failed := sum(cell.findings is None and cell.exclusion is not None for cell in tally.cells):
        warnings.append(_failed(failed))
    warnings += _unfamiliar(tally)
    if notice := rule.basis.notice:
        warnings.append(notice)
    return warnings


def _unreviewed(progress: Progress, review: ReviewSummary | None) -> list[str]:
    if review is None or not review.unreviewed_count or not progress.done:
        return []
    if review.unreviewed_count == 1:
        return [
            message(
                "1 cell of low confidence is not reviewed yet. The numbers may change when a "
                "reader has looked at it."
            )
        ]
    return [
        message(
            "{count} cells of low confidence are not reviewed yet. The numbers may change when a "
            "reader has looked at them.",
            count=review.unreviewed_count,
        )
    ]


def _failed(count: int) -> str:
    if count == 1:
        return message(
            "1 cell could not be classified; the counts and the score leave it out. "
            "The cell's page says why."
        )
    return message(
        "{count} cells could not be classified; the counts and the score leave them out. "
        "Each cell's page says why.",
        count=count,
    )


def _unfamiliar(tally: Tally) -> list[str]:
    """Warn of a smear that the classifier was not trained for."""
    count = tally.excluded.get(Exclusion.UNFAMILIAR, 0)
    # What is no PMN to the classifier may be any number of lymphocytes: it says nothing of stain.
    taken = count + tally.pmn_count
    if taken < LEAST_CELLS_WARNED or count <= UNFAMILIAR_SHARE_WARNED * taken:
        return []
    return [
        message(
            "{count} of {taken} cells that were taken for PMN ({share:.0%}) are unlike the "
            "neutrophils that the classifier has learnt, and are not counted: perhaps another "
            "stain, another microscope, or pictures of something else. Look at them before "
            "relying on the rest.",
            count=count,
            taken=taken,
            share=count / taken,
        )
    ]
