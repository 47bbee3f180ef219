"""Embeddings of cells in SQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

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
            .where(CellRow.case_id != case_id, CaseRow.site_id.in_(site_ids))
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


def _to_embedding(row: Row[UUID, bytes], digest: str) -> CellEmbedding:
    cell_id, content = row
    return CellEmbedding(cell_id, digest, np.frombuffer(content, _STORED).astype(np.float16))
