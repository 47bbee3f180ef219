"""Proofs of erasures, from rows to domain values and back."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.erasure_tables import ErasureRow
from app.domain.erasure import ErasedCase, Erasure, ErasureCause


def from_erased(case: ErasedCase) -> dict[str, Any]:
    """What a proof keeps of a case, as JSON."""
    content = asdict(case)
    return {
        **content,
        "case_id": str(case.case_id),
        "opened_at": case.opened_at.isoformat(),
    }


def to_erasure(row: ErasureRow) -> Erasure:
    """The proof of a row."""
    cases = (
        ErasedCase(
            case_id=UUID(item["case_id"]),
            opened_at=datetime.fromisoformat(item["opened_at"]),
            counts=item["counts"],
            recommendation=item["recommendation"],
            versions=item["versions"],
        )
        for item in row.cases
    )
    return Erasure(
        id=row.id,
        patient_id=row.patient_id,
        cases=tuple(cases),
        cause=ErasureCause(row.cause),
        reason=row.reason,
        erased_by=row.erased_by,
        erased_at=row.erased_at,
        image_count=row.image_count,
        shared_count=row.shared_count,
        removed_at=row.removed_at,
    )
