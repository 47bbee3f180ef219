"""Cells of a case: the gallery in its groups."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.case import Case
from app.domain.cell import Cell, QualityFlag
from app.domain.errors import NotFound
from app.domain.finding import (
    CellFindings,
    Exclusion,
    ReadCell,
    Tally,
    is_unfamiliar,
    tally,
)
from app.domain.message import message
from app.web.language import THIN, gettext, translated
from app.web.pages import wording
from app.web.pages.contexts import (
    Call,
    CellCard,
    GalleryPart,
    GallerySection,
    Named,
    NoveltyRow,
)
from app.web.pages.present import case_path

CELLS_AT_ONCE = 120
THUMBNAIL_PX = 256
UNREMARKABLE = "unremarkable"
WAITING = "waiting"
SHORT_LABELS = {
    Abnormality.PSEUDO_PELGER: message("Pelger"),
    Abnormality.NUCLEAR_SPIKE: message("Spikes"),
    Abnormality.VACUOLE: message("Vacuoles"),
    Abnormality.HYPOGRANULARITY: message("Hypogran."),
}
_FLAG_MEASURES = {
    QualityFlag.BLURRED: "sharpness",
    QualityFlag.OVEREXPOSED: "saturated_share",
    QualityFlag.UNDEREXPOSED: "background_brightness",
    QualityFlag.TOO_SMALL: "crop_width_px",
    QualityFlag.CUT_OFF: "border_contact_share",
    QualityFlag.STAIN_OUT_OF_RANGE: "nucleus_purple_density",
}
# In the order of the gallery.
_LEFT_OUT = (
    Exclusion.UNFAMILIAR,
    Exclusion.NOT_PMN,
    Exclusion.POOR_QUALITY,
    Exclusion.NOT_CLASSIFIED,
)


@dataclass(frozen=True)
class CaseCells:
    """All cells of a case, as they stand now.

    Parameters
    ----------
    read
        Cells that were classified or failed.
    waiting
        Cells that neither were.
    failures
        Why a cell could not be classified.
    """

    case: Case
    manifest: BundleManifest
    read: Sequence[ReadCell]
    waiting: Sequence[Cell]
    failures: Mapping[UUID, str]

    def of(self, cell_id: UUID) -> ReadCell:
        """One of them; raises `NotFound`."""
        for read in (*self.read, *map(_unread, self.waiting)):
            if read.cell.id == cell_id:
                return read
        raise NotFound(message("There is no such cell in this case."))


@dataclass(frozen=True)
class _Group:
    key: str
    title: str
    note: str
    counted: str | None
    cells: Sequence[ReadCell]
    excluded: bool = False


def thumbnail_path(cell: Cell, size_px: int = THUMBNAIL_PX) -> str:
    """The picture of a cell, cut to what the classifier reads."""
    return f"{cell_path(cell)}/crop.jpg?size={size_px}"


def cell_path(cell: Cell) -> str:
    """The page of a cell."""
    return f"{case_path(cell.case_id)}/cells/{cell.id}"


def gallery_part(cells: CaseCells) -> GalleryPart:
    """Every group that has cells; once some are read, the four abnormalities even without any."""
    return GalleryPart(
        path=_gallery_path(cells),
        sections=tuple(_section(group, cells, offset=0) for group in _groups(cells)),
        bundle_title=cells.manifest.title,
    )


def gallery_section(cells: CaseCells, key: str, offset: int) -> GallerySection | None:
    """A group's cells from an offset on; None where there is no such group."""
    for group in _groups(cells):
        if group.key == key:
            return _section(group, cells, offset)
    return None


def _gallery_path(cells: CaseCells) -> str:
    return f"{case_path(cells.case.id)}/gallery"


def _groups(cells: CaseCells) -> list[_Group]:
    counts = tally(cells.read)
    counted = [read for read in cells.read if read.exclusion is None]
    abnormal = [_abnormality_group(label, counts, counted, cells.manifest) for label in Abnormality]
    rest = [
        _unremarkable_group(counted, cells.manifest),
        *(_exclusion_group(reason, cells) for reason in _LEFT_OUT),
        _waiting_group(cells),
    ]
    return (abnormal if cells.read else []) + [group for group in rest if group.cells]


def _abnormality_group(
    label: Abnormality, counts: Tally, counted: Sequence[ReadCell], manifest: BundleManifest
) -> _Group:
    showing = _by(
        lambda findings: findings.probabilities[label],
        (read for read in counted if label in read.abnormalities),
    )
    proportion = counts.proportion(label)
    share = f"{wording.percent(proportion.value)} ({wording.percent_interval(proportion)})"
    return _Group(
        key=label.value,
        title=translated(label.wording),
        note=gettext("called from {threshold}").format(
            threshold=wording.threshold(manifest.thresholds[label])
        ),
        counted=gettext("{count} of {all} PMN, {share}").format(
            count=wording.count(proportion.count), all=wording.count(proportion.total), share=share
        ),
        cells=showing,
    )


def _unremarkable_group(counted: Sequence[ReadCell], manifest: BundleManifest) -> _Group:
    def nearness(findings: CellFindings) -> float:
        return max(
            findings.probabilities[label] - manifest.thresholds[label] for label in Abnormality
        )

    return _Group(
        key=UNREMARKABLE,
        title=gettext("Without abnormality"),
        note=gettext("Counted PMN; those nearest to a threshold come first"),
        counted=None,
        cells=_by(nearness, (read for read in counted if not read.abnormalities)),
    )


