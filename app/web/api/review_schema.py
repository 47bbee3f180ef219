"""What readers decided and signed, as JSON."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.agreement import Kappa
from app.domain.outlook import Outlook
from app.domain.proportion import Proportion
from app.domain.report import Interpretation, ReviewSummary
from app.domain.screening import Recommendation
from app.domain.signing import Amendment, Meaning, Signature, SignedVersion
from app.web.api.schemas import Probability


class ProportionRead(BaseModel):
    """A count out of a number."""

    count: int = Field(description="PMN that show the abnormality.")
    total: int = Field(description="PMN that are counted.")
    proportion: Probability | None = Field(description="count / total; null where total is 0.")
    interval_low: Probability | None = Field(description="Wilson 95 % interval, lower end.")
    interval_high: Probability | None = Field(description="Wilson 95 % interval, upper end.")

    @classmethod
    def of(cls, share: Proportion) -> Self:
        """From the domain."""
        return cls(
            count=share.count,
            total=share.total,
            proportion=share.value,
            interval_low=share.low,
            interval_high=share.high,
        )


class KappaRead(BaseModel):
    """Cohen's kappa of two readers on yes or no."""

    both: int = Field(description="Cells on which both said yes.")
    first_only: int = Field(description="Cells on which only the first reader said yes.")
    second_only: int = Field(description="Cells on which only the second reader said yes.")
    neither: int = Field(description="Cells on which both said no.")
    kappa: float | None = Field(
        description="Agreement beyond chance, at most 1; null where both gave one answer to all."
    )
    interval_low: float | None = Field(description="95 % interval, lower end.")
    interval_high: float | None = Field(description="95 % interval, upper end.")

    @classmethod
    def of(cls, kappa: Kappa) -> Self:
        """From the domain."""
        low, high = kappa.interval or (None, None)
        return cls(**vars(kappa), kappa=kappa.value, interval_low=low, interval_high=high)


class ReaderCountRead(BaseModel):
    """A reader, and how many cells were decided by that reader."""

    name: str = Field(description="The reader's printed name.")
    cell_count: int = Field(description="Cells.")


class ReviewRead(BaseModel):
    """What readers changed, and what the classifier alone would have said."""

    readers: list[ReaderCountRead] = Field(description="Who decided on cells, by name.")
    reviewed_count: int = Field(description="Cells that a reader has looked at.")
    changed_count: int = Field(
        description="Of these, cells that are held for something else than by the classifier."
    )
    unreviewed_count: int = Field(
        description="Cells that a reader must look at before signing, and that nobody has."
    )
    reviewed_pmn_count: int = Field(description="Counted PMN that a reader has looked at.")
    classifier_pmn_count: int = Field(description="PMN that the classifier alone would count.")
    classifier_proportions: dict[Abnormality, ProportionRead] = Field(
        description="The same proportions from the classifier's findings alone."
    )
    classifier_score: Probability | None = Field(description="The score from them.")
    classifier_recommendation_code: Recommendation | None = Field(
        description="The recommendation from them, as a stable code."
    )
    agreement_counted: KappaRead | None = Field(
        description="Of two readers on whether a cell is counted; null unless both are done."
    )
    agreement: dict[Abnormality, KappaRead] | None = Field(
        description="Of two readers on each abnormality; null unless both are done."
    )

    @classmethod
    def of(cls, review: ReviewSummary, reviewed_pmn_count: int) -> Self:
        """From the domain."""
        score, agreement = review.classifier_score, review.agreement
        return cls(
            readers=[ReaderCountRead(**vars(item)) for item in review.readers],
            reviewed_count=review.reviewed_count,
            changed_count=review.changed_count,
            unreviewed_count=review.unreviewed_count,
            reviewed_pmn_count=reviewed_pmn_count,
            classifier_pmn_count=review.classifier_pmn_count,
            classifier_proportions={
                label: ProportionRead.of(share)
                for label, share in review.classifier_proportions.items()
            },
            classifier_score=score.value if score else None,
            classifier_recommendation_code=review.classifier_recommendation,
            agreement_counted=KappaRead.of(agreement.counted) if agreement else None,
            agreement={label: KappaRead.of(kappa) for label, kappa in agreement.labels.items()}
            if agreement
            else None,
        )


class InterpretationRead(BaseModel):
    """What a haematologist wrote under the numbers."""

    text: str = Field(description="As it was written.")
    author: str = Field(description="Printed name.")
    at: datetime = Field(description="When, UTC.")

    @classmethod
    def of(cls, interpretation: Interpretation) -> Self:
        """From the domain."""
        return cls(
            text=interpretation.text, author=interpretation.author_name, at=interpretation.at
        )


class SignatureRead(BaseModel):
    """Who vouches for a version."""

    printed_name: str = Field(description="The signer's printed name.")
    account_name: str = Field(
        description="The account that signed; empty where it was not kept yet."
    )
    at: datetime = Field(description="When it was signed, UTC.")
    meaning: str = Field(description="What the signer vouches for, in words.")
    meaning_code: Meaning = Field(description="The meaning as a stable code.")
    reason: str | None = Field(description="Why a signed report was amended; null for the first.")

    @classmethod
    def of(cls, signature: Signature) -> Self:
        """From the domain."""
        return cls(
            printed_name=signature.printed_name,
            account_name=signature.account_name,
            at=signature.at,
            meaning=signature.meaning.wording,
            meaning_code=signature.meaning,
            reason=signature.reason,
        )


class TurnRead(BaseModel):
    """The least change of one abnormality's count that turns the recommendation."""

    label: Abnormality = Field(description="The abnormality.")
    change: int | None = Field(
        description="Cells that would have to be called otherwise, the others unchanged: more "
        "where positive, fewer where negative; null where no number turns it."
    )


class OutlookRead(BaseModel):
    """How firmly a score lies on its side of the cut-off."""

    distance: float = Field(description="Score less cut-off.")
    is_settled: bool = Field(description="Whether the 95 % interval lies on the score's side.")
    more_cells: int | None = Field(
        description="About how many more PMN would settle it, the proportions unchanged; null "
        "where it is settled, and where it lies too near the cut-off."
    )
    turns: list[TurnRead] = Field(description="One for each abnormality.")

    @classmethod
    def of(cls, outlook: Outlook) -> Self:
        """From the domain."""
        return cls(
            distance=outlook.distance,
            is_settled=outlook.is_settled,
            more_cells=outlook.more_cells,
            turns=[TurnRead(**vars(item)) for item in outlook.turns],
        )


class VersionRead(BaseModel):
    """A signed version of a report; it never changes."""

    number: int = Field(description="1, 2, ... within the case.")
    signature: SignatureRead = Field(description="Who signed it.")
    sha256: str = Field(description="Of the stored text, as it was when it was signed.")

    @classmethod
    def of(cls, version: SignedVersion) -> Self:
        """From the domain."""
        return cls(
            number=version.number,
            signature=SignatureRead.of(version.signature),
            sha256=version.sha256,
        )


class AmendmentRead(BaseModel):
    """An amendment that is open."""

    opened_by: str = Field(description="Printed name.")
    opened_at: datetime = Field(description="When, UTC.")
    reason: str = Field(description="Why the signed case was opened again.")

    @classmethod
    def of(cls, amendment: Amendment) -> Self:
        """From the domain."""
        return cls(
            opened_by=amendment.opened_by_name,
            opened_at=amendment.opened_at,
            reason=amendment.reason,
        )


class VersionList(BaseModel):
    """The signed versions of a case, oldest first."""

    items: list[VersionRead] = Field(description="By number.")
    amendment: AmendmentRead | None = Field(description="The one that is open; null without.")
