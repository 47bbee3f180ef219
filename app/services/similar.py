"""Similar cells: the nearest by embedding, in the same case and in others."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from app.domain.case import Case, Progress
from app.domain.cell import Cell
from app.domain.finding import ReadCell, read_cell
from app.domain.review import ReviewRule
from app.imaging.embedding import cosines
from app.ports import Bundle, CellEmbedding, Transaction
from app.services.reading import CaseAsRead, bundle_of, is_blinded

NEAREST = 8
"""Cells that are shown of each kind."""
SEARCHED_ELSEWHERE = 20_000
"""Cells of other cases that are compared with: the newest ones."""


@dataclass(frozen=True)
class SimilarCell:
    """A neighbour.

    Parameters
    ----------
    read
        As its case holds it, and as the viewer may see it.
    similarity
        Cosine of the embeddings, -1 to 1, estimated from their projections.
    same_picture
        Whether its pixels are those of the cell that was asked for.
    """

    case: Case
    read: ReadCell
    similarity: float
    same_picture: bool


@dataclass(frozen=True)
class SimilarCells:
    """The neighbours of a cell, nearest first.

    Parameters
    ----------
    bundle
        Which one's embeddings were compared.
    searched_here, searched_elsewhere
        How many cells were compared with.
    """

    bundle: Bundle
    in_case: tuple[SimilarCell, ...]
    elsewhere: tuple[SimilarCell, ...]
    searched_here: int
    searched_elsewhere: int


def similar_cells(
    transaction: Transaction,
    cell: Cell,
    active: Bundle,
    rule: ReviewRule,
    viewer_id: UUID | None,
    site_ids: Collection[UUID],
) -> SimilarCells | None:
    """Find the cells of some sites that look like one to the bundle of its case.

    None without an embedding.

    Embeddings of two bundles are never compared: they have nothing in common.
    """
    bundle = bundle_of(transaction, cell.case_id, active)
    digest = bundle.manifest.digest
    here = transaction.embeddings.of_case(cell.case_id, digest)
    own = next((item for item in here if item.cell_id == cell.id), None)
    if own is None:
        return None
    others = [item for item in here if item.cell_id != cell.id]
    elsewhere = transaction.embeddings.latest_elsewhere(
        cell.case_id, digest, SEARCHED_ELSEWHERE, site_ids
    )
    found_here, found_elsewhere = nearest(own, others), nearest(own, elsewhere)
    ids = [cell_id for cell_id, _ in (*found_here, *found_elsewhere)]
    held = _held(transaction, ids, bundle, rule, viewer_id)
    shown_here = (_similar(cell, *held[cell_id], value) for cell_id, value in found_here)
    shown_elsewhere = (_similar(cell, *held[cell_id], value) for cell_id, value in found_elsewhere)
    return SimilarCells(
        bundle=bundle,
        in_case=tuple(shown_here),
        elsewhere=tuple(shown_elsewhere),
        searched_here=len(others),
        searched_elsewhere=len(elsewhere),
    )


def nearest(
    own: CellEmbedding, others: Sequence[CellEmbedding], count: int = NEAREST
) -> list[tuple[UUID, float]]:
    """Give the nearest cells with their cosines, nearest first; of equals, those listed first."""
    if not others:
        return []
    found = cosines(own.vector, np.stack([item.vector for item in others]))
    order = np.argsort(-found, kind="stable")[:count]
    return [(others[index].cell_id, float(found[index])) for index in order]


def _similar(cell: Cell, case: Case, read: ReadCell, similarity: float) -> SimilarCell:
    return SimilarCell(case, read, similarity, read.cell.pixel_sha256 == cell.pixel_sha256)


def _held(
    transaction: Transaction,
    cell_ids: Sequence[UUID],
    bundle: Bundle,
    rule: ReviewRule,
    viewer_id: UUID | None,
) -> dict[UUID, tuple[Case, ReadCell]]:
    """Cells with their cases, as readers hold them and a viewer may see them.

    Of each case only these cells are read: sixteen neighbours can lie in as many large cases.
    """
    findings = transaction.cells.findings(cell_ids, bundle.manifest.digest)
    by_case: dict[UUID, list[ReadCell]] = defaultdict(list)
    for cell_id in cell_ids:
        cell = transaction.cells.get(cell_id)
        read = read_cell(cell, findings.get(cell_id), bundle.manifest)
        by_case[cell.case_id].append(read)
    held = {}
    for case_id, cells in by_case.items():
        case, readings = transaction.cases.get(case_id), transaction.reviews.readings(case_id)
        as_read = CaseAsRead(
            case=case,
            bundle=bundle,
            rule=rule,
            progress=Progress(len(cells), len(cells), 0),
            read=cells,
            waiting=(),
            failures={},
            reviews=transaction.reviews.of_case(case_id),
            readings=readings,
            is_blinded=is_blinded(readings, viewer_id),
        )
        held.update({item.cell.id: (case, item) for item in as_read.cells})
    return held
