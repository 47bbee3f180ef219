"""The report as a page, made to be read and to be printed; and the interpretation in it."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path, Response

from app.domain.access import Permission
from app.domain.case import Case
from app.domain.errors import Conflict, InvalidInput
from app.domain.message import message
from app.domain.signing import MOST_VERSIONS
from app.domain.user import User
from app.ports import Transaction
from app.services.discussing import interpret
from app.services.reading import is_blinded
from app.services.reviewing import Reader
from app.services.signing import chosen_report
from app.services.trend import patient_points
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.language import gettext
from app.web.pages.contexts import Chrome
from app.web.pages.navigation import see_other
from app.web.pages.offers import report_for
from app.web.pages.present import case_path
from app.web.pages.present_interpretation import interpretation_page
from app.web.pages.present_report import report_page
from app.web.pages.rendering import chrome, render

router = APIRouter()

VersionNumber = Annotated[int, Path(ge=1, le=MOST_VERSIONS)]


@router.get("/cases/{case_id}/report")
def show_report(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """The signed version that holds, else what was read of the case as it stands now."""
    return _report(container, user, case_id, None)


@router.get("/cases/{case_id}/report/versions/{number}")
def show_version(
    container: ContainerDep, user: UserDep, case_id: UUID, number: VersionNumber
) -> Response:
    """A version as it was signed."""
    return _report(container, user, case_id, number)


def _report(container: ContainerDep, user: User, case_id: UUID, number: int | None) -> Response:
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        report, standing = chosen_report(transaction, reader, number, now)
        points = patient_points(transaction, reader, report, now)
    page = report_for(report_page(report, now, standing, points), user)
    is_open = not (standing.is_blinded or standing.is_cancelled)
    if number is None and user.may(Permission.SIGN) and is_open:
        page = replace(page, reclassify_path=f"{case_path(case_id)}/reclassify")
    return render("report.html", page, report_frame(report.case, user))


def report_frame(case: Case, user: User) -> Chrome:
    """What stands around a report, on the screen and on paper."""
    title = gettext("Report {accession}").format(accession=case.accession_number)
    return chrome(title, user, case.origin.notice)


@router.post("/cases/{case_id}/report/interpretation")
def write_interpretation(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    text: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Keep what stands under the numbers; what cannot be kept is shown again, never lost."""
    now = container.now()
    try:
        with container.transactions() as transaction:
            reader = reader_on(container, transaction, user, case_id)
            _write(transaction, reader, text, seen, now)
    except (Conflict, InvalidInput) as error:
        with container.transactions() as transaction:
            current = transaction.discussion.interpretation(case_id)
        page = interpretation_page(reader.case, text, seen, current, error, now)
        status = HTTPStatus.CONFLICT if isinstance(error, Conflict) else 422
        frame = chrome(gettext("Error: interpretation"), user, reader.case.origin.notice)
        return render("interpretation.html", page, frame, status=status)
    return see_other(f"{case_path(case_id)}/report#interpretation")


def _write(transaction: Transaction, reader: Reader, text: str, seen: str, now: datetime) -> None:
    readings = transaction.reviews.readings(reader.case.id)
    interpret(
        transaction,
        reader,
        text,
        _moment_of(seen),
        now,
        is_blinded=is_blinded(readings, reader.user.id),
    )


def _moment_of(seen: str) -> datetime | None:
    try:
        return datetime.fromisoformat(seen) if seen else None
    except ValueError as error:
        raise InvalidInput(message("The form is damaged. Load the page again.")) from error
