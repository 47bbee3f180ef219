"""REST: reports to print."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.bootstrap import Container
from app.domain.report import Report
from app.domain.user import User
from app.services.reporting import report_on
from app.services.signing import signed_report
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, UserDep
from app.web.pages.present_report import report_page
from app.web.pages.report_pages import report_frame
from app.web.printing.pictures import key_pictures
from app.web.printing.report_pdf import report_pdf

router = APIRouter(prefix="/cases", tags=["cases"])

# What a database's integer holds: anything beyond it is no version of any case.
_MOST_VERSIONS = 2**31 - 1
Version = Annotated[
    int | None,
    Query(ge=1, le=_MOST_VERSIONS, description="A signed version; without, as it stands now."),
]
_PDF = {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{case_id}/report.pdf",
    response_class=Response,
    responses={200: _PDF, **problems(404, 422)},
    summary="The report of a case, to print",
)
def print_report(
    case_id: UUID, container: ContainerDep, user: UserDep, version: Version = None
) -> Response:
    """The report on A4, in the language of the request; tagged by PDF/UA-1."""
    report = _report(container, case_id, user, version)
    page, frame = report_page(report, container.now()), report_frame(report.case, user)
    content = report_pdf(page, frame, key_pictures(report, container.blobs))
    return Response(content, media_type="application/pdf", headers=_headers(case_id, version))


def _report(container: Container, case_id: UUID, user: User, version: int | None) -> Report:
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        if version is not None:
            return signed_report(transaction, case_id, version)
        bundle, rule = container.bundle, container.review_rule
        return report_on(transaction, case, bundle, rule, container.now(), user.id)


def _headers(case_id: UUID, version: int | None) -> dict[str, str]:
    """The file's name has no patient in it: it ends up in folders and in mails."""
    suffix = "" if version is None else f"-v{version}"
    name = f"vexascope-report-{case_id}{suffix}.pdf"
    return {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
