"""Embeddings of cells in SQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.db.bundle_tables import CaseBundleRow
from app.db.inserting import insert_new
from app.db.tables import CaseRow, CellEmbeddingRow, CellRow
from app.ports import CellEmbedding

# The same on every machine, whatever its own order of bytes.
_STORED = np.dtype("<f2")


class SqlEmbeddingRepository:
    """`EmbeddingRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, embeddings: Sequence[CellEmbedding]) -> None:
        """Append; rows that exist stay."""
        rows = [
            {
                "bundle_digest": item.bundle_digest,
                "cell_id": item.cell_id,
                "vector": item.vector.astype(_STORED).tobytes(),
            }
            for item in embeddings
        ]
        insert_new(self._session, CellEmbeddingRow, rows)

    def of_case(self, case_id: UUID, digest: str) -> Sequence[CellEmbedding]:
        """By ordinal."""
        query = _under(digest).where(CellRow.case_id == case_id).order_by(CellRow.ordinal)
        return [_to_embedding(row, digest) for row in self._session.execute(query)]

    def latest_elsewhere(
        self, case_id: UUID, digest: str, limit: int, site_ids: Collection[UUID]
    ) -> Sequence[CellEmbedding]:
        """Keys are UUIDv7, so descending keys are newest first."""
        query = (
            _under(digest)
            .join(CaseRow, CaseRow.id == CellRow.case_id)
            .outerjoin(CaseBundleRow, CaseBundleRow.case_id == CellRow.case_id)
            .where(CellRow.case_id != case_id, CaseRow.site_id.in_(site_ids), _stands_on(digest))
            .order_by(CellEmbeddingRow.cell_id.desc())
            .limit(limit)
        )
        return [_to_embedding(row, digest) for row in self._session.execute(query)]


def _under(digest: str) -> Select[UUID, bytes]:
    return (
        select(CellEmbeddingRow.cell_id, CellEmbeddingRow.vector)
        .join(CellRow, CellRow.id == CellEmbeddingRow.cell_id)
        .where(CellEmbeddingRow.bundle_digest == digest)
    )


def _stands_on(digest: str) -> ColumnElement[bool]:
    """The case is reported with the bundle; where nothing says so, no other has read the cell."""
    other = aliased(CellEmbeddingRow)
    by_another = exists().where(
        other.cell_id == CellEmbeddingRow.cell_id, other.bundle_digest != digest
    )
    return or_(CaseBundleRow.digest == digest, and_(CaseBundleRow.case_id.is_(None), ~by_another))


def _to_embedding(row: Row[UUID, bytes], digest: str) -> CellEmbedding:
    cell_id, content = row
    return CellEmbedding(cell_id, digest, np.frombuffer(content, _STORED).astype(np.float16))
