"""REST: reports to print."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.services.reporting import report_on
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep
from app.web.pages.present_report import report_page
from app.web.pages.report_pages import report_frame
from app.web.printing.pictures import key_pictures
from app.web.printing.report_pdf import report_pdf

router = APIRouter(prefix="/cases", tags=["cases"])

_PDF = {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{case_id}/report.pdf",
    response_class=Response,
    responses={200: _PDF, **problems(404, 422)},
    summary="The report of a case, to print",
)
def print_report(case_id: UUID, container: ContainerDep, user: UserDep) -> Response:
    """The report as it is now, on A4, in the language of the request; tagged by PDF/UA-1."""
    now = container.now()
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        report = report_on(transaction, case, container.bundle, container.review_rule, now, user.id)
    pictures = key_pictures(report, container.blobs)
    content = report_pdf(report_page(report, now), report_frame(case, user), pictures)
    return Response(content, media_type="application/pdf", headers=_headers(case_id))


def _headers(case_id: UUID) -> dict[str, str]:
    """The file's name has no patient in it: it ends up in folders and in mails."""
    name = f"vexascope-report-{case_id}.pdf"
    return {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
