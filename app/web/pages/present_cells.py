"""Single cells, in words: what they are held for, their probabilities and measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.case import Case
from app.domain.cell import Cell, QualityFlag
from app.domain.errors import NotFound
from app.domain.finding import Exclusion, ReadCell, is_unfamiliar
from app.domain.message import message
from app.web.language import THIN, gettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Call, Named, NoveltyRow
from app.web.pages.present import case_path

THUMBNAIL_PX = 256
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


def _unread(cell: Cell) -> ReadCell:
    return ReadCell(cell, None, None, frozenset())


def thumbnail_path(cell: Cell, size_px: int = THUMBNAIL_PX) -> str:
    """The picture of a cell, cut to what the classifier reads."""
    return f"{cell_path(cell)}/crop.jpg?size={size_px}"


def cell_path(cell: Cell) -> str:
    """The page of a cell."""
    return f"{case_path(cell.case_id)}/cells/{cell.id}"


def calls(read: ReadCell, manifest: BundleManifest, decimals: int = 2) -> tuple[Call, ...]:
    """The probability of each abnormality; none where there are no findings."""
    if read.findings is None:
        return ()
    return tuple(
        Call(
            key=label.value,
            label=translated(label.wording),
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
    return verdict_of(read, cells.failures.get(read.cell.id, ""))


def verdict_of(read: ReadCell, failure: str) -> str:
    """Whether a cell is counted, and as what; `failure` is why it could not be classified."""
    if read.exclusion is not None:
        reason = translated(failure)
        said = gettext("Not counted: {reason}").format(reason=translated(read.exclusion.wording))
        return f"{said} ({reason})" if reason else said
    if read.findings is None and not read.is_reviewed:
        return gettext("Waiting for classification")
    shown = [translated(label.wording) for label in Abnormality if label in read.abnormalities]
    if not shown:
        return gettext("Counted: without abnormality")
    return gettext("Counted: {abnormalities}").format(abnormalities=", ".join(shown))


def facts_of(read: ReadCell, manifest: BundleManifest, failure: str) -> tuple[str, ...]:
    """Why a cell stands where it stands, where probabilities do not say it."""
    facts = [_flag_with_number(flag, read.cell) for flag in read.cell.quality.flags]
    if read.exclusion is Exclusion.UNFAMILIAR and (novelty := novelty_shown(read, manifest)):
        facts.append(gettext("Novelty {value}").format(value=novelty.value))
    if failure:
        facts.append(translated(failure))
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
