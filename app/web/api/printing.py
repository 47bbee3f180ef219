"""REST: reports to print."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.services.signing import chosen_report
from app.services.trend import patient_points
from app.web.api.problems import problems
from app.web.api.versions import Version
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.pages.present_report import report_page
from app.web.pages.report_pages import report_frame
from app.web.printing.pictures import key_pictures
from app.web.printing.report_pdf import report_pdf

router = APIRouter(prefix="/cases", tags=["reports"])

_PDF = {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{case_id}/report.pdf",
    response_class=Response,
    responses={200: _PDF, **problems(403, 404, 422)},
    summary="The report of a case, to print",
)
def print_report(
    case_id: UUID, container: ContainerDep, user: UserDep, version: Version = None
) -> Response:
    """The report on A4, in the language of the request; tagged by PDF/UA-1."""
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        report, standing = chosen_report(transaction, reader, version, now)
        points = patient_points(transaction, reader, report, now)
    page = report_page(report, now, standing, points)
    frame = report_frame(report.case, user)
    content = report_pdf(page, frame, key_pictures(report, container.blobs))
    return Response(content, media_type="application/pdf", headers=_headers(case_id, version))


def _headers(case_id: UUID, version: int | None) -> dict[str, str]:
    """The file's name has no patient in it: it ends up in folders and in mails."""
    suffix = "" if version is None else f"-v{version}"
    name = f"vexascope-report-{case_id}{suffix}.pdf"
    return {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
