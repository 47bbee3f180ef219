"""The report as JSON: the same `Report` value that the page shows."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.report import (
    RESEARCH_USE_NOTICE,
    AbnormalityLine,
    CorrectedProportion,
    Report,
)
from app.domain.screening import Basis, Recommendation, ScreeningScore
from app.web.api.review_schema import (
    InterpretationRead,
    OutlookRead,
    ReviewRead,
    SignatureRead,
)
from app.web.api.schemas import BundleRead, CaseRead, Probability


class CorrectedRead(BaseModel):
    """A proportion corrected for the classifier's error: it enters the score."""

    proportion: Probability = Field(description="By Rogan and Gladen, held within 0 and 1.")
    interval_low: Probability = Field(description="The Wilson interval's lower end, corrected.")
    interval_high: Probability = Field(description="The Wilson interval's upper end, corrected.")
    sensitivity: Probability = Field(description="Share of abnormal cells that are called.")
    specificity: Probability = Field(description="Share of other cells that are not called.")
    basis: str = Field(description="On which cells both were measured.")
    cell_count: int = Field(
        description="Counted PMN that only the classifier has read: the correction holds for "
        "them. Those that a reader has looked at enter as the reader says."
    )

    @classmethod
    def of(cls, corrected: CorrectedProportion) -> Self:
        """From the domain."""
        return cls(
            proportion=corrected.value,
            interval_low=corrected.low,
            interval_high=corrected.high,
            sensitivity=corrected.error.sensitivity,
            specificity=corrected.error.specificity,
            basis=corrected.error.basis,
            cell_count=corrected.cell_count,
        )


class AbnormalityRead(BaseModel):
    """One abnormality among the counted PMN."""

    label: Abnormality = Field(description="The abnormality.")
    count: int = Field(description="Counted PMN that show it.")
    total: int = Field(description="Counted PMN: the denominator.")
    proportion: Probability | None = Field(description="count / total; null where total is 0.")
    interval_low: Probability | None = Field(description="Wilson 95 % interval, lower end.")
    interval_high: Probability | None = Field(description="Wilson 95 % interval, upper end.")
    corrected: CorrectedRead | None = Field(
        description="What enters the score; null where the rule does not correct."
    )
    threshold: Probability = Field(description="Probability from which a cell is called.")
    learnt_from: str = Field(description="What images the classifier learnt the label from.")
    strongest_cells: list[UUID] = Field(description="Called cells, highest probability first.")

    @classmethod
    def of(cls, line: AbnormalityLine) -> Self:
        """From the domain."""
        share = line.proportion
        return cls(
            label=line.label,
            count=share.count,
            total=share.total,
            proportion=share.value,
            interval_low=share.low,
            interval_high=share.high,
            corrected=CorrectedRead.of(line.corrected) if line.corrected else None,
            threshold=line.threshold,
            learnt_from=line.basis,
            strongest_cells=[read.cell.id for read in line.strongest],
        )


class ExclusionRead(BaseModel):
    """Cells that were left out."""

    reason: Exclusion = Field(description="Why they are not counted.")
    count: int = Field(description="How many cells.")


class ContributionRead(BaseModel):
    """What one abnormality adds to the score."""

    label: Abnormality = Field(description="The abnormality.")
    log_odds: float = Field(description="Against the controls' mean proportion.")


class ScoreRead(BaseModel):
    """The screening score. It ranks cases; it is not a probability of VEXAS."""

    value: Probability = Field(description="The score, 0-1.")
    interval_low: Probability = Field(description="95 % bootstrap over the cells, lower end.")
    interval_high: Probability = Field(description="95 % bootstrap over the cells, upper end.")
    cut_off: Probability = Field(description="Score from which UBA1 testing is recommended.")
    baseline_log_odds: float = Field(
        description="At the controls' means; with the contributions, the log-odds of `value`."
    )
    contributions: list[ContributionRead] = Field(description="One for each abnormality.")

    @classmethod
    def of(cls, score: ScreeningScore) -> Self:
        """From the domain."""
        return cls(
            value=score.value,
            interval_low=score.interval_low,
            interval_high=score.interval_high,
            cut_off=score.cut_off,
            baseline_log_odds=score.baseline_log_odds,
            contributions=[ContributionRead(**vars(item)) for item in score.contributions],
        )


class RuleRead(BaseModel):
    """The rule behind the score."""

    name: str = Field(description="Name of the rule.")
    basis: Basis = Field(description="On whom it was fitted.")
    minimum_cells: int = Field(description="PMN below which there is no score.")
    cohort: str = Field(description="The cohort in words.")
    corrected: bool = Field(
        description="Whether the score is computed on proportions corrected for the "
        "classifier's error."
    )


class ReportRead(BaseModel):
    """What was read on one case with one bundle."""

    # Plain text: the schema cannot show a sentence that remembers its parts.
    notice: str = Field(str(RESEARCH_USE_NOTICE), description="Show it with every figure.")
    case: CaseRead = Field(description="The case.")
    created_at: datetime = Field(description="When the report was compiled, UTC.")
    complete: bool = Field(description="False while cells wait: the numbers will change.")
    pmn_count: int = Field(description="Counted PMN: the denominator of every proportion.")
    abnormalities: list[AbnormalityRead] = Field(description="One for each abnormality.")
    exclusions: list[ExclusionRead] = Field(description="Cells left out, one for each reason.")
    score: ScoreRead | None = Field(description="Null while cells wait, and with too few PMN.")
    recommendation: str | None = Field(
        description="In words; null while cells wait: a part of a case gets no advice."
    )
    recommendation_code: Recommendation | None = Field(
        description="The recommendation as a stable code."
    )
    warnings: list[str] = Field(description="Sentences that belong beside the numbers.")
    outlook: OutlookRead | None = Field(
        description="What would change the recommendation; null where there is no score."
    )
    review: ReviewRead | None = Field(
        description="What readers changed, beside the classifier's own numbers."
    )
    interpretation: InterpretationRead | None = Field(
        description="What a haematologist wrote; null where nobody has."
    )
    version: int | None = Field(description="Number of a signed version; null for a draft.")
    signature: SignatureRead | None = Field(description="Who signed it; null for a draft.")
    bundle: BundleRead = Field(description="The classifier behind the numbers.")
    rule: RuleRead = Field(description="The rule behind the score.")

    @classmethod
    def of(cls, report: Report) -> Self:
        """From the domain."""
        outcome = report.recommendation
        return cls(
            case=CaseRead.of(report.case, report.progress),
            created_at=report.created_at,
            complete=report.complete,
            pmn_count=report.pmn_count,
            abnormalities=[AbnormalityRead.of(line) for line in report.abnormalities],
            exclusions=[ExclusionRead(**vars(line)) for line in report.exclusions],
            score=ScoreRead.of(report.score) if report.score else None,
            recommendation=outcome.wording if outcome else None,
            recommendation_code=outcome,
            warnings=list(report.warnings),
            outlook=OutlookRead.of(report.outlook) if report.outlook else None,
            review=ReviewRead.of(report.review, report.reviewed_pmn_count)
            if report.review
            else None,
            interpretation=InterpretationRead.of(report.interpretation)
            if report.interpretation
            else None,
            version=report.version,
            signature=SignatureRead.of(report.signature) if report.signature else None,
            bundle=BundleRead.of(report.bundle),
            rule=RuleRead(
                name=report.rule.name,
                basis=report.rule.basis,
                minimum_cells=report.rule.minimum_cells,
                cohort=report.rule.cohort_description,
                corrected=report.rule.correction is not None,
            ),
        )
