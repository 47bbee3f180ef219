"""What is to be done with a case, and who reads it."""

from collections.abc import Sequence

from app.domain.message import Message
from app.domain.review import Reading
from app.services.cancelling import CANCELLED
from app.services.reading import CaseAsRead
from app.services.reviewing import reading_of
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Named, NextStep
from app.web.pages.gallery_contexts import ReviewStatus
from app.web.pages.present import case_path

_FINISHABLE = (Reading.FIRST, Reading.SECOND)


def next_step(
    as_read: CaseAsRead, missing: Sequence[str], closed: Message | None = None
) -> NextStep:
    """The one thing to do next; `missing` is what stands between the case and its signature.

    The blinded reader does not sign, and would learn from it how far the first reading is.
    """
    path = case_path(as_read.case.id)
    said = () if as_read.is_blinded else tuple(translated(sentence) for sentence in missing)
    review = (f"{path}/gallery", gettext("Review the cells"))
    if closed:
        return _closed_step(closed, f"{path}/report")
    if not as_read.progress.cell_count:
        return NextStep(gettext("Add images of the cells."), "", "", ())
    if not as_read.progress.done:
        return NextStep(gettext("The classifier is reading the cells."), *review, ())
    if left := len(as_read.unreviewed):
        text = ngettext(
            "{n} cell of low confidence waits for a reader.",
            "{n} cells of low confidence wait for a reader.",
            left,
        )
        return NextStep(text.format(n=wording.count(left)), *review, said)
    if said or as_read.is_blinded:
        return NextStep(gettext("The cells are reviewed."), *review, said)
    return NextStep(
        gettext("The cells are reviewed: the report can be signed."),
        f"{path}/report",
        gettext("Report"),
        (),
    )


def _closed_step(closed: Message, report_path: str) -> NextStep:
    """Of a signed case there is the report to read; of a cancelled one nothing is to be done."""
    if closed == CANCELLED:
        return NextStep(translated(CANCELLED), "", "", ())
    return NextStep(gettext("The case is signed."), report_path, gettext("Report"), ())


def readers(as_read: CaseAsRead) -> tuple[Named, ...]:
    """Who has which reading, and whether it is finished; to the blinded reader only the own."""
    titles = {
        Reading.FIRST: gettext("First reading"),
        Reading.SECOND: gettext("Second reading"),
    }
    if as_read.is_blinded:
        del titles[Reading.FIRST]
    return tuple(
        Named(
            title,
            state.reader_name
            if state.finished_at is None
            else gettext("{name}, finished").format(name=state.reader_name),
        )
        for reading, title in titles.items()
        if (state := as_read.readings.get(reading))
    )


def review_status(as_read: CaseAsRead, closed: Message | None = None) -> ReviewStatus:
    """Whose reading the viewer's decisions belong to, and what can be done with it.

    Parameters
    ----------
    closed
        Why the case can be looked at only (`why_closed`).
    """
    reading = reading_of(as_read)
    state = as_read.readings.get(reading)
    is_finished = bool(state and state.finished_at)
    waits = is_finished and Reading.SECOND in as_read.readings and not as_read.both_finished
    return ReviewStatus(
        reading=reading.value,
        notice=translated(closed) if closed else _notice(as_read, reading, is_finished=is_finished),
        is_closed=bool(closed) or waits,
        can_finish=reading in _FINISHABLE and not (closed or is_finished),
        can_reopen=waits and not closed,
    )


def _notice(as_read: CaseAsRead, reading: Reading, *, is_finished: bool) -> str:
    if reading is Reading.SETTLED:
        left = len(as_read.unsettled)
        return ngettext(
            "Both readings are finished. The readers differ on {n} cell that is not settled.",
            "Both readings are finished. The readers differ on {n} cells that are not settled.",
            left,
        ).format(n=wording.count(left))
    if reading is Reading.SECOND:
        return (
            gettext("You have finished the second reading. The first one is not finished yet.")
            if is_finished
            else gettext(
                "Second reading: the first one is hidden from you until both are finished."
            )
        )
    if not is_finished:
        return ""
    if Reading.SECOND in as_read.readings:
        return gettext("The first reading is finished. Open it again before you change it.")
    return gettext("The review is finished. A change opens it again.")
