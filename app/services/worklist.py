"""The worklist: each case's line is kept true here, and a page of lines is put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.case import Progress
from app.domain.case_state import CaseState, case_state
from app.domain.finding import Tally, tally
from app.domain.review import Reading, ReviewRule
from app.domain.screening import ScreeningRule, advise, score_value
from app.domain.worklist import (
    SortValue,
    WorklistEntry,
    WorklistFilter,
    WorklistOrder,
    WorklistPosition,
    WorklistSort,
    folded,
    opened,
)
from app.ports import Bundle, Transaction
from app.services.cancelling import is_cancelled
from app.services.readiness import is_finished, wants_second
from app.services.reading import CaseAsRead, bundle_of, read_case


@dataclass(frozen=True)
class WorklistPage:
    """Some lines, and the places where the pages before and after it end and begin.

    Parameters
    ----------
    patient_names
        By case, where a name is stored.
    counts
        Cases in each state that the rest of the filter leaves in.
    """

    entries: Sequence[WorklistEntry]
    previous: WorklistPosition | None
    next: WorklistPosition | None
    patient_names: Mapping[UUID, str]
    counts: Mapping[CaseState, int]


def refresh(
    transaction: Transaction, case_id: UUID, active: Bundle, rule: ReviewRule
) -> WorklistEntry:
    """Write a case's line anew; to be called in the transaction of whatever changes the case."""
    # Two changes at once must not each write what they see without the other's.
    transaction.cases.lock(case_id)
    case = transaction.cases.get(case_id)
    bundle = bundle_of(transaction, case_id, active)
    progress = transaction.cells.progress(case_id, bundle.manifest.digest)
    if progress.done:
        return write_line(transaction, read_case(transaction, case, active, rule))
    # While cells wait there is nothing to count, and reading all of them for each batch of a
    # large case would take longer than classifying it.
    return _put(transaction, _with_readings(transaction, opened(case)), progress)


def note_upload(transaction: Transaction, case_id: UUID) -> None:
    """Note that a file of the case is on its way; what is known of its cells stays."""
    transaction.cases.lock(case_id)
    entry = transaction.worklist.get(case_id)
    if entry.state not in {CaseState.SIGNED, CaseState.AMENDED}:
        transaction.worklist.put(replace(entry, state=CaseState.UPLOADING))


def note_arrivals(transaction: Transaction, case_id: UUID, digest: str) -> None:
    """Note that cells wait for a bundle; the case must be held by `CaseRepository.lock`."""
    progress = transaction.cells.progress(case_id, digest)
    if not progress.done:
        case = transaction.cases.get(case_id)
        _put(transaction, _with_readings(transaction, opened(case)), progress)


def write_line(transaction: Transaction, as_read: CaseAsRead) -> WorklistEntry:
    """Write the line of a case that is read already, whoever it was read for.

    While a second reader is at work there are no numbers: the list is seen by both readers, and
    would tell the second what the first has found.
    """
    entry = _with_readings(transaction, opened(as_read.case))
    entry = replace(entry, needs_second=wants_second(as_read))
    is_open = Reading.SECOND in as_read.readings and not as_read.both_finished
    if as_read.progress.done and as_read.progress.cell_count and not is_open:
        entry = _with_numbers(entry, tally(as_read.cells), as_read.bundle.rule)
    return _put(transaction, entry, as_read.progress, finished=is_finished(as_read))


def _with_readings(transaction: Transaction, entry: WorklistEntry) -> WorklistEntry:
    """Whose reading it is, and that a second one is under way."""
    readings = transaction.reviews.readings(entry.case_id)
    first, second = readings.get(Reading.FIRST), readings.get(Reading.SECOND)
    return replace(
        entry,
        reader_id=first.reader_id if first else None,
        reader_name=first.reader_name if first else None,
        needs_second=second is not None and second.finished_at is None,
    )


def _with_numbers(entry: WorklistEntry, counted: Tally, rule: ScreeningRule) -> WorklistEntry:
    """What is known once every cell is read."""
    score = score_value(counted, rule)
    return replace(
        entry,
        pmn_count=counted.pmn_count,
        abnormality_counts={label: counted.proportion(label).count for label in Abnormality},
        score=score,
        cut_off=None if score is None else rule.cut_off,
        recommendation=advise(score, rule.cut_off),
    )


def _put(
    transaction: Transaction,
    entry: WorklistEntry,
    progress: Progress,
    *,
    finished: bool = False,
) -> WorklistEntry:
    versions = transaction.versions
    entry = replace(
        entry,
        state=case_state(
            progress,
            is_uploading=bool(transaction.parts.all_of(entry.case_id)),
            reading_finished=finished,
            signed_versions=versions.count(entry.case_id),
            is_reopened=versions.amendment(entry.case_id) is not None,
            is_cancelled=is_cancelled(transaction, entry.case_id),
        ),
        cell_count=progress.cell_count,
        pending_count=progress.pending_count,
        failed_count=progress.failed_count,
    )
    transaction.worklist.put(entry)
    return entry


def page_of_worklist(
    transaction: Transaction,
    chosen: WorklistFilter,
    order: WorklistOrder,
    position: WorklistPosition | None,
    limit: int,
) -> WorklistPage:
    """Up to `limit` lines after (or before) a position, and the counts of every state."""
    found = transaction.worklist.page(chosen, order, position, limit + 1)
    backwards = position is not None and position.backwards
    entries = found[-limit:] if backwards else found[:limit]
    more = len(found) > limit
    before, after = (more, True) if backwards else (position is not None, more)
    return WorklistPage(
        entries=entries,
        previous=_place(entries[0], order.sort, backwards=True) if entries and before else None,
        next=_place(entries[-1], order.sort) if entries and after else None,
        patient_names=transaction.worklist.patient_names([entry.case_id for entry in entries]),
        counts=transaction.worklist.counts(chosen),
    )


def _place(
    entry: WorklistEntry, sort: WorklistSort, *, backwards: bool = False
) -> WorklistPosition:
    return WorklistPosition(_VALUES[sort](entry), entry.case_id, backwards)


_VALUES: Mapping[WorklistSort, Callable[[WorklistEntry], SortValue]] = {
    WorklistSort.OPENED: lambda entry: entry.opened_at,
    WorklistSort.ACCESSION: lambda entry: folded(entry.accession_number),
    WorklistSort.PATIENT: lambda entry: folded(entry.patient_identifier),
    WorklistSort.STATE: lambda entry: entry.state.rank,
    WorklistSort.PMN_COUNT: lambda entry: entry.pmn_count,
    WorklistSort.SCORE: lambda entry: entry.score,
    WorklistSort.READER: lambda entry: entry.reader_name,
}
