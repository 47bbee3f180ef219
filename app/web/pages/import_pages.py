"""The form that takes a case from another instance."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel

from app.domain.errors import Conflict, InvalidInput, TooLarge, VexascopeError
from app.domain.user import User
from app.services.case_import import ImportChoices
from app.web.dependencies import ContainerDep, UserDep
from app.web.importing import take_archive
from app.web.language import gettext, translated
from app.web.pages.contexts import FormField
from app.web.pages.import_contexts import ImportPage
from app.web.pages.navigation import see_other
from app.web.pages.present import case_path
from app.web.pages.rendering import chrome, render

router = APIRouter()

_STATUS: dict[type[VexascopeError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


class ImportForm(BaseModel):
    """What was typed beside the file."""

    accession_number: str = ""
    patient_identifier: str = ""
    same_patient: bool = False

    def choices(self) -> ImportChoices:
        """What is left empty stays as it is in the archive."""
        number, identifier = self.accession_number.strip(), self.patient_identifier.strip()
        return ImportChoices(number or None, identifier or None, self.same_patient)


@router.get("/cases/import")
def show_import(user: UserDep) -> Response:
    """The empty form."""
    return _form(ImportForm(), user)


@router.post("/cases/import")
def import_archive(
    container: ContainerDep,
    user: UserDep,
    file: Annotated[UploadFile | None, File()] = None,
    accession_number: Annotated[str, Form()] = "",
    patient_identifier: Annotated[str, Form()] = "",
    same_patient: Annotated[str, Form()] = "",
) -> Response:
    """Take the case in and go to it, or say on the form why not."""
    form = ImportForm(
        accession_number=accession_number,
        patient_identifier=patient_identifier,
        same_patient=bool(same_patient),
    )
    if file is None or not file.size:
        error = gettext("Choose a file.")
        return _form(form, user, error, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        case = take_archive(container, user, file.file, form.choices())
    except (InvalidInput, Conflict, TooLarge) as problem:
        return _form(form, user, translated(problem.detail), _STATUS[type(problem)])
    return see_other(case_path(case.id))


def _form(
    form: ImportForm, user: User, error: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    title = gettext("Error: import a case") if error else gettext("Import a case")
    return render("case_import.html", import_page(form, error), chrome(title, user), status=status)


def import_page(form: ImportForm, error: str | None) -> ImportPage:
    """The form, with what was typed; the file has to be chosen again."""
    return ImportPage(
        fields=(
            _field("accession_number", gettext("Accession number"), form.accession_number),
            _field("patient_identifier", gettext("Patient identifier"), form.patient_identifier),
        ),
        same_patient=form.same_patient,
        error=error,
    )


def _field(name: str, label: str, value: str) -> FormField:
    return FormField(
        name=name,
        label=label,
        kind="text",
        value=value,
        unit=None,
        hint=gettext("Only where it shall not be the one in the file."),
        error=None,
        required=False,
        choices=(),
    )
