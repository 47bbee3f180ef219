"""Similar cells: the nearest by embedding, in the same case and in others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from app.domain.case import Case
from app.domain.cell import Cell
from app.domain.finding import ReadCell, read_cell
from app.domain.review import ReviewRule
from app.imaging.embedding import cosines
from app.ports import Bundle, CellEmbedding, Transaction
from app.services.reading import CaseAsRead, bundle_of, read_case

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
    transaction: Transaction, cell: Cell, active: Bundle, rule: ReviewRule, viewer_id: UUID | None
) -> SimilarCells | None:
    """Find the cells that look like one to the bundle of its case; None without an embedding.

    Embeddings of two bundles are never compared: they have nothing in common.
    """
    bundle = bundle_of(transaction, cell.case_id, active)
    digest = bundle.manifest.digest
    here = transaction.embeddings.of_case(cell.case_id, digest)
    own = next((item for item in here if item.cell_id == cell.id), None)
    if own is None:
        return None
    others = [item for item in here if item.cell_id != cell.id]
    elsewhere = transaction.embeddings.latest_elsewhere(cell.case_id, digest, SEARCHED_ELSEWHERE)
    cases = _Cases(transaction, bundle, active, rule, viewer_id)
    return SimilarCells(
        bundle=bundle,
        in_case=tuple(_similar(cell, cases, *item) for item in nearest(own, others)),
        elsewhere=tuple(_similar(cell, cases, *item) for item in nearest(own, elsewhere)),
        searched_here=len(others),
        searched_elsewhere=len(elsewhere),
    )


class _Cases:
    """Cases as a viewer may see them, each read once."""

    def __init__(
        self,
        transaction: Transaction,
        bundle: Bundle,
        active: Bundle,
        rule: ReviewRule,
        viewer_id: UUID | None,
    ) -> None:
        self._transaction = transaction
        self._bundle = bundle
        self._by = (active, rule, viewer_id)
        self._read: dict[UUID, CaseAsRead] = {}

    def holding(self, cell_id: UUID) -> tuple[Case, ReadCell]:
        """A cell that the bundle has read, as its case holds it."""
        cell = self._transaction.cells.get(cell_id)
        case_id = cell.case_id
        if case_id not in self._read:
            case = self._transaction.cases.get(case_id)
            self._read[case_id] = read_case(self._transaction, case, *self._by)
        as_read = self._read[case_id]
        held = next((item for item in as_read.cells if item.cell.id == cell_id), None)
        return as_read.case, held or self._as_classified(cell)

    def _as_classified(self, cell: Cell) -> ReadCell:
        """What the bundle says, while the case is read again by another one."""
        manifest = self._bundle.manifest
        findings = self._transaction.cells.findings([cell.id], manifest.digest)
        return read_cell(cell, findings.get(cell.id), manifest)


def nearest(
    own: CellEmbedding, others: Sequence[CellEmbedding], count: int = NEAREST
) -> list[tuple[UUID, float]]:
    """Give the nearest cells with their cosines, nearest first; of equals, those listed first."""
    if not others:
        return []
    found = cosines(own.vector, np.stack([item.vector for item in others]))
    order = np.argsort(-found, kind="stable")[:count]
    return [(others[index].cell_id, float(found[index])) for index in order]


def _similar(cell: Cell, cases: _Cases, other_id: UUID, similarity: float) -> SimilarCell:
    case, read = cases.holding(other_id)
    return SimilarCell(case, read, similarity, read.cell.pixel_sha256 == cell.pixel_sha256)
