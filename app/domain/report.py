"""The report: one value, which HTML and JSON (and later PDF, FHIR and HL7) only render."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.case import Case, Progress
from app.domain.classifier_error import ClassifierError
from app.domain.finding import Exclusion, ReadCell, Tally
from app.domain.outlook import Outlook, outlook_of
from app.domain.proportion import Proportion
from app.domain.screening import (
    Recommendation,
    ScreeningRule,
    ScreeningScore,
    recommend,
    screen,
)

RESEARCH_USE_NOTICE = (
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
    """

    value: float
    low: float
    high: float
    error: ClassifierError


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
    outlook: Outlook | None = None

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
        abnormalities=tuple(_line(label, tally, bundle, rule) for label in Abnormality),
        exclusions=_exclusions(tally, bundle),
        score=score,
        recommendation=recommend(score) if progress.done else None,
        warnings=tuple(_warnings(tally, rule, progress)),
        outlook=outlook_of(score, tally, rule) if score else None,
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
        corrected=_corrected(label, tally.proportion(label), rule),
        threshold=bundle.thresholds[label],
        basis=bundle.label_basis[label],
        strongest=tuple(showing[:STRONGEST_CELLS]),
    )


def _corrected(
    label: Abnormality, proportion: Proportion, rule: ScreeningRule
) -> CorrectedProportion | None:
    ends = (proportion.value, proportion.low, proportion.high)
    if rule.correction is None or any(end is None for end in ends):
        return None
    error = rule.correction[label]
    value, low, high = (error.corrected(end) for end in ends if end is not None)
    return CorrectedProportion(value, low, high, error)


def _exclusions(tally: Tally, bundle: BundleManifest) -> tuple[ExclusionLine, ...]:
    """One line for each reason that the bundle can give: a 0 must mean that it was looked for."""
    given = [
        reason
        for reason in Exclusion
        if reason is not Exclusion.UNFAMILIAR or bundle.novelty_threshold is not None
    ]
    return tuple(ExclusionLine(reason, tally.excluded.get(reason, 0)) for reason in given)


def _probability_of(label: Abnormality) -> Callable[[ReadCell], float]:
    return lambda cell: cell.findings.probabilities[label] if cell.findings else 0.0


def _warnings(tally: Tally, rule: ScreeningRule, progress: Progress) -> list[str]:
    warnings = []
    if not progress.done:
        warnings.append(
            f"Classification is under way: {progress.pending_count} of {progress.cell_count} "
            "cells are not read yet. These numbers will change, and there is no score yet."
        )
    elif tally.pmn_count < rule.minimum_cells:
        warnings.append(
            f"{tally.pmn_count} PMN were counted; the score needs at least {rule.minimum_cells}. "
            "Add cells of the same smear."
        )
    elif tally.pmn_count < rule.advised_cells:
        warnings.append(
            f"Fewer than {rule.advised_cells} PMN were counted: the intervals are wide. "
            "Add cells of the same smear if there are any."
        )
    if progress.failed_count:
        cells = "1 cell" if progress.failed_count == 1 else f"{progress.failed_count} cells"
        warnings.append(
            f"{cells} could not be classified; the counts and the score leave them out. "
            "Each cell's page says why."
        )
    warnings += _unfamiliar(tally)
    if notice := rule.basis.notice:
        warnings.append(notice)
    return warnings


def _unfamiliar(tally: Tally) -> list[str]:
    """Warn of a smear that the classifier was not trained for."""
    count = tally.excluded.get(Exclusion.UNFAMILIAR, 0)
    # What is no PMN to the classifier may be any number of lymphocytes: it says nothing of stain.
    taken = count + tally.pmn_count
    if taken < LEAST_CELLS_WARNED or count <= UNFAMILIAR_SHARE_WARNED * taken:
        return []
    return [
        f"{count} of {taken} cells that were taken for PMN ({count / taken:.0%}) are unlike the "
        "neutrophils that the classifier has learnt, and are not counted: perhaps another stain, "
        "another microscope, or pictures of something else. Look at them before relying on the "
        "rest."
    ]
