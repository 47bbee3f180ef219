"""Similar cells and heat maps, from domain values to what the pages show."""

from app.domain.abnormality import Abnormality
from app.domain.finding import ReadCell
from app.domain.message import message
from app.imaging.heat import CONTOURS
from app.services.similar import SimilarCell, SimilarCells
from app.services.thumbnails import SIZES_PX
from app.web.language import gettext, localised, ngettext, translated
from app.web.pages import wording
from app.web.pages.neighbour_contexts import (
    HeatNote,
    SimilarCard,
    SimilarGroup,
    SimilarPart,
)
from app.web.pages.present import BADGES
from app.web.pages.present_cells import cell_path, thumbnail_path

_PER_CENT = 100


def similar_part(found: SimilarCells | None) -> SimilarPart:
    """The similar cells of a cell, or why there are none."""
    if found is None:
        missing = gettext(
            "There is nothing to compare this cell by: it is not classified yet, or it was "
            "classified by a version that kept no embeddings."
        )
        return SimilarPart((), missing, "")
    here, elsewhere = found.searched_here, found.searched_elsewhere
    groups = (
        SimilarGroup(
            title=gettext("In this case"),
            searched=ngettext(
                "Among {n} other cell of this case.", "Among {n} other cells of this case.", here
            ).format(n=wording.count(here)),
            cards=tuple(_card(item, is_here=True) for item in found.in_case),
        ),
        SimilarGroup(
            title=gettext("In other cases"),
            searched=ngettext(
                "Among the latest {n} cell of other cases.",
                "Among the latest {n} cells of other cases.",
                elsewhere,
            ).format(n=wording.count(elsewhere)),
            cards=tuple(_card(item, is_here=False) for item in found.elsewhere),
        ),
    )
    return SimilarPart(groups, None, found.bundle.manifest.title)


def _card(item: SimilarCell, *, is_here: bool) -> SimilarCard:
    cell, badge = item.read.cell, BADGES.get(item.case.origin)
    name = gettext("Cell {n}").format(n=wording.count(cell.ordinal))
    return SimilarCard(
        path=cell_path(cell),
        thumbnail_path=thumbnail_path(cell, SIZES_PX[0]),
        name=name if is_here else f"{item.case.accession_number} · {name}",
        origin=None if is_here or badge is None else translated(badge),
        similarity=_similarity(item.similarity),
        calls=_calls(item.read),
        same_picture=item.same_picture,
    )


def _similarity(cosine: float) -> str:
    """Rounded down, so that 1.00 is the same picture; four decimals are sure of the same one."""
    return wording.probability(round(cosine, 4)).replace("-", wording.MINUS)


def _calls(read: ReadCell) -> str:
    shown = [translated(label.wording) for label in Abnormality if label in read.abnormalities]
    calls = ", ".join(shown) or gettext("Without abnormality")
    if read.exclusion is not None:
        calls = translated(read.exclusion.wording)
    return f"{calls} · {gettext('reviewed')}" if read.is_reviewed else calls


def heat_note(*, has_weights: bool) -> HeatNote:
    """What is said of the heat maps; there are none where the weights that read are not here."""
    levels = [localised(f"{level / _PER_CENT:g}") for level in CONTOURS]
    scale = gettext(
        "One scale for all cells: lines at {low}, {middle} and {high} log-odds for each per cent "
        "of the picture, the last at full strength. What speaks against the label is not drawn."
    ).format(low=levels[0], middle=levels[1], high=levels[2])
    statement = gettext(
        "The map shows where the classifier's log-odds for the label come from. It is not a "
        "segmentation, and not measured against experts."
    )
    missing = gettext("There is no heat map of this cell.")
    if not has_weights:
        missing = translated(WEIGHTS_ARE_GONE)
    return HeatNote(statement, scale, missing)


WEIGHTS_ARE_GONE = message(
    "The bundle that read the case is not installed here. Its heat maps cannot be worked out; "
    "those of another one would explain other numbers."
)
