"""The review room: cells in groups, and what stands around them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.finding import CellFindings, Exclusion, ReadCell
from app.domain.message import message
from app.domain.review import certainty
from app.services.reading import CaseAsRead
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.gallery_contexts import (
    CellState,
    ReviewCard,
    ReviewGroup,
    ReviewGroups,
    Toggle,
)
from app.web.pages.present_cells import SHORT_LABELS, facts_of
from app.web.pages.present_review import cell_state

LOW_CONFIDENCE, UNREMARKABLE, WAITING = "low_confidence", "unremarkable", "waiting"
# In the order of the gallery.
_LEFT_OUT = (
    Exclusion.UNFAMILIAR,
    Exclusion.NOT_PMN,
    Exclusion.BY_READER,
    Exclusion.POOR_QUALITY,
    Exclusion.NOT_CLASSIFIED,
)


class Order(StrEnum):
    """How the cells of a group are sorted."""

    LOOK = "look"
    PROBABILITY = "probability"
    NUMBER = "number"

    @property
    def wording(self) -> str:
        """The order in words."""
        return _ORDERS[self]


_ORDERS = {
    Order.LOOK: message("Needs a look first"),
    Order.PROBABILITY: message("By probability"),
    Order.NUMBER: message("By number"),
}
_Weight = Callable[[CellFindings], float]


@dataclass(frozen=True)
class _Group:
    key: str
    title: str
    note: str
    cells: Sequence[ReadCell]
    weight: _Weight
    excluded: bool = False


def review_groups(as_read: CaseAsRead, order: Order) -> ReviewGroups:
    """Every group that has cells; once some are read, the four abnormalities even without any.

    A cell stands in the group of each abnormality that it shows. One that a reader must look at
    stands by itself, before all others, until somebody has.
    """
    manifest = as_read.bundle.manifest
    cards = {
        held.cell.id: _card(
            cell_state(before, held, as_read.events, as_read.failures), held, as_read
        )
        for before, held in zip(as_read.read, as_read.cells, strict=True)
    }
    cards |= {
        cell.id: _waiting_card(ReadCell(cell, None, None, frozenset())) for cell in as_read.waiting
    }
    return ReviewGroups(
        groups=tuple(
            _shown(group, cards, _sorting(order, group.weight, manifest))
            for group in _groups(as_read)
        ),
        sequence=max((event.sequence for event in as_read.visible_reviews), default=0),
        cell_count=len(as_read.read),
        bundle_title=manifest.title,
    )


def _shown(
    group: _Group, cards: Mapping[UUID, ReviewCard], key: Callable[[ReadCell], tuple[float, ...]]
) -> ReviewGroup:
    return ReviewGroup(
        key=group.key,
        title=group.title,
        note=group.note,
        excluded=group.excluded,
        cards=tuple(cards[read.cell.id] for read in sorted(group.cells, key=key)),
    )


def _sorting(
    order: Order, weight: _Weight, manifest: BundleManifest
) -> Callable[[ReadCell], tuple[float, ...]]:
    """What to sort by; cells without findings come first where they need a look, else last."""

    def key(read: ReadCell) -> tuple[float, ...]:
        number = read.cell.ordinal
        if order is Order.NUMBER:
            return (number,)
        if order is Order.LOOK:
            nearness = certainty(read.findings, manifest) if read.findings else 0.0
            return (read.is_reviewed, nearness, number)
        return (-weight(read.findings) if read.findings else 2.0, number)

    return key


def _groups(as_read: CaseAsRead) -> list[_Group]:
    left = [read for read in as_read.cells if read.cell.id in as_read.unreviewed]
    rest = [read for read in as_read.cells if read.cell.id not in as_read.unreviewed]
    counted = [read for read in rest if read.exclusion is None]
    abnormal = [_abnormality_group(label, counted, left, as_read) for label in Abnormality]
    others = [
        _unremarkable_group(counted),
        *(_exclusion_group(reason, rest, as_read.bundle.manifest) for reason in _LEFT_OUT),
        _waiting_group(as_read),
    ]
    found = [_low_confidence_group(left), *(abnormal if as_read.read else []), *others]
    return [group for group in found if group.cells or group.key in set(Abnormality)]


def _low_confidence_group(left: Sequence[ReadCell]) -> _Group:
    return _Group(
        key=LOW_CONFIDENCE,
        title=gettext("Low confidence"),
        note=gettext("To be looked at before signing: near a threshold, unfamiliar, or unread"),
        cells=left,
        weight=_strongest,
    )


def _abnormality_group(
    label: Abnormality, counted: Iterable[ReadCell], left: Iterable[ReadCell], as_read: CaseAsRead
) -> _Group:
    elsewhere = sum(label in read.abnormalities and read.exclusion is None for read in left)
    note = gettext("called from {threshold}").format(
        threshold=wording.threshold(as_read.bundle.manifest.thresholds[label])
    )
    if elsewhere:
        more = ngettext("{n} more above", "{n} more above", elsewhere)
        note = f"{note}; {more.format(n=wording.count(elsewhere))}"
    return _Group(
        key=label.value,
        title=translated(label.wording),
        note=note,
        cells=[read for read in counted if label in read.abnormalities],
        weight=lambda findings: findings.probabilities[label],
    )


def _unremarkable_group(counted: Iterable[ReadCell]) -> _Group:
    return _Group(
        key=UNREMARKABLE,
        title=gettext("Without abnormality"),
        note=gettext("Counted PMN"),
        cells=[read for read in counted if not read.abnormalities],
        weight=_strongest,
    )


def _exclusion_group(
    reason: Exclusion, cells: Iterable[ReadCell], manifest: BundleManifest
) -> _Group:
    return _Group(
        key=reason.value,
        title=translated(reason.wording),
        note=_exclusion_note(reason, manifest),
        cells=[read for read in cells if read.exclusion is reason],
        weight=lambda findings: findings.pmn_probability,
        excluded=True,
    )


def _exclusion_note(reason: Exclusion, manifest: BundleManifest) -> str:
    if reason is Exclusion.NOT_CLASSIFIED:
        return gettext("Classification failed; not counted")
    if reason is Exclusion.NOT_PMN:
        text = gettext("Below the PMN threshold of {pmn}; not counted")
        return text.format(pmn=wording.threshold(manifest.pmn_threshold))
    if reason is Exclusion.UNFAMILIAR:
        novelty = manifest.novelty_threshold
        return gettext(
            "Taken for PMN, but of a novelty of {novelty} or more; not counted. "
            "Another stain, a smudge, or no cell"
        ).format(novelty=wording.DASH if novelty is None else wording.threshold(novelty))
    return gettext("Not counted")


def _waiting_group(as_read: CaseAsRead) -> _Group:
    waiting = [ReadCell(cell, None, None, frozenset()) for cell in as_read.waiting]
    return _Group(WAITING, gettext("Waiting"), gettext("Not classified yet"), waiting, _strongest)


def _strongest(findings: CellFindings) -> float:
    return max(findings.probabilities.values())


def _card(state: CellState, read: ReadCell, as_read: CaseAsRead) -> ReviewCard:
    findings, manifest = read.findings, as_read.bundle.manifest
    return ReviewCard(
        state=state,
        path=f"cells/{read.cell.id}",
        ordinal=read.cell.ordinal,
        pmn_probability=wording.probability(findings.pmn_probability) if findings else "",
        toggles=tuple(_toggle(label, read) for label in Abnormality),
        facts=facts_of(read, manifest, as_read.failures.get(read.cell.id, "")),
    )


def _toggle(label: Abnormality, read: ReadCell) -> Toggle:
    findings = read.findings
    return Toggle(
        key=label.value,
        short_label=translated(SHORT_LABELS[label]),
        probability=wording.probability(findings.probabilities[label]) if findings else "",
        pressed="true" if label in read.abnormalities else "false",
    )


def _waiting_card(read: ReadCell) -> ReviewCard:
    state = CellState(str(read.cell.id), (), "", "", "", "", gettext("Waiting for classification"))
    return ReviewCard(state, f"cells/{read.cell.id}", read.cell.ordinal, "", (), ())
