"""The state of cells under review and the strip of numbers, as they are shown and sent."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion, ReadCell
from app.domain.review import CellReview
from app.domain.screening import ScreeningScore
from app.services.reading import CaseAsRead
from app.services.review_count import ReviewCount
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.gallery_contexts import CellState, LabelNumbers, Numbers
from app.web.pages.present_cells import SHORT_LABELS, verdict_of
from app.web.pages.present_report import MARKS

_MOST_INITIALS = 3


def states(as_read: CaseAsRead, cell_ids: Iterable[UUID]) -> list[CellState]:
    """What some of a case's cells are held for, in the order of the case."""
    wanted = frozenset(cell_ids)
    return [
        cell_state(before, after, as_read.events, as_read.failures)
        for before, after in zip(as_read.read, as_read.cells, strict=True)
        if after.cell.id in wanted
    ]


def cell_state(
    classified: ReadCell,
    held: ReadCell,
    events: Mapping[UUID, CellReview],
    failures: Mapping[UUID, str],
) -> CellState:
    """What a cell is held for; `classified` is the same cell as the classifier says."""
    event = events.get(held.cell.id) if held.is_reviewed else None
    changed = (classified.exclusion, classified.abnormalities) != (
        held.exclusion,
        held.abnormalities,
    )
    return CellState(
        id=str(held.cell.id),
        calls=tuple(label.value for label in Abnormality if label in held.abnormalities),
        excluded=translated(held.exclusion.wording) if held.exclusion else "",
        initials=initials(event.reader_name) if event else "",
        reader=event.reader_name if event else "",
        was=gettext("was: {calls}").format(calls=in_short(classified)) if changed else "",
        summary=verdict_of(held, failures.get(held.cell.id, "")),
    )


def initials(name: str) -> str:
    """``Marie-Anne Dupont`` to ``MAD``."""
    words = name.replace("-", " ").replace(".", " ").replace("_", " ").split()
    return "".join(word[0] for word in words[:_MOST_INITIALS]).upper()


def in_short(read: ReadCell) -> str:
    """What a cell is held for, in as few words as a card has room for."""
    if read.exclusion is Exclusion.NOT_PMN:
        return gettext("not a PMN")
    if read.exclusion is not None:
        return gettext("not counted")
    shown = [
        translated(SHORT_LABELS[label]) for label in Abnormality if label in read.abnormalities
    ]
    return ", ".join(shown) or gettext("normal")


def numbers(count: ReviewCount, score: ScreeningScore | None = None) -> Numbers:
    """The strip of numbers; the score's interval only where the score is given."""
    value, left = count.value, count.unreviewed_count
    return Numbers(
        labels=tuple(_label_numbers(label, count) for label in Abnormality),
        pmn=wording.count(count.reviewed.pmn_count),
        classifier_pmn=wording.count(count.classifier.pmn_count),
        score=wording.DASH if value is None else wording.score(value, count.cut_off),
        interval=_interval(score),
        cut_off=wording.threshold(count.cut_off),
        recommendation=translated(count.recommendation.wording)
        if count.recommendation
        else gettext("No recommendation yet"),
        recommendation_mark=MARKS[count.recommendation] if count.recommendation else "…",
        left_count=left,
        left=ngettext("{n} cell left to review", "{n} cells left to review", left).format(
            n=wording.count(left)
        ),
        looked_at=gettext("{seen} of {all} cells looked at, {changed} changed").format(
            seen=wording.count(count.looked_at_count),
            all=wording.count(len(count.reviewed.cells)),
            changed=wording.count(count.changed_count),
        ),
    )


def _interval(score: ScreeningScore | None) -> str:
    if score is None:
        return ""
    low, high = (
        wording.score(end, score.cut_off) for end in (score.interval_low, score.interval_high)
    )
    return f"{low}{wording.DASH}{high}"


def _label_numbers(label: Abnormality, count: ReviewCount) -> LabelNumbers:
    alone, read = count.classifier.proportion(label), count.reviewed.proportion(label)
    return LabelNumbers(
        key=label.value,
        title=translated(label.wording),
        short_title=translated(SHORT_LABELS[label]),
        classifier_count=f"{wording.count(alone.count)}/{wording.count(alone.total)}",
        classifier_share=wording.percent(alone.value),
        count=f"{wording.count(read.count)}/{wording.count(read.total)}",
        share=wording.percent(read.value),
        interval=wording.percent_interval(read),
    )
