"""One cell with all that is known of it."""

from app.domain.bundle import PMN, BundleManifest
from app.domain.cell import Cell, Framing
from app.domain.finding import ReadCell
from app.domain.message import message
from app.imaging.morphometry import Examined, NotMeasured
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Call, CellPage, CellTalk, WholeImage
from app.web.pages.present import case_path
from app.web.pages.present_cells import (
    CaseCells,
    calls,
    cell_path,
    measures,
    novelty_shown,
    thumbnail_path,
    verdict,
)
from app.web.pages.present_geometry import geometry_part

_FRAMINGS = {
    Framing.TIGHT: message("The image as it was sent."),
    Framing.FRAMED: message("Cut out of the image that was sent."),
    Framing.NONE: message("No leukocyte was found: the image as it was sent."),
    Framing.SEVERAL: message("Several leukocytes: cut to the one nearest to the centre."),
}


def cell_page(
    read: ReadCell,
    cells: CaseCells,
    examined: Examined | NotMeasured | None = None,
    talk: CellTalk | None = None,
) -> CellPage:
    """One cell with all that is known of it; without `examined` its geometry is not shown."""
    cell, crop = read.cell, read.cell.location.crop
    is_whole = (crop.width, crop.height) == (cell.width_px, cell.height_px)
    return CellPage(
        case_path=case_path(cell.case_id),
        accession_number=cells.case.accession_number,
        ordinal=cell.ordinal,
        file_name=cell.file_name,
        image_path=_image_path(cell) if is_whole else thumbnail_path(cell, 512),
        image_width_px=crop.width,
        image_height_px=crop.height,
        whole=None if is_whole else _whole_image(cell),
        framing=translated(_FRAMINGS[cell.location.framing]),
        verdict=verdict(read, cells),
        calls=_all_calls(read, cells.manifest),
        novelty=novelty_shown(read, cells.manifest),
        flags=tuple(translated(flag.wording) for flag in cell.quality.flags),
        measures=measures(cell),
        geometry=None if examined is None else geometry_part(examined, crop.width),
        talk=talk,
        pixel_sha256=cell.pixel_sha256,
        bundle_title=cells.manifest.title,
    )


def _image_path(cell: Cell) -> str:
    return f"{cell_path(cell)}/image.png"


def _whole_image(cell: Cell) -> WholeImage:
    crop = cell.location.crop
    return WholeImage(
        path=_image_path(cell),
        width_px=cell.width_px,
        height_px=cell.height_px,
        crop_left=crop.left,
        crop_top=crop.top,
        crop_width=crop.width,
        crop_height=crop.height,
    )


def _all_calls(read: ReadCell, manifest: BundleManifest) -> tuple[Call, ...]:
    if read.findings is None:
        return ()
    probability = read.findings.pmn_probability
    pmn = Call(
        key=PMN,
        label=gettext("Neutrophil (PMN)"),
        probability=wording.probability(probability, 3),
        threshold=wording.threshold(manifest.pmn_threshold),
        called=probability >= manifest.pmn_threshold,
    )
    return (pmn, *calls(read, manifest, decimals=3))
