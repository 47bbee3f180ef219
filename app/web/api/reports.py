"""REST: reports, their signed versions, and the findings behind them."""

from uuid import UUID

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.report import Report
from app.domain.user import User
from app.services.signing import chosen_report, refuse_blinded
from app.web.api.conditional import etag_of
from app.web.api.findings_schema import FindingsRead, findings_csv
from app.web.api.problems import problems
from app.web.api.report_schema import ReportRead
from app.web.api.review_schema import AmendmentRead, VersionList, VersionRead
from app.web.api.versions import Version
from app.web.api.waiting import Wait
from app.web.dependencies import ContainerDep, ProgressDep, UserDep, reader_on

router = APIRouter(prefix="/cases", tags=["reports"])

_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One row a cell."}


@router.get("/{case_id}/report", responses=problems(403, 404, 422), summary="The report of a case")
async def read_report(
    case_id: UUID,
    container: ContainerDep,
    user: UserDep,
    progress: ProgressDep,
    response: Response,
    version: Version = None,
    wait: Wait = 0,
) -> ReportRead:
    """Counts, proportions with intervals, the score and the recommendation.

    With `wait`, once no cell of the case waits. The `ETag` stays the same while only the time at
    which a draft is compiled differs.
    """
    await progress.settled(case_id, wait)
    report = await run_in_threadpool(_report, container, user, case_id, version)
    read = ReportRead.of(report)
    response.headers["ETag"] = etag_of(read, without={"created_at"})
    return read


@router.get(
    "/{case_id}/versions",
    responses=problems(403, 404, 422),
    summary="The signed versions of a report",
)
def list_versions(case_id: UUID, container: ContainerDep, user: UserDep) -> VersionList:
    """Who signed, when, with which meaning and why; and the amendment that is open."""
    with container.transactions() as transaction:
        transaction.cases.get(case_id)
        refuse_blinded(transaction, case_id, user.id)
        versions = transaction.versions.of_case(case_id)
        amendment = transaction.versions.amendment(case_id)
    return VersionList(
        items=[VersionRead.of(version) for version in versions],
        amendment=AmendmentRead.of(amendment) if amendment else None,
    )


@router.get(
    "/{case_id}/findings.json",
    responses=problems(403, 404, 422),
    summary="The findings of a report, cell by cell",
)
def read_findings(
    case_id: UUID, container: ContainerDep, user: UserDep, version: Version = None
) -> FindingsRead:
    """Every cell that was read, with the classifier's and the reader's decisions."""
    return FindingsRead.of(_report(container, user, case_id, version))


@router.get(
    "/{case_id}/findings.csv",
    response_class=Response,
    responses={200: _CSV, **problems(403, 404, 422)},
    summary="The findings of a report as a table",
)
def export_findings(
    case_id: UUID, container: ContainerDep, user: UserDep, version: Version = None
) -> Response:
    """The same as comma-separated text in UTF-8, one row a cell.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    report = _report(container, user, case_id, version)
    suffix = f"-v{report.version}" if report.version else "-draft"
    # No patient in a name that ends up in folders and in mails.
    name = f"vexascope-findings-{case_id}{suffix}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    content = findings_csv(report)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _report(container: Container, user: User, case_id: UUID, version: int | None) -> Report:
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        return chosen_report(transaction, reader, version, container.now())[0]
