"""Reporting: everything that was read of a case, brought into one `Report`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case import Case
from app.domain.finding import ReadCell, tally
from app.domain.report import (
    CellLine,
    Interpretation,
    ReaderCount,
    Report,
    ReviewSummary,
    compile_report,
)
from app.domain.review import ReviewRule
from app.domain.screening import recommend, screen
from app.ports import Bundle, Transaction
from app.services.reading import CaseAsRead, read_case


def report_on(
    transaction: Transaction,
    case: Case,
    active: Bundle,
    rule: ReviewRule,
    now: datetime,
    viewer_id: UUID | None = None,
) -> Report:
    """Compile the report of a case as it stands now, as a viewer may see it."""
    as_read = read_case(transaction, case, active, rule, viewer_id)
    # It tells of the first reading.
    hidden = as_read.is_blinded
    interpretation = None if hidden else transaction.discussion.interpretation(case.id)
    return report_of(as_read, now, interpretation)


def report_of(
    as_read: CaseAsRead, now: datetime, interpretation: Interpretation | None = None
) -> Report:
    """Compile the report of a case that is read already."""
    report = compile_report(
        case=as_read.case,
        tally=tally(as_read.cells),
        bundle=as_read.bundle.manifest,
        rule=as_read.bundle.rule,
        progress=as_read.progress,
        created_at=now,
        review=review_summary(as_read),
        interpretation=interpretation,
    )
    return replace(report, cells=_lines(as_read))


def review_summary(as_read: CaseAsRead) -> ReviewSummary:
    """What readers changed, beside what the classifier alone says."""
    alone = tally(as_read.read)
    score = screen(alone, as_read.bundle.rule) if as_read.progress.done else None
    decided = [event for event in as_read.events.values() if event.decision is not None]
    by_reader = Counter(event.reader_name for event in decided)
    return ReviewSummary(
        readers=tuple(ReaderCount(name, count) for name, count in sorted(by_reader.items())),
        reviewed_count=sum(item.is_reviewed for item in as_read.cells),
        changed_count=changed_count(as_read.read, as_read.cells),
        unreviewed_count=len(as_read.unreviewed),
        classifier_pmn_count=alone.pmn_count,
        classifier_proportions={label: alone.proportion(label) for label in Abnormality},
        classifier_score=score,
        classifier_recommendation=recommend(score) if as_read.progress.done else None,
        agreement=as_read.agreement,
    )


def changed_count(read: Sequence[ReadCell], cells: Sequence[ReadCell]) -> int:
    """Cells that readers hold for something else than the classifier."""
    return sum(
        before.exclusion != after.exclusion or before.abnormalities != after.abnormalities
        for before, after in zip(read, cells, strict=True)
    )


def _lines(as_read: CaseAsRead) -> tuple[CellLine, ...]:
    return tuple(
        CellLine(
            cell_id=after.cell.id,
            ordinal=after.cell.ordinal,
            file_name=after.cell.file_name,
            pixel_sha256=after.cell.pixel_sha256,
            exclusion=after.exclusion,
            abnormalities=_ordered(after),
            classifier_exclusion=before.exclusion,
            classifier_abnormalities=_ordered(before),
            pmn_probability=before.findings.pmn_probability if before.findings else None,
            probabilities=dict(before.findings.probabilities) if before.findings else {},
            reader_name=as_read.events[after.cell.id].reader_name if after.is_reviewed else None,
        )
        for before, after in zip(as_read.read, as_read.cells, strict=True)
    )


def _ordered(read: ReadCell) -> tuple[Abnormality, ...]:
    return tuple(label for label in Abnormality if label in read.abnormalities)
