"""Data subject rights: how long cases are kept, a patient as a file, and erasing with proof."""

import json
from dataclasses import asdict
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response
from fastapi.responses import StreamingResponse

from app.bootstrap import Container
from app.domain.case import Case
from app.domain.erasure import Erasure
from app.domain.errors import Conflict, Forbidden, InvalidInput
from app.domain.message import message
from app.domain.user import User
from app.ports import Transaction
from app.services.erasing import erase_patient
from app.services.patient_export import CHUNK_BYTES, cases_to_export, write_patient
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.done import DoneDep
from app.web.pages.history_contexts import DataPage, ErasePage
from app.web.pages.navigation import see_other
from app.web.pages.present_history import erasure_row, overdue_row, rule_texts, timeline_path
from app.web.pages.rendering import chrome, render
from app.web.pages.wording import count

router = APIRouter()

SHOWN_OVERDUE = 100


@router.get("/administration/data")
def show_data(container: ContainerDep, user: UserDep, done: DoneDep) -> Response:
    """The rules tried dry, and the proofs of what was erased."""
    now, rule = container.now(), container.retention_rule
    with container.transactions() as transaction:
        over = transaction.erasures.overdue(rule, now, SHOWN_OVERDUE, site_ids=user.site_ids)
        erasures = transaction.erasures.all(user.site_ids)
    page = DataPage(
        rules=rule_texts(rule),
        overdue=tuple(overdue_row(case, now) for case in over),
        overdue_note=gettext("The first {most} are shown.").format(most=count(SHOWN_OVERDUE))
        if len(over) == SHOWN_OVERDUE
        else "",
        erasures=tuple(erasure_row(erasure, now) for erasure in erasures),
        done=done,
    )
    return render("data.html", page, chrome(gettext("Data protection"), user))


@router.get("/administration/data/erasures/{erasure_id}/proof.json")
def read_proof(container: ContainerDep, user: UserDep, erasure_id: UUID) -> Response:
    """The proof of one erasure, to be kept elsewhere."""
    with container.transactions() as transaction:
        erasure = transaction.erasures.get(erasure_id, user.site_ids)
    content = proof_of(erasure)
    name = f"vexascope-erasure-{erasure_id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)


@router.get("/administration/cases/{case_id}/erase")
def show_erase(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """What would be gone."""
    return _erase_form(container, user, case_id, "")


@router.post("/administration/cases/{case_id}/erase")
def erase(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Erase the patient of a case, or say on the form why not."""
    try:
        with container.transactions() as transaction:
            patient = transaction.cases.get(case_id).patient
            _refuse_others(transaction, user, patient.id)
            erase_patient(transaction, patient.id, reason, container.now())
    except (InvalidInput, Conflict) as error:
        return _erase_form(container, user, case_id, reason, translated(error.detail))
    return see_other("/administration/data?done=erased")


@router.get("/administration/cases/{case_id}/patient.zip")
def export_patient(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """All that is stored of the patient of a case, as one file."""
    file = TemporaryFile()  # noqa: SIM115 - it lives as long as the answer
    try:
        with container.transactions() as transaction:
            patient = transaction.cases.get(case_id).patient
            cases = _refuse_others(transaction, user, patient.id)
            write_patient(
                transaction, cases, container.bundle, container.blobs, file, container.now()
            )
            transaction.audit.note("patient.export", case_id=case_id, after={"cases": len(cases)})
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    headers = {
        "Content-Disposition": f'attachment; filename="vexascope-patient-{patient.id}.zip"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)


def _refuse_others(transaction: Transaction, user: User, patient_id: UUID) -> list[Case]:
    """The patient's cases; raises `Forbidden` where one belongs to a site of others."""
    cases = list(cases_to_export(transaction, patient_id))
    if not all(user.sees(case.site_id) for case in cases):
        raise Forbidden(
            message("The patient has cases in a site that you do not see. Ask its administrator.")
        )
    return cases


def _erase_form(
    container: Container, user: User, case_id: UUID, reason: str, error: str | None = None
) -> Response:
    with container.transactions() as transaction:
        patient = transaction.cases.get(case_id).patient
        cases = _refuse_others(transaction, user, patient.id)
        cells = sum(transaction.worklist.get(case.id).cell_count for case in cases)
    page = ErasePage(
        path=f"{timeline_path(case_id)}/erase",
        back_path=timeline_path(case_id),
        cases=tuple(case.accession_number for case in cases),
        cell_count=count(cells),
        reason=reason,
        error=error,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render("erase.html", page, chrome(gettext("Erase a patient"), user), status=status)


def proof_of(erasure: Erasure) -> str:
    """The proof as JSON."""
    return json.dumps(asdict(erasure), default=str, ensure_ascii=False, indent=1)
