"""Similar cells: the nearest by embedding, in the same case and in others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from app.domain.bundle import BundleManifest
from app.domain.case import Case
from app.domain.cell import Cell
from app.domain.finding import ReadCell, read_cell
from app.imaging.embedding import cosines
from app.ports import CellEmbedding, Transaction

NEAREST = 8
"""Cells that are shown of each kind."""
SEARCHED_ELSEWHERE = 20_000
"""Cells of other cases that are compared with: the newest ones."""


@dataclass(frozen=True)
class SimilarCell:
    """A neighbour.

    Parameters
    ----------
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
    """The neighbours of a cell under one bundle, nearest first.

    Parameters
    ----------
    searched_here, searched_elsewhere
        How many cells were compared with.
    """

    in_case: tuple[SimilarCell, ...]
    elsewhere: tuple[SimilarCell, ...]
    searched_here: int
    searched_elsewhere: int


def similar_cells(
    transaction: Transaction, cell: Cell, manifest: BundleManifest
) -> SimilarCells | None:
    """Find the cells that look like one to a bundle; None where it has no embedding under it.

    Embeddings of two bundles are never compared: they have nothing in common.
    """
    here = transaction.embeddings.of_case(cell.case_id, manifest.digest)
    own = next((item for item in here if item.cell_id == cell.id), None)
    if own is None:
        return None
    others = [item for item in here if item.cell_id != cell.id]
    elsewhere = transaction.embeddings.latest_elsewhere(
        cell.case_id, manifest.digest, SEARCHED_ELSEWHERE
    )
    return SimilarCells(
        in_case=_shown(transaction, cell, manifest, nearest(own, others)),
        elsewhere=_shown(transaction, cell, manifest, nearest(own, elsewhere)),
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


def _shown(
    transaction: Transaction,
    cell: Cell,
    manifest: BundleManifest,
    found: Sequence[tuple[UUID, float]],
) -> tuple[SimilarCell, ...]:
    findings = transaction.cells.findings([cell_id for cell_id, _ in found], manifest.digest)
    shown = []
    for cell_id, similarity in found:
        other = transaction.cells.get(cell_id)
        read = read_cell(other, findings.get(cell_id), manifest)
        case = transaction.cases.get(other.case_id)
        same = other.pixel_sha256 == cell.pixel_sha256
        shown.append(SimilarCell(case, read, similarity, same))
    return tuple(shown)
