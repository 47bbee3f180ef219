"""Erasing in SQL: what leads to a person is written over, row by row of every table."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from app.db.bundle_tables import ReclassificationRow
from app.db.control_tables import ControlCellRow, ControlSetRow
from app.db.erasure_mapping import from_erased, to_erasure
from app.db.erasure_tables import ErasedImageRow, ErasureRow
from app.db.inserting import insert_new
from app.db.mapping import to_case
from app.db.order_tables import OrderRow, ReceivedMessageRow
from app.db.outbox_tables import DeliveryRow, DestinationRow
from app.db.statistics_tables import CaseMeasuresRow
from app.db.tables import (
    AmendmentRow,
    CaseRow,
    CellEmbeddingRow,
    CellRow,
    CommentRow,
    InterpretationRow,
    PatientRow,
    ReportVersionRow,
    UploadPartRow,
    UploadRow,
)
from app.db.worklist_tables import WorklistRow, WorklistSearchRow
from app.domain.case import Case
from app.domain.erasure import Erasure, RetentionRule
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.naming_people import may_name
from app.domain.outbox import DeliveryState

ERASED = "erased"
CHUNK = 500


class SqlErasureRepository:
    """`ErasureRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def hold_patient(self, patient_id: UUID) -> None:
        """By a lock that a new case waits for; SQLite knows none, but to write its database."""
        held = PatientRow.id == patient_id
        self._session.execute(update(PatientRow).where(held).values(name=PatientRow.name))
        self._session.execute(select(PatientRow.id).where(held).with_for_update())

    def erase_case(self, case_id: UUID, at: datetime) -> None:
        """Keys, times and numbers stay; names, texts, pictures' names and vectors go."""
        session = self._session
        case = session.get_one(CaseRow, case_id)
        patient = session.get_one(PatientRow, case.patient_id)
        numbers = (
            case.own_number or case.accession_number,
            patient.own_identifier or patient.identifier,
        )
        self._forget_searches(numbers, patient.name)
        cells = select(CellRow.id).where(CellRow.case_id == case_id)
        session.execute(delete(CellEmbeddingRow).where(CellEmbeddingRow.cell_id.in_(cells)))
        self._empty(CaseMeasuresRow, case_id, vector=None)
        self._rename_cells(case_id)
        self._empty(UploadRow, case_id, duplicates=[], refused=[], file_name=None)
        self._empty(CommentRow, case_id, text=ERASED)
        self._empty(InterpretationRow, case_id, text=ERASED)
        self._empty(ReportVersionRow, case_id, content="", reason=None)
        self._empty(AmendmentRow, case_id, reason=ERASED)
        self._empty(ReclassificationRow, case_id, reason=ERASED)
        self._leave_sets(case_id, at)
        self._forget_deliveries(case_id, at)
        for table in (UploadPartRow, OrderRow, WorklistRow):
            session.execute(delete(table).where(table.case_id == case_id))
        # The message stays known by its sender and number, which name nobody: sent again, it opens
        # nothing. What would tell whoever has the message that it was here goes.
        self._empty(ReceivedMessageRow, case_id, sha256=ERASED)
        case.accession_number, case.own_number = f"{ERASED}-{case_id}", None
        case.context, case.erased_at = {}, at
        session.flush()

    def _forget_deliveries(self, case_id: UUID, at: datetime) -> None:
        """What waits is not sent; what receivers answered may name the person."""
        of_case = DeliveryRow.case_id == case_id
        waits = DeliveryRow.state == DeliveryState.WAITING.value
        told = select(DeliveryRow.destination_id).where(of_case)
        session = self._session
        spoke = update(DestinationRow).where(DestinationRow.id.in_(told))
        session.execute(spoke.values(last_error=None))
        answered = update(DeliveryRow).where(of_case, DeliveryRow.last_error.is_not(None))
        session.execute(answered.values(last_error=ERASED))
        waiting = update(DeliveryRow).where(of_case, waits)
        session.execute(
            waiting.values(
                state=DeliveryState.SKIPPED.value,
                settled_at=at,
                lease=None,
                leased_until=None,
                last_error=ERASED,
            )
        )

    def _leave_sets(self, case_id: UUID, at: datetime) -> None:
        """Take the case's cells out of fixed sets.

        What is compared is not compared again. Daily control slides stay, and alarm: if they
        went, nobody would notice that the classifier is watched no more.
        """
        held = ControlCellRow.group_name == str(case_id)
        sets = list(self._session.scalars(select(ControlCellRow.set_id).where(held).distinct()))
        self._session.execute(delete(ControlCellRow).where(held))
        open_sets = (
            ControlSetRow.id.in_(sets)
            & ControlSetRow.retired_at.is_(None)
            & ControlSetRow.is_daily.is_(False)
        )
        self._session.execute(update(ControlSetRow).where(open_sets).values(retired_at=at))

    def _empty(self, table: Any, case_id: UUID, **values: Any) -> None:
        self._session.execute(update(table).where(table.case_id == case_id).values(**values))

    def _rename_cells(self, case_id: UUID) -> None:
        """A digest of a picture would tell whoever has the picture that it was here."""
        ids = self._session.scalars(select(CellRow.id).where(CellRow.case_id == case_id)).all()
        rows = []
        for cell_id in ids:
            digest = hashlib.sha256(cell_id.bytes).hexdigest()
            values = {"file_name": ERASED, "content_sha256": digest, "pixel_sha256": digest}
            rows.append({"id": cell_id, **values})
        if rows:
            self._session.execute(update(CellRow), rows)

    def _forget_searches(self, numbers: Collection[str], name: str | None) -> None:
        """What people searched for may be the numbers and the name, or a part of them, or more."""
        query = select(WorklistSearchRow.id, WorklistSearchRow.text)
        found = [
            search_id
            for search_id, text in self._session.execute(query)
            if may_name(text, numbers, name)
        ]
        rows = [{"id": search_id, "text": f"{ERASED}-{search_id}"} for search_id in found]
        if rows:
            self._session.execute(update(WorklistSearchRow), rows)

    def shared_pixels(self, case_ids: Collection[UUID]) -> frozenset[str]:
        """One look into the index of pixels for each cell."""
        other = aliased(CellRow)
        elsewhere = exists().where(
            other.pixel_sha256 == CellRow.pixel_sha256, other.case_id.not_in(case_ids)
        )
        query = select(CellRow.pixel_sha256).where(CellRow.case_id.in_(case_ids), elsewhere)
        own = select(CellRow.pixel_sha256).where(CellRow.case_id.in_(case_ids))
        in_sets = self._in_sets(case_ids)
        kept = in_sets and in_sets & set(self._session.scalars(own))
        return frozenset(self._session.scalars(query)) | kept

    def forget_patient(self, patient_id: UUID) -> None:
        """The row stays for its keys."""
        row = self._session.get_one(PatientRow, patient_id)
        row.identifier, row.own_identifier = f"{ERASED}-{patient_id}", None
        row.name, row.name_folded = None, None

    def add(self, erasure: Erasure, pixels: Collection[str]) -> None:
        """The proof, with what is still to be done."""
        row = ErasureRow(
            id=erasure.id,
            patient_id=erasure.patient_id,
            site_id=self._site_of(erasure),
            cases=[from_erased(case) for case in erasure.cases],
            cause=erasure.cause.value,
            reason=erasure.reason,
            erased_by=erasure.erased_by,
            erased_at=erasure.erased_at,
            image_count=erasure.image_count,
            shared_count=erasure.shared_count,
            removed_at=erasure.removed_at,
        )
        self._session.add(row)
        self._session.flush()
        # One that was erased a short while ago, and came again with another case, is listed anew.
        self.take_off(pixels)
        rows = [{"pixel_sha256": item, "erasure_id": erasure.id} for item in sorted(pixels)]
        insert_new(self._session, ErasedImageRow, rows)

    def _site_of(self, erasure: Erasure) -> UUID:
        return self._session.get_one(CaseRow, erasure.cases[0].case_id).site_id

    def all(self, site_ids: Collection[UUID]) -> Sequence[Erasure]:
        """By time."""
        query = select(ErasureRow).where(ErasureRow.site_id.in_(site_ids))
        rows = self._session.scalars(query.order_by(ErasureRow.id.desc()))
        return [to_erasure(row) for row in rows]

    def get(self, erasure_id: UUID, site_ids: Collection[UUID]) -> Erasure:
        """One proof; another site's is not there."""
        row = self._session.get(ErasureRow, erasure_id)
        if row is None or row.site_id not in site_ids:
            raise NotFound(message("There is no such proof of an erasure."))
        return to_erasure(row)

    def last_at(self) -> datetime | None:
        """By time: keys are UUIDv7."""
        query = select(ErasureRow.erased_at).order_by(ErasureRow.id.desc()).limit(1)
        return self._session.scalar(query)

    def pending(self, erased_before: datetime, limit: int) -> Mapping[str, UUID]:
        """In any order."""
        query = select(ErasedImageRow).join(ErasureRow, ErasureRow.id == ErasedImageRow.erasure_id)
        query = query.where(
            ErasedImageRow.removed_at.is_(None), ErasureRow.erased_at <= erased_before
        ).limit(limit)
        return {row.pixel_sha256: row.erasure_id for row in self._session.scalars(query)}

    def are_listed(self, pixels: Collection[str]) -> bool:
        """In pieces: a delivery can have thousands of images."""
        wanted = sorted(pixels)
        return any(
            self._session.scalar(
                select(ErasedImageRow.pixel_sha256)
                .where(ErasedImageRow.pixel_sha256.in_(wanted[start : start + CHUNK]))
                .limit(1)
            )
            for start in range(0, len(wanted), CHUNK)
        )

    def removed_before(self, moment: datetime, limit: int) -> set[str]:
        """In any order."""
        query = select(ErasedImageRow.pixel_sha256).where(ErasedImageRow.removed_at <= moment)
        return set(self._session.scalars(query.limit(limit)))

    def take_off(self, pixels: Collection[str]) -> None:
        """They are gone for long."""
        self._session.execute(delete(ErasedImageRow).where(ErasedImageRow.pixel_sha256.in_(pixels)))

    def needed(self, pixels: Collection[str]) -> set[str]:
        """By the cells of cases, and by the copies in fixed sets."""
        if not pixels:
            return set()
        query = select(CellRow.pixel_sha256).where(CellRow.pixel_sha256.in_(pixels))
        return set(self._session.scalars(query)) | (self._in_sets() & set(pixels))

    def _in_sets(self, but_of: Collection[UUID] = ()) -> set[str]:
        """Images of fixed sets, which hold some thousands of cells at most."""
        query = select(ControlCellRow.cell)
        query = query.where(ControlCellRow.group_name.not_in([str(key) for key in but_of]))
        return {cell["pixel_sha256"] for cell in self._session.scalars(query)}

    def note_removed(self, pixels: Collection[str], at: datetime) -> None:
        """And complete the proofs that wait for nothing any more."""
        gone = ErasedImageRow.pixel_sha256.in_(pixels)
        self._session.execute(update(ErasedImageRow).where(gone).values(removed_at=at))
        waiting = exists().where(
            ErasedImageRow.erasure_id == ErasureRow.id, ErasedImageRow.removed_at.is_(None)
        )
        complete = update(ErasureRow).where(ErasureRow.removed_at.is_(None), ~waiting)
        self._session.execute(complete.values(removed_at=at))

    def overdue(
        self,
        rule: RetentionRule,
        now: datetime,
        limit: int,
        *,
        after: UUID | None = None,
        site_ids: Collection[UUID] | None = None,
    ) -> Sequence[Case]:
        """Cases whose last signature, or opening where there is none, lies too far back."""
        signed = (
            select(func.max(ReportVersionRow.signed_at))
            .where(ReportVersionRow.case_id == CaseRow.id)
            .correlate(CaseRow)
            .scalar_subquery()
        )
        over = []
        if rule.signed is not None:
            over.append(signed <= now - rule.signed)
        if rule.unsigned is not None:
            over.append(signed.is_(None) & (CaseRow.created_at <= now - rule.unsigned))
        if not over:
            return []
        query = select(CaseRow).options(joinedload(CaseRow.patient))
        query = query.where(CaseRow.erased_at.is_(None), or_(*over)).order_by(CaseRow.id)
        if after is not None:
            query = query.where(CaseRow.id > after)
        if site_ids is not None:
            query = query.where(CaseRow.site_id.in_(site_ids))
        return [to_case(row) for row in self._session.scalars(query.limit(limit))]
