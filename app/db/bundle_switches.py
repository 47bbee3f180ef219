"""Which bundle runs, and which one a case stands on, in SQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.bundle_tables import BundleSwitchRow, CaseBundleRow, ReclassificationRow
from app.db.tables import CellEmbeddingRow
from app.domain.bundle_switch import BundlePart, BundleSwitch, CaseBundle, Reclassification

# SQLite takes at most 32,766 parameters in a statement.
CHUNK = 500


class SqlBundleSwitchRepository:
    """`BundleSwitchRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, switch: BundleSwitch) -> None:
        """Insert."""
        row = BundleSwitchRow(**vars(switch) | {"part": switch.part.value})
        self._session.add(row)
        self._session.flush()

    def latest(self, part: BundlePart) -> BundleSwitch | None:
        """Keys are UUIDv7: the highest is the latest."""
        query = select(BundleSwitchRow).where(BundleSwitchRow.part == part.value)
        row = self._session.scalar(query.order_by(BundleSwitchRow.id.desc()).limit(1))
        return _to_switch(row) if row else None

    def all(self) -> Sequence[BundleSwitch]:
        """The latest first."""
        rows = self._session.scalars(select(BundleSwitchRow).order_by(BundleSwitchRow.id.desc()))
        return [_to_switch(row) for row in rows]

    def cells_read(self) -> Mapping[str, int]:
        """Every cell that is read here has an embedding, whose key begins with the bundle."""
        digest = CellEmbeddingRow.bundle_digest
        query = select(digest, func.count()).group_by(digest)
        return dict(self._session.execute(query).all())


class SqlCaseBundleRepository:
    """`CaseBundleRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, case_id: UUID) -> CaseBundle | None:
        """One case's."""
        row = self._session.get(CaseBundleRow, case_id)
        return _to_standing(row) if row else None

    def of_cases(self, case_ids: Sequence[UUID]) -> Mapping[UUID, CaseBundle]:
        """By case."""
        found: dict[UUID, CaseBundle] = {}
        for start in range(0, len(case_ids), CHUNK):
            chunk = case_ids[start : start + CHUNK]
            query = select(CaseBundleRow).where(CaseBundleRow.case_id.in_(chunk))
            found |= {row.case_id: _to_standing(row) for row in self._session.scalars(query)}
        return found

    def put(self, case_id: UUID, standing: CaseBundle) -> None:
        """Insert or update."""
        self._session.merge(CaseBundleRow(case_id=case_id, **vars(standing)))
        self._session.flush()

    def add_reclassification(self, made: Reclassification) -> None:
        """Insert."""
        self._session.add(ReclassificationRow(**vars(made)))
        self._session.flush()

    def reclassifications(self, case_id: UUID) -> Sequence[Reclassification]:
        """Keys are UUIDv7."""
        query = select(ReclassificationRow).where(ReclassificationRow.case_id == case_id)
        rows = self._session.scalars(query.order_by(ReclassificationRow.id))
        return [_to_reclassification(row) for row in rows]


def _to_switch(row: BundleSwitchRow) -> BundleSwitch:
    return BundleSwitch(
        row.id, BundlePart(row.part), row.digest, row.at, row.by_id, row.by_name, row.reason
    )


def _to_standing(row: CaseBundleRow) -> CaseBundle:
    return CaseBundle(row.digest, row.since, row.is_chosen)


def _to_reclassification(row: ReclassificationRow) -> Reclassification:
    return Reclassification(
        id=row.id,
        case_id=row.case_id,
        from_digest=row.from_digest,
        to_digest=row.to_digest,
        by_id=row.by_id,
        by_name=row.by_name,
        at=row.at,
        reason=row.reason,
    )
