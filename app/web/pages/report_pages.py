"""The report as a page, made to be read and to be printed."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.case import Case
from app.domain.user import User
from app.services.reporting import report_on
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages.contexts import Chrome
from app.web.pages.present_report import report_page
from app.web.pages.rendering import chrome, render

router = APIRouter()


@router.get("/cases/{case_id}/report")
def show_report(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """What was read of a case, as it stands now."""
    now = container.now()
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        report = report_on(transaction, case, container.bundle, container.review_rule, now, user.id)
    return render("report.html", report_page(report, now), report_frame(case, user))


def report_frame(case: Case, user: User) -> Chrome:
    """What stands around a report, on the screen and on paper."""
    title = gettext("Report {accession}").format(accession=case.accession_number)
    return chrome(title, user, case.origin.notice)
