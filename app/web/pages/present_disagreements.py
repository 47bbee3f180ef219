"""Cells on which two readers differ, from the domain's values to what the page shows."""

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.message import message
from app.domain.review import CellReview, Decision, Reading
from app.services.reading import CaseAsRead
from app.services.second_reading import Disagreement, disagreements
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.present_cells import cell_path, thumbnail_path
from app.web.pages.readers_contexts import DisagreementCard, Opinion

PICTURE_PX = 512
_BUTTONS = {
    Reading.FIRST: message("Follow the first reader"),
    Reading.SECOND: message("Follow the second reader"),
}
_KEYS = {Reading.FIRST: "1", Reading.SECOND: "2"}


def disagreement_cards(as_read: CaseAsRead) -> tuple[DisagreementCard, ...]:
    """Each with both readers' decisions; empty until both have finished."""
    return tuple(_card(item, as_read) for item in disagreements(as_read))


def _card(item: Disagreement, as_read: CaseAsRead) -> DisagreementCard:
    cell = item.first.cell
    return DisagreementCard(
        cell_id=str(cell.id),
        ordinal=wording.count(cell.ordinal),
        path=cell_path(cell),
        picture_path=thumbnail_path(cell, PICTURE_PX),
        width_px=cell.location.crop.width,
        height_px=cell.location.crop.height,
        opinions=tuple(_opinion(item, whose, as_read) for whose in _BUTTONS),
        settled=_settled(item.settled),
    )


def _opinion(item: Disagreement, whose: Reading, as_read: CaseAsRead) -> Opinion:
    held = item.held_by(whose)
    decision = Decision(held.exclusion, held.abnormalities)
    return Opinion(
        title=as_read.readings[whose].reader_name,
        verdict=held_as(held.exclusion, held.abnormalities),
        button=translated(_BUTTONS[whose]),
        whose=whose.value,
        key=_KEYS[whose],
        chosen=item.settled is not None and item.settled.decision == decision,
    )


def held_as(exclusion: Exclusion | None, abnormalities: frozenset[Abnormality]) -> str:
    """What a reader holds a cell for: left out and why, or counted and as what."""
    if exclusion is not None:
        return gettext("Not counted: {reason}").format(reason=translated(exclusion.wording))
    shown = [translated(label.wording) for label in Abnormality if label in abnormalities]
    if not shown:
        return gettext("Counted: without abnormality")
    return gettext("Counted: {abnormalities}").format(abnormalities=", ".join(shown))


def _settled(event: CellReview | None) -> str:
    if event is None or event.decision is None:
        return ""
    return gettext("Settled by {name}, {time}. {verdict}").format(
        name=event.reader_name,
        time=wording.date_time(event.at),
        verdict=held_as(event.decision.exclusion, event.decision.abnormalities),
    )
