"""What is loaded beside one cell on demand: its heat maps, and cells that look like it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.bootstrap import Container
from app.domain.abnormality import Abnormality
from app.domain.cell import Cell
from app.domain.errors import BundleRefused, NotFound
from app.imaging.heat import overlay
from app.ports import Bundle, Classifier
from app.services.reading import bundle_of
from app.services.similar import similar_cells
from app.web.dependencies import ContainerDep, UserDep, current_user
from app.web.pages.images import FOR_GOOD, cell_of
from app.web.pages.present_neighbours import WEIGHTS_ARE_GONE, similar_part
from app.web.pages.rendering import render

router = APIRouter(dependencies=[Depends(current_user)])

_ASK_AGAIN = {"Cache-Control": "private, no-cache"}


@router.get("/cases/{case_id}/cells/{cell_id}/similar")
def show_similar(container: ContainerDep, user: UserDep, case_id: UUID, cell_id: UUID) -> Response:
    """A fragment: the nearest cells in this case and in others."""
    with container.transactions() as transaction:
        cell = cell_of(transaction, case_id, cell_id)
        rule, active = container.review_rule, container.bundle
        found = similar_cells(transaction, cell, active, rule, user.id, user.site_ids)
    return render("similar.html", similar_part(found))


@router.get("/cases/{case_id}/cells/{cell_id}/heat/{label}.png")
def show_heat_map(
    container: ContainerDep,
    case_id: UUID,
    cell_id: UUID,
    label: Abnormality,
    bundle: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Draw one label's map over what the classifier reads of the image: a transparent PNG.

    Kept by the browser for good only where the address names the bundle.
    """
    cell, reader = _read_by(container, case_id, cell_id)
    digest = reader.manifest.digest
    if bundle not in {None, digest}:
        raise NotFound(WEIGHTS_ARE_GONE)
    maps = container.explainer.maps(cell, _classifier(container, digest), container.blobs)
    crop = cell.location.crop
    content = overlay(maps[list(Abnormality).index(label)], crop.height, crop.width)
    return Response(
        content, media_type="image/png", headers=FOR_GOOD if bundle == digest else _ASK_AGAIN
    )


def _classifier(container: Container, digest: str) -> Classifier:
    """Loading it tells more than to look whether it is installed: its files may be others now."""
    try:
        return container.classifier_of(digest)
    except BundleRefused as error:
        raise NotFound(WEIGHTS_ARE_GONE) from error


def _read_by(container: Container, case_id: UUID, cell_id: UUID) -> tuple[Cell, Bundle]:
    """A cell and the bundle that its case is reported with."""
    with container.transactions() as transaction:
        cell = cell_of(transaction, case_id, cell_id)
        return cell, bundle_of(transaction, case_id, container.bundle)
