"""All that is stored of a patient, as one file: for the person, or for another laboratory."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from tempfile import TemporaryFile
from typing import BinaryIO
from uuid import UUID

from app.domain.case import Case
from app.domain.case_records import CaseRecords
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.ports import AuditFilter, BlobStore, Bundle, Transaction
from app.services.auditing import as_json
from app.services.case_archive import write_archive
from app.services.reading import bundle_of

CHUNK_BYTES = 1024 * 1024
README = """\
Vexascope: all that is stored of one patient.

cases/NUMBER.zip   each case with its order, pictures, findings, decisions and signed reports
patient.json       identifier, name where one is stored, and the cases
audit.jsonl        who did what with these cases, one entry of JSON a line

It holds DATA OF A PATIENT. For research use only. Not a medical device, not for diagnosis.
"""


def cases_to_export(transaction: Transaction, patient_id: UUID) -> Sequence[Case]:
    """A patient's cases.

    Raises
    ------
    NotFound
        If there is no such patient, or nothing of them is left.
    """
    cases = transaction.cases.of_patient(patient_id)
    if not cases:
        raise NotFound(message("There is no such patient, or nothing of theirs is left."))
    return cases


def write_patient(
    transaction: Transaction,
    cases: Sequence[Case],
    active: Bundle,
    blobs: BlobStore,
    file: BinaryIO,
    now: datetime,
) -> None:
    """Write the file, one picture in memory at a time.

    Raises
    ------
    Conflict
        While cells of a case wait for classification.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        archive.writestr("patient.json", _patient(transaction, cases, now))
        archive.writestr("audit.jsonl", _audit(transaction, cases))
        for number, case in enumerate(cases, 1):
            digest = bundle_of(transaction, case.id, active).manifest.digest
            if not transaction.cells.progress(case.id, digest).done:
                raise Conflict(
                    message("Cells wait for classification. Export the patient after it.")
                )
            records = transaction.archives.read(case.id, digest)
            _add_case(archive, f"cases/{number}.zip", records, blobs, now)


def _add_case(
    archive: zipfile.ZipFile, name: str, records: CaseRecords, blobs: BlobStore, now: datetime
) -> None:
    """As it is exported by itself, but for the table: `case.json` has all that it would say."""
    with TemporaryFile() as inner:
        write_archive(records, "", blobs, inner, now)
        inner.seek(0)
        with archive.open(name, "w", force_zip64=True) as out:
            while chunk := inner.read(CHUNK_BYTES):
                out.write(chunk)


def _patient(transaction: Transaction, cases: Sequence[Case], now: datetime) -> str:
    patient = cases[0].patient
    content = {
        "identifier": patient.identifier,
        "name": patient.name,
        "exported_at": now,
        "cases": [
            {"number": number, **_case(transaction, case)} for number, case in enumerate(cases, 1)
        ],
    }
    return json.dumps(content, default=_as_text, ensure_ascii=False, indent=1)


def _case(transaction: Transaction, case: Case) -> dict[str, object]:
    """What the archive of a case does not hold, since another instance has no use for it, too."""
    return {
        "accession_number": case.accession_number,
        "opened_at": case.created_at,
        "clinical_context": {
            name: value for name, value in vars(case.context).items() if value is not None
        },
        "read_by_other_bundles": [
            asdict(made) for made in transaction.case_bundles.reclassifications(case.id)
        ],
    }


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _audit(transaction: Transaction, cases: Sequence[Case]) -> str:
    lines = [
        json.dumps(as_json(entry), ensure_ascii=False)
        for case in cases
        for entry in transaction.audit.all(AuditFilter(case_id=case.id))
    ]
    return "".join(f"{line}\n" for line in lines)
