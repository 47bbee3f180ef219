"""Rows to domain values and back."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.site_keys import own_number, site_key
from app.db.tables import CaseRow, CellRow, PatientRow, UploadPartRow, UploadRow
from app.db.worklist_tables import WorklistRow
from app.domain.abnormality import Abnormality
from app.domain.case import Case, CaseOrigin, ClinicalContext, Patient, Sex, Upload
from app.domain.case_state import CaseState
from app.domain.cell import Box, Cell, Framing, Location, Quality, QualityFlag
from app.domain.errors import RefusedFile
from app.domain.screening import Recommendation
from app.domain.upload_part import UploadPart
from app.domain.worklist import WorklistEntry, folded


def from_name(name: str | None) -> dict[str, str | None]:
    """What stands in the columns of a patient's name."""
    return {"name": name, "name_folded": folded(name) if name else None}


def from_patient(patient: Patient, site_id: UUID, created_at: datetime) -> dict[str, Any]:
    """The row of a patient of a site."""
    return {
        "id": patient.id,
        "identifier": site_key(site_id, patient.identifier),
        "own_identifier": own_number(site_id, patient.identifier),
        **from_name(patient.name),
        "created_at": created_at,
    }


def to_patient(row: PatientRow) -> Patient:
    """A patient."""
    return Patient(row.id, row.own_identifier or row.identifier, row.name)


def to_case(row: CaseRow) -> Case:
    """A case; its patient must be loaded."""
    return Case(
        id=row.id,
        patient=to_patient(row.patient),
        accession_number=row.own_number or row.accession_number,
        context=_to_context(row.context),
        origin=CaseOrigin(row.origin),
        created_at=row.created_at,
        site_id=row.site_id,
    )


def _to_context(content: dict[str, Any]) -> ClinicalContext:
    sex = content.get("sex")
    return ClinicalContext(**{**content, "sex": Sex(sex) if sex else None})


def from_context(context: ClinicalContext) -> dict[str, Any]:
    """JSON of the values that were given."""
    return {name: value for name, value in asdict(context).items() if value is not None}


def to_upload(row: UploadRow) -> Upload:
    """A delivery."""
    return Upload(
        id=row.id,
        case_id=row.case_id,
        created_at=row.created_at,
        accepted_count=row.accepted_count,
        duplicates=tuple(row.duplicates),
        refused=tuple(RefusedFile(**item) for item in row.refused),
        file_name=row.file_name,
        size_bytes=row.size_bytes,
    )


def from_upload(upload: Upload) -> UploadRow:
    """The row of a delivery."""
    return UploadRow(
        id=upload.id,
        case_id=upload.case_id,
        created_at=upload.created_at,
        accepted_count=upload.accepted_count,
        duplicates=list(upload.duplicates),
        refused=[asdict(item) for item in upload.refused],
        file_name=upload.file_name,
        size_bytes=upload.size_bytes,
    )


def to_upload_part(row: UploadPartRow) -> UploadPart:
    """A file in the making."""
    return UploadPart(
        id=row.id,
        case_id=row.case_id,
        user_id=row.user_id,
        file_name=row.file_name,
        size_bytes=row.size_bytes,
        offset_bytes=row.offset_bytes,
        started_at=row.started_at,
        updated_at=row.updated_at,
    )


def from_upload_part(part: UploadPart) -> UploadPartRow:
    """The row of a file in the making."""
    return UploadPartRow(**asdict(part))


def to_cell(row: CellRow) -> Cell:
    """A cell."""
    crop = Box(row.crop_left, row.crop_top, row.crop_right, row.crop_bottom)
    flags = tuple(QualityFlag(flag) for flag in row.quality_flags)
    return Cell(
        id=row.id,
        case_id=row.case_id,
        upload_id=row.upload_id,
        ordinal=row.ordinal,
        file_name=row.file_name,
        content_sha256=row.content_sha256,
        pixel_sha256=row.pixel_sha256,
        width_px=row.width_px,
        height_px=row.height_px,
        location=Location(Framing(row.framing), crop),
        quality=Quality(flags, row.quality_measures),
    )


def from_cell(cell: Cell) -> dict[str, Any]:
    """The column values of a cell, for a bulk insert."""
    crop = cell.location.crop
    return {
        "id": cell.id,
        "case_id": cell.case_id,
        "upload_id": cell.upload_id,
        "ordinal": cell.ordinal,
        "file_name": cell.file_name,
        "content_sha256": cell.content_sha256,
        "pixel_sha256": cell.pixel_sha256,
        "width_px": cell.width_px,
        "height_px": cell.height_px,
        "framing": cell.location.framing.value,
        "crop_left": crop.left,
        "crop_top": crop.top,
        "crop_right": crop.right,
        "crop_bottom": crop.bottom,
        "quality_flags": [flag.value for flag in cell.quality.flags],
        "quality_measures": cell.quality.measures,
    }


# Columns of the worklist that are fields of its line, under the same name.
_SAME = (
    "case_id",
    "accession_number",
    "patient_identifier",
    "opened_at",
    "cell_count",
    "pending_count",
    "failed_count",
    "pmn_count",
    "score",
    "cut_off",
    "reader_id",
    "reader_name",
    "needs_second",
    "site_id",
)


def to_worklist_entry(row: WorklistRow) -> WorklistEntry:
    """A line of the worklist."""
    counts = {label: getattr(row, f"{label.value}_count") for label in Abnormality}
    return WorklistEntry(
        **{name: getattr(row, name) for name in _SAME},
        origin=CaseOrigin(row.origin),
        state=CaseState(row.state),
        abnormality_counts=None if None in counts.values() else counts,
        recommendation=Recommendation(row.recommendation) if row.recommendation else None,
    )


def from_worklist_entry(entry: WorklistEntry) -> dict[str, Any]:
    """The column values of a line, with the copies that are searched and sorted by."""
    counts = entry.abnormality_counts or {}
    return {
        **{name: getattr(entry, name) for name in _SAME},
        **{f"{label.value}_count": counts.get(label) for label in Abnormality},
        "accession_folded": folded(entry.accession_number),
        "patient_folded": folded(entry.patient_identifier),
        "origin": entry.origin.value,
        "state": entry.state.value,
        "state_rank": entry.state.rank,
        "recommendation": entry.recommendation.value if entry.recommendation else None,
    }
