"""A patient's cases one after another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.proportion import Proportion
from app.domain.report import Report
from app.domain.screening import Recommendation, ScreeningScore


@dataclass(frozen=True)
class CasePoint:
    """What one case adds to the trend of its patient.

    Parameters
    ----------
    at
        When the case was opened, with its time zone.
    proportions
        Of the counted PMN, for each abnormality, as the case's report gives them.
    score, recommendation
        None where the report has none.
    is_signed
        Whether it is from a signed version; else it may change yet.
    bundle_digest, bundle_title
        The bundle that the case was read with. Proportions and scores of two bundles come from
        two classifiers or two rules: a change from one to the other need not be the patient's.
    """

    case_id: UUID
    accession_number: str
    at: datetime
    pmn_count: int
    proportions: Mapping[Abnormality, Proportion]
    score: ScreeningScore | None
    recommendation: Recommendation | None
    bundle_digest: str
    bundle_title: str
    is_signed: bool


def case_point(report: Report) -> CasePoint:
    """Take from a report what the trend needs."""
    return CasePoint(
        case_id=report.case.id,
        accession_number=report.case.accession_number,
        at=report.case.created_at,
        pmn_count=report.pmn_count,
        proportions={line.label: line.proportion for line in report.abnormalities},
        score=report.score,
        recommendation=report.recommendation,
        bundle_digest=report.bundle.digest,
        bundle_title=report.bundle.title,
        is_signed=report.version is not None,
    )
