"""Cells, findings and failures in SQL."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from app.db.inserting import insert_new
from app.db.mapping import from_cell, to_cell
from app.db.tables import CellEmbeddingRow, CellRow, ClassificationFailureRow, FindingRow
from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN
from app.domain.case import Progress
from app.domain.cell import Cell
from app.domain.errors import NotFound
from app.domain.finding import CellFindings
from app.domain.message import message

# SQLite takes at most 32,766 parameters in a statement.
CHUNK = 500


class SqlCellRepository:
    """`CellRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, cells: Sequence[Cell]) -> None:
        """Insert in bulk."""
        if cells:
            self._session.execute(insert(CellRow), [from_cell(cell) for cell in cells])

    def get(self, cell_id: UUID) -> Cell:
        """One cell."""
        row = self._session.get(CellRow, cell_id)
        if row is None:
            raise NotFound(message("There is no cell {cell}.", cell=cell_id))
        return to_cell(row)

    def of_case(self, case_id: UUID) -> Sequence[Cell]:
        """By ordinal."""
        return self._cells(select(CellRow).where(CellRow.case_id == case_id))

    def of_upload(self, upload_id: UUID) -> Sequence[Cell]:
        """By ordinal."""
        return self._cells(select(CellRow).where(CellRow.upload_id == upload_id))

    def _cells(self, query: Select[CellRow]) -> Sequence[Cell]:
        return [to_cell(row) for row in self._session.scalars(query.order_by(CellRow.ordinal))]

    def known_pixels(self, case_id: UUID) -> set[str]:
        """Digests of the case's images."""
        query = select(CellRow.pixel_sha256).where(CellRow.case_id == case_id)
        return set(self._session.scalars(query))

    def unread(self, cell_ids: Sequence[UUID], digest: str) -> Sequence[Cell]:
        """Without findings and failure under the bundle."""
        query = select(CellRow).where(
            CellRow.id.in_(cell_ids), ~_has_pmn(digest), ~_has_failure(digest)
        )
        return self._cells(query)

    def unread_of_case(self, case_id: UUID, digest: str) -> Sequence[UUID]:
        """By ordinal."""
        query = select(CellRow.id).where(
            CellRow.case_id == case_id, ~_has_pmn(digest), ~_has_failure(digest)
        )
        return list(self._session.scalars(query.order_by(CellRow.ordinal)))

    def has_unread(self, upload_id: UUID, digest: str) -> bool:
        """Ask for one such cell, no more."""
        query = (
            select(CellRow.id)
            .where(CellRow.upload_id == upload_id, ~_has_pmn(digest), ~_has_failure(digest))
            .limit(1)
        )
        return self._session.scalar(query) is not None

    def read_by_another(self, case_id: UUID, digest: str) -> Sequence[UUID]:
        """Read or given up, but not under this bundle."""
        read = exists().where(FindingRow.cell_id == CellRow.id)
        failed = exists().where(ClassificationFailureRow.cell_id == CellRow.id)
        query = select(CellRow.id).where(
            CellRow.case_id == case_id, or_(read, failed), ~_has_pmn(digest), ~_has_failure(digest)
        )
        return list(self._session.scalars(query.order_by(CellRow.ordinal)))

    def add_findings(self, findings: Iterable[CellFindings], found_at: datetime) -> None:
        """Append; rows that exist stay."""
        rows = [
            {
                "cell_id": item.cell_id,
                "bundle_digest": item.bundle_digest,
                "label": label,
                "probability": probability,
                "novelty": item.novelty if label == PMN else None,
                "found_at": found_at,
            }
            for item in findings
            for label, probability in _labelled(item)
        ]
        insert_new(self._session, FindingRow, rows)

    def add_failure(self, cell_id: UUID, digest: str, reason: str, failed_at: datetime) -> None:
        """Append; a row that exists stays."""
        row = {
            "cell_id": cell_id,
            "bundle_digest": digest,
            "reason": reason,
            "failed_at": failed_at,
        }
        insert_new(self._session, ClassificationFailureRow, [row])

    def findings(self, cell_ids: Sequence[UUID], digest: str) -> Mapping[UUID, CellFindings]:
        """By cell."""
        probabilities: dict[UUID, dict[str, float]] = defaultdict(dict)
        novelty: dict[UUID, float | None] = {}
        for start in range(0, len(cell_ids), CHUNK):
            query = select(
                FindingRow.cell_id, FindingRow.label, FindingRow.probability, FindingRow.novelty
            ).where(
                FindingRow.cell_id.in_(cell_ids[start : start + CHUNK]),
                FindingRow.bundle_digest == digest,
            )
            for cell_id, label, probability, value in self._session.execute(query):
                probabilities[cell_id][label] = probability
                if label == PMN:
                    novelty[cell_id] = value
        return {
            cell_id: CellFindings(
                cell_id=cell_id,
                bundle_digest=digest,
                pmn_probability=by_label[PMN],
                probabilities={label: by_label[label.value] for label in Abnormality},
                novelty=novelty[cell_id],
            )
            for cell_id, by_label in probabilities.items()
        }

    def failures(self, case_id: UUID, digest: str) -> Mapping[UUID, str]:
        """By cell."""
        query = (
            select(ClassificationFailureRow.cell_id, ClassificationFailureRow.reason)
            .join(CellRow, CellRow.id == ClassificationFailureRow.cell_id)
            .where(
                CellRow.case_id == case_id,
                ClassificationFailureRow.bundle_digest == digest,
                ~_has_pmn(digest),
            )
        )
        return dict(self._session.execute(query).all())

    def progress(self, case_id: UUID, digest: str) -> Progress:
        """Of one case."""
        return self.progress_of([case_id], digest)[case_id]

    def progress_of(self, case_ids: Sequence[UUID], digest: str) -> dict[UUID, Progress]:
        """Of several cases in one query."""
        query = (
            select(
                CellRow.case_id,
                func.count(CellRow.id),
                func.count(FindingRow.cell_id),
                func.count(ClassificationFailureRow.cell_id),
            )
            .outerjoin(FindingRow, _pmn_of_cell(digest))
            # Two workers may both have had a cell, and one found what the other gave up.
            .outerjoin(
                ClassificationFailureRow,
                and_(_failure_of_cell(digest), FindingRow.cell_id.is_(None)),
            )
            .where(CellRow.case_id.in_(case_ids))
            .group_by(CellRow.case_id)
        )
        found = {row[0]: Progress(row[1], row[2], row[3]) for row in self._session.execute(query)}
        return {case_id: found.get(case_id, Progress(0, 0, 0)) for case_id in case_ids}

    def latest_of(self, digest: str, limit: int) -> Sequence[Cell]:
        """By its embeddings, whose key begins with the bundle; keys of cells rise with time."""
        query = (
            select(CellRow)
            .join(CellEmbeddingRow, CellEmbeddingRow.cell_id == CellRow.id)
            .where(CellEmbeddingRow.bundle_digest == digest)
            .order_by(CellEmbeddingRow.cell_id.desc())
            .limit(limit)
        )
        return [to_cell(row) for row in self._session.scalars(query)]

    def latest_bundle(self, case_id: UUID) -> str | None:
        """By the time of its findings."""
        query = (
            select(FindingRow.bundle_digest)
            .join(CellRow, CellRow.id == FindingRow.cell_id)
            .where(CellRow.case_id == case_id)
            .order_by(FindingRow.found_at.desc())
            .limit(1)
        )
        return self._session.scalar(query)


def _labelled(item: CellFindings) -> list[tuple[str, float]]:
    return [(PMN, item.pmn_probability)] + [
        (label.value, probability) for label, probability in item.probabilities.items()
    ]


def _pmn_of_cell(digest: str) -> ColumnElement[bool]:
    """Every read cell has exactly one `pmn` row under a bundle, so it stands for "read"."""
    return and_(
        FindingRow.cell_id == CellRow.id,
        FindingRow.bundle_digest == digest,
        FindingRow.label == PMN,
    )


def _failure_of_cell(digest: str) -> ColumnElement[bool]:
    return and_(
        ClassificationFailureRow.cell_id == CellRow.id,
        ClassificationFailureRow.bundle_digest == digest,
    )


def _has_pmn(digest: str) -> ColumnElement[bool]:
    return exists().where(_pmn_of_cell(digest))


def _has_failure(digest: str) -> ColumnElement[bool]:
    return exists().where(_failure_of_cell(digest))
