"""The readers of a case, from the domain's values to what their page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.agreement import Agreement, Kappa
from app.domain.message import Message, message
from app.domain.review import Reading, SecondReading
from app.domain.signing import ReadingState
from app.domain.user import User
from app.services.readiness import second_required
from app.services.reading import CaseAsRead
from app.services.reviewing import reading_of
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Choice
from app.web.pages.present import case_head, case_path
from app.web.pages.present_disagreements import disagreement_cards
from app.web.pages.present_kappa import interval_text, kappa_text
from app.web.pages.readers_contexts import AgreementRow, FinishPart, ReadersPage, ReadingRow

_TITLES = {
    Reading.FIRST: message("First reading"),
    Reading.SECOND: message("Second reading"),
}
_RULES = {
    SecondReading.NEVER: message("This laboratory asks for no second reader."),
    SecondReading.RECOMMENDED: message(
        "This laboratory asks for a second reader where UBA1 testing is recommended, by the "
        "classifier or by the readers."
    ),
    SecondReading.ALWAYS: message("This laboratory asks for a second reader of every case."),
}


@dataclass(frozen=True)
class Roster:
    """Who may read second, and what keeps the readings from being changed.

    Parameters
    ----------
    eligible
        Accounts that could be given the second reading.
    has_begun
        Whether the second reading has begun.
    closed
        Why nothing can be changed (`why_closed`); None while the case is open.
    """

    eligible: Sequence[User]
    has_begun: bool
    closed: Message | None = None


def readers_page(as_read: CaseAsRead, roster: Roster, viewer: User, now: datetime) -> ReadersPage:
    """The page as a viewer may see it."""
    path = case_path(as_read.case.id)
    cards = disagreement_cards(as_read)
    may_give = _may_give(as_read, roster)
    has_second = Reading.SECOND in as_read.readings
    return ReadersPage(
        head=case_head(as_read.case, now),
        gallery_path=f"{path}/gallery",
        report_path=f"{path}/report",
        rule=_rule(as_read),
        notice=_notice(as_read, roster),
        readings=tuple(_reading_row(as_read, reading, viewer) for reading in _TITLES),
        finish=finish_part(as_read, is_closed=bool(roster.closed)),
        give_path=f"{path}/readers/give" if may_give and roster.eligible else None,
        give_note=_give_note(as_read, roster),
        choices=tuple(
            Choice(str(user.id), user.printed_name, selected=False) for user in roster.eligible
        ),
        withdraw_path=f"{path}/readers/withdraw" if may_give and has_second else None,
        agreement=_agreement_rows(as_read.agreement),
        settle_path=f"{path}/readers/settle",
        can_settle=as_read.both_finished and not roster.closed,
        summary=_summary(len(cards), len(as_read.unsettled)),
        cards=cards,
    )


def finish_part(as_read: CaseAsRead, *, is_closed: bool) -> FinishPart:
    """How the viewer finishes their reading, or opens it again."""
    path = f"{case_path(as_read.case.id)}/readers"
    reading = reading_of(as_read)
    if reading is Reading.SETTLED or is_closed:
        return FinishPart(None, "", "", ())
    state = as_read.readings.get(reading)
    if state and state.finished_at:
        note = _waiting_note(as_read, reading)
        return FinishPart(f"{path}/reopen", gettext("Open my reading again"), note, ())
    return _unfinished(as_read, f"{path}/finish")


def _unfinished(as_read: CaseAsRead, path: str) -> FinishPart:
    missing = []
    if waiting := as_read.progress.pending_count:
        text = ngettext(
            "{n} cell waits for classification.", "{n} cells wait for classification.", waiting
        )
        missing.append(text.format(n=wording.count(waiting)))
    if left := len(as_read.unreviewed):
        text = ngettext(
            "{n} cell of low confidence is not reviewed.",
            "{n} cells of low confidence are not reviewed.",
            left,
        )
        missing.append(text.format(n=wording.count(left)))
    return FinishPart(
        None if missing else path,
        gettext("Finish my reading"),
        gettext("Before the reading can be finished:") if missing else "",
        tuple(missing),
    )


def _waiting_note(as_read: CaseAsRead, reading: Reading) -> str:
    if reading is Reading.SECOND:
        return gettext("Your reading is finished. The first one is not finished yet.")
    if Reading.SECOND in as_read.readings:
        return gettext("The first reading is finished. The second one is not finished yet.")
    return gettext("The reading is finished. A change of a cell opens it again.")


def _reading_row(as_read: CaseAsRead, reading: Reading, viewer: User) -> ReadingRow:
    state = as_read.readings.get(reading)
    is_hidden = as_read.is_blinded and reading is Reading.FIRST
    return ReadingRow(
        title=translated(_TITLES[reading]),
        reader=gettext("hidden from you") if is_hidden else _reader_name(state),
        state=_state(state),
        is_own=bool(state and state.reader_id == viewer.id),
    )


def _reader_name(state: ReadingState | None) -> str:
    return state.reader_name if state else gettext("nobody yet")


def _state(state: ReadingState | None) -> str:
    if state is None:
        return wording.DASH
    if state.finished_at is None:
        return gettext("not finished")
    return gettext("finished {time}").format(time=wording.date_time(state.finished_at))


def _rule(as_read: CaseAsRead) -> str:
    rule = translated(_RULES[as_read.rule.second_reading])
    if as_read.rule.second_reading is not SecondReading.RECOMMENDED or as_read.is_blinded:
        return rule
    if not as_read.progress.done:
        here = gettext("Whether it does so here is known once all cells are classified.")
    elif second_required(as_read):
        here = gettext("It does so here.")
    else:
        here = gettext("It does not do so here.")
    return f"{rule} {here}"


def _notice(as_read: CaseAsRead, roster: Roster) -> str:
    if as_read.is_blinded:
        return gettext(
            "You read second: the first reading, its reader, comments and interpretation are "
            "hidden from you until both readings are finished."
        )
    return translated(roster.closed) if roster.closed else ""


def _may_give(as_read: CaseAsRead, roster: Roster) -> bool:
    return not (as_read.is_blinded or roster.closed or roster.has_begun)


def _give_note(as_read: CaseAsRead, roster: Roster) -> str:
    if as_read.is_blinded or as_read.both_finished or roster.closed:
        return ""
    if roster.has_begun:
        return gettext("The second reading has begun. It stays with its reader.")
    if not roster.eligible:
        return gettext("There is no other account that has not taken part in the first reading.")
    return ""


def _agreement_rows(agreement: Agreement | None) -> tuple[AgreementRow, ...]:
    if agreement is None:
        return ()
    rows = [_agreement_row(gettext("Cell is counted"), agreement.counted)]
    rows += [
        _agreement_row(translated(label.wording), kappa)
        for label, kappa in agreement.labels.items()
    ]
    return tuple(rows)


def _agreement_row(title: str, kappa: Kappa) -> AgreementRow:
    counts = (kappa.both, kappa.first_only, kappa.second_only, kappa.neither)
    both, first_only, second_only, neither = map(wording.count, counts)
    return AgreementRow(
        title=title,
        both=both,
        first_only=first_only,
        second_only=second_only,
        neither=neither,
        observed=wording.percent(kappa.observed),
        kappa=kappa_text(kappa),
        interval=interval_text(kappa),
    )


def _summary(number: int, unsettled: int) -> str:
    if not number:
        return gettext("The readers hold every cell for the same.")
    found = ngettext(
        "The readers differ on {n} cell.", "The readers differ on {n} cells.", number
    ).format(n=wording.count(number))
    left = ngettext("{n} is to be settled.", "{n} are to be settled.", unsettled).format(
        n=wording.count(unsettled)
    )
    return f"{found} {left if unsettled else gettext('All are settled.')}"
