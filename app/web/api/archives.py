"""REST: a whole case as one file, out and in."""

from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import StreamingResponse

from app.services.case_archive import records_of, write_archive
from app.services.case_import import ImportChoices
from app.services.history import standing
from app.services.signing import current_report
from app.web.api.case_schema import CaseStandingRead
from app.web.api.findings_schema import findings_csv
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.importing import take_archive

router = APIRouter(prefix="/cases", tags=["cases"])

_CHUNK_BYTES = 1024 * 1024
_ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{case_id}/export.zip",
    response_class=StreamingResponse,
    responses={200: _ZIP, **problems(404, 409, 422, 503)},
    summary="A case as one file",
)
def export_case(case_id: UUID, container: ContainerDep, user: UserDep) -> Response:
    """Pictures, findings, reviews and signed reports, for another instance to import.

    It holds data of the patient.
    """
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        records = records_of(transaction, reader)
        table = findings_csv(current_report(transaction, reader, now)[0])
    # On disk: hundreds of pictures would fill the memory.
    file = TemporaryFile()  # noqa: SIM115 - it lives as long as the answer
    try:
        write_archive(records, table, container.blobs, file, now)
    except BaseException:
        file.close()
        raise
    headers = {
        "Content-Disposition": f'attachment; filename="vexascope-case-{case_id}.zip"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_sent(file), media_type="application/zip", headers=headers)


def _sent(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


@router.post(
    "/import",
    status_code=201,
    responses=problems(400, 409, 413, 422, 503),
    summary="Take a case from another instance",
)
def import_archive(
    container: ContainerDep,
    user: UserDep,
    response: Response,
    file: Annotated[UploadFile, File(description="What `export.zip` gave.")],
    accession_number: Annotated[
        str | None, Form(description="In place of the archive's, where that is taken here.")
    ] = None,
    patient_identifier: Annotated[
        str | None, Form(description="In place of the archive's, where that is another patient's.")
    ] = None,
    *,
    same_patient: Annotated[
        bool, Form(description="That the patient who has this identifier here is the same.")
    ] = False,
) -> CaseStandingRead:
    """Check the archive to the last byte, then store the case under its own keys.

    Its readers become accounts that cannot sign in. Signed versions stay as they were signed.
    """
    choices = ImportChoices(accession_number or None, patient_identifier or None, same_patient)
    case = take_archive(container, user, file.file, choices)
    with container.transactions() as transaction:
        read = CaseStandingRead.standing(standing(transaction, case, container.bundle))
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    return read