def _exclusion_group(reason: Exclusion, cells: CaseCells) -> _Group:
    left_out = (read for read in cells.read if read.exclusion is reason)
    return _Group(
        key=reason.value,
        title=translated(reason.wording),
        note=_exclusion_note(reason, cells.manifest),
        counted=None,
        cells=_by(lambda findings: findings.pmn_probability, left_out),
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


def _waiting_group(cells: CaseCells) -> _Group:
    waiting = [_unread(cell) for cell in cells.waiting]
    return _Group(WAITING, gettext("Waiting"), gettext("Not classified yet"), None, waiting)


def _unread(cell: Cell) -> ReadCell:
    return ReadCell(cell, None, None, frozenset())


def _by(key: Callable[[CellFindings], float], cells: Iterable[ReadCell]) -> list[ReadCell]:
    """Highest first; without findings last, by ordinal."""
    return sorted(
        cells,
        key=lambda read: (-key(read.findings) if read.findings else 2.0, read.cell.ordinal),
    )


def _section(group: _Group, cells: CaseCells, offset: int) -> GallerySection:
    end = offset + CELLS_AT_ONCE
    more = f"{_gallery_path(cells)}?section={group.key}&offset={end}"
    return GallerySection(
        key=group.key,
        title=group.title,
        note=group.note,
        count=len(group.cells),
        counted=group.counted,
        excluded=group.excluded,
        cells=tuple(_card(read, cells) for read in group.cells[offset:end]),
        more_path=more if end < len(group.cells) else None,
    )


def _card(read: ReadCell, cells: CaseCells) -> CellCard:
    pmn = read.findings.pmn_probability if read.findings else None
    return CellCard(
        path=cell_path(read.cell),
        thumbnail_path=thumbnail_path(read.cell),
        ordinal=read.cell.ordinal,
        file_name=read.cell.file_name,
        summary=verdict(read, cells),
        calls=calls(read, cells.manifest),
        pmn_probability=None if pmn is None else wording.probability(pmn),
        facts=_facts(read, cells),
    )


def calls(read: ReadCell, manifest: BundleManifest, decimals: int = 2) -> tuple[Call, ...]:
    """The probability of each abnormality; none where there are no findings."""
    if read.findings is None:
        return ()
    return tuple(
        Call(
            label=translated(label.wording),
            short_label=translated(SHORT_LABELS[label]),
            probability=wording.probability(read.findings.probabilities[label], decimals),
            threshold=wording.threshold(manifest.thresholds[label]),
            called=label in read.abnormalities,
        )
        for label in Abnormality
    )


def novelty_shown(read: ReadCell, manifest: BundleManifest) -> NoveltyRow | None:
    """A cell's novelty beside its threshold; None where the bundle measures none."""
    threshold = manifest.novelty_threshold
    if read.findings is None or read.findings.novelty is None or threshold is None:
        return None
    value = read.findings.novelty
    return NoveltyRow(
        value=wording.probability(value, 3),
        threshold=wording.threshold(threshold),
        unfamiliar=is_unfamiliar(value, manifest),
    )


def verdict(read: ReadCell, cells: CaseCells) -> str:
    """Whether a cell is counted, and as what."""
    if read.exclusion is not None:
        reason = translated(cells.failures.get(read.cell.id, ""))
        said = gettext("Not counted: {reason}").format(reason=translated(read.exclusion.wording))
        return f"{said} ({reason})" if reason else said
    if read.findings is None:
        return gettext("Waiting for classification")
    shown = [translated(label.wording) for label in Abnormality if label in read.abnormalities]
    if not shown:
        return gettext("Counted: without abnormality")
    return gettext("Counted: {abnormalities}").format(abnormalities=", ".join(shown))


def _facts(read: ReadCell, cells: CaseCells) -> tuple[str, ...]:
    """Why a cell stands where it stands, where probabilities do not say it."""
    facts = [_flag_with_number(flag, read.cell) for flag in read.cell.quality.flags]
    if read.exclusion is Exclusion.UNFAMILIAR and (novelty := novelty_shown(read, cells.manifest)):
        facts.append(gettext("Novelty {value}").format(value=novelty.value))
    if reason := cells.failures.get(read.cell.id):
        facts.append(translated(reason))
    return tuple(facts)


def _flag_with_number(flag: QualityFlag, cell: Cell) -> str:
    """A flag with the number that raised it, where one does; the larger view has them all."""
    value = cell.quality.measures.get(_FLAG_MEASURES.get(flag, ""))
    if value is None:
        return translated(flag.wording)
    measure = measure_shown(_FLAG_MEASURES[flag], value)
    said = gettext("{flag}: {measure} {number}")
    return said.format(
        flag=translated(flag.wording), measure=measure.name.lower(), number=measure.text
    )


def measures(cell: Cell) -> tuple[Named, ...]:
    """The numbers behind the verdict on the picture."""
    return tuple(measure_shown(name, value) for name, value in cell.quality.measures.items())


def measure_shown(name: str, value: float) -> Named:
    """One number under its name, with its unit."""
    words, unit = wording.measure_name(name)
    return Named(words, f"{wording.number(value)}{THIN}{unit}" if unit else wording.number(value))
