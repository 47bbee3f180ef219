"""The timeline of a case, put together from its records and from the audit.

What was done stands in the records, which know it for cases of any age; who looked at it, took it
out or was refused stands in the audit alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from app.domain.acts import in_words
from app.domain.audit import AuditEntry, Outcome
from app.domain.message import Message, message
from app.domain.review import Act, CellReview, Reading
from app.domain.signing import Meaning
from app.domain.timeline import EventKind, TimelineEvent
from app.ports import AuditFilter, Transaction

# Acts that the records tell of by themselves, with more detail.
RECORDED = {
    "case.open",
    "upload.take",
    "upload.send",
    "upload.begin",
    "review.change",
    "review.undo",
    "review.settle",
    "comment.write",
    "interpretation.write",
    "report.sign",
    "report.amend",
}
TOGETHER = timedelta(minutes=30)
"""Views of one person that follow each other are one line, for so long."""


def timeline(transaction: Transaction, case_id: UUID) -> Sequence[TimelineEvent]:
    """Everything, oldest first; of an erased case what is left."""
    entries = list(transaction.audit.all(AuditFilter(case_id=case_id)))
    events = [
        *_access(entries),
        *_data(transaction, case_id, entries),
        *_reading(transaction, case_id, entries),
        *_report(transaction, case_id),
    ]
    return sorted(events, key=lambda event: event.at)


def _data(
    transaction: Transaction, case_id: UUID, entries: Sequence[AuditEntry]
) -> Iterator[TimelineEvent]:
    """Who opened and who sent is known since there is an audit."""
    line = transaction.history.line(case_id)
    who = {_deed(entry): entry.event.actor.name for entry in reversed(entries)}
    opener = who.get("case.open", "")
    yield TimelineEvent(line.opened_at, EventKind.DATA, opener, message("the case was opened"))
    for upload in transaction.cases.uploads_of(case_id):
        what = message(
            "images accepted: {accepted}, known already: {duplicates}, refused: {refused}",
            accepted=upload.accepted_count,
            duplicates=len(upload.duplicates),
            refused=len(upload.refused),
        )
        sender = who.get(f"upload:{upload.id}", "")
        yield TimelineEvent(upload.created_at, EventKind.DATA, sender, what)
    for read in transaction.history.bundles_of(case_id):
        what = message(
            "bundle {digest} had read {cells}",
            digest=read.bundle_digest[:12],
            cells=_cells(read.cell_count),
        )
        yield TimelineEvent(read.last_at, EventKind.DATA, "", what)


def _deed(entry: AuditEntry) -> str | None:
    """What an entry tells the maker of: the case, or a delivery."""
    action = entry.event.action
    return entry.event.subject if action == "upload.take" else action


def _reading(
    transaction: Transaction, case_id: UUID, entries: Sequence[AuditEntry]
) -> Iterator[TimelineEvent]:
    reviews = sorted(transaction.reviews.of_case(case_id), key=lambda event: event.sequence)
    for _, group in groupby(reviews, key=lambda event: event.action_id):
        yield _action(list(group))
    for comment in transaction.discussion.comments(case_id):
        yield TimelineEvent(
            comment.at, EventKind.READING, comment.author_name, message("wrote a comment")
        )
    for deed in transaction.history.interpretations(case_id):
        what = message("wrote the interpretation")
        yield TimelineEvent(deed.at, EventKind.READING, deed.who, what)
    # The record knows the last time alone, the audit every one; but of what was imported none.
    noted = [entry.event.after for entry in entries if entry.event.action == "reading.finish"]
    for reading, state in transaction.reviews.readings(case_id).items():
        if state.finished_at is not None and {"reading": reading.value} not in noted:
            what = _finished(reading)
            yield TimelineEvent(state.finished_at, EventKind.READING, state.reader_name, what)


def _finished(reading: Reading) -> Message:
    if reading is Reading.FIRST:
        return message("finished the first reading")
    return message("finished the second reading")


def _action(events: list[CellReview]) -> TimelineEvent:
    first = events[0]
    what = _ACTS[first.act](_cells(len(events)), first.label.wording if first.label else "")
    return TimelineEvent(first.at, EventKind.READING, first.reader_name, what)


def _cells(count: int) -> Message:
    return message("1 cell") if count == 1 else message("{count} cells", count=count)


_ACTS: Mapping[Act, Callable[[Message, str], Message]] = {
    Act.CALL: lambda cells, label: message("called {label} on {cells}", label=label, cells=cells),
    Act.UNCALL: lambda cells, label: message("took {label} off {cells}", label=label, cells=cells),
    Act.NORMAL: lambda cells, _: message("called {cells} normal", cells=cells),
    Act.EXCLUDE: lambda cells, _: message("excluded {cells}", cells=cells),
    Act.INCLUDE: lambda cells, _: message("put {cells} back", cells=cells),
    Act.CONFIRM: lambda cells, _: message("confirmed {cells}", cells=cells),
    Act.UNDO: lambda cells, _: message("took an action on {cells} back", cells=cells),
}


def _report(transaction: Transaction, case_id: UUID) -> Iterator[TimelineEvent]:
    for version in transaction.versions.of_case(case_id):
        signature = version.signature
        amended = signature.meaning is Meaning.AMENDED
        what = (
            message("signed version {number}, an amendment", number=version.number)
            if amended
            else message("signed version {number}", number=version.number)
        )
        yield TimelineEvent(signature.at, EventKind.REPORT, signature.printed_name, what)
    for deed in transaction.history.amendments(case_id):
        what = message("opened an amendment")
        yield TimelineEvent(deed.at, EventKind.REPORT, deed.who, what)


def _access(entries: Iterable[AuditEntry]) -> Iterator[TimelineEvent]:
    """What only the audit knows; views in a row by one person are told once."""
    for group in _runs(entry for entry in entries if _is_told(entry)):
        first = group[0].event
        what = _sentence(first.action, first.outcome, len(group))
        yield TimelineEvent(first.at, EventKind.ACCESS, first.actor.name, what)


def _is_told(entry: AuditEntry) -> bool:
    event = entry.event
    return event.outcome is not Outcome.DONE or event.action not in RECORDED


def _runs(entries: Iterable[AuditEntry]) -> Iterator[list[AuditEntry]]:
    run: list[AuditEntry] = []
    for entry in entries:
        if run and not _follows(run[-1], entry):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _follows(last: AuditEntry, entry: AuditEntry) -> bool:
    same = (last.event.actor.name, last.event.action, last.event.outcome) == (
        entry.event.actor.name,
        entry.event.action,
        entry.event.outcome,
    )
    return same and entry.event.at - last.event.at <= TOGETHER


def _sentence(action: str, outcome: Outcome, times: int) -> str:
    if outcome is Outcome.REFUSED:
        return message("was refused: {act}", act=in_words(action))
    if outcome is Outcome.FAILED:
        return message("the product failed at: {act}", act=in_words(action))
    if action == "case.erase":
        return message("erased the case: images and identifiers are gone, counts are kept")
    if times == 1:
        return in_words(action)
    return message("{act}, {count} times", act=in_words(action), count=times)
