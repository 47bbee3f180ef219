"""A patient's cases over time, each by the report of it that holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from app.domain.errors import Damaged
from app.domain.history import CasePoint, case_point
from app.domain.report import Report
from app.ports import Transaction
from app.services.reviewing import Reader
from app.services.signing import current_report


def patient_points(
    transaction: Transaction,
    reader: Reader,
    report: Report,
    now: datetime,
    *,
    signed_only: bool = False,
) -> Sequence[CasePoint]:
    """The points of a report and of the patient's other cases, as the viewer may see them.

    A signed case enters as it was signed. Left out are cases that are not wholly read, whose
    proportions are those of a part, and those whose signed record is damaged: their own page
    says so.

    Parameters
    ----------
    signed_only
        Whether other cases that nobody has signed, or that an amendment has opened, are left out.
    """
    others = [
        each
        for each in _others(transaction, reader, now)
        if each.version is not None or not signed_only
    ]
    return [*map(case_point, others), *([case_point(report)] if report.complete else [])]


def _others(transaction: Transaction, reader: Reader, now: datetime) -> Iterator[Report]:
    for case in transaction.cases.of_patient(reader.case.patient.id):
        if case.id == reader.case.id or not reader.user.sees(case.site_id):
            continue
        try:
            report, _ = current_report(transaction, replace(reader, case=case), now)
        except Damaged:
            continue
        if report.complete and report.pmn_count:
            yield report
