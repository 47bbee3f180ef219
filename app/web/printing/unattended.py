"""A report printed without anybody who asks: for the systems that are sent one."""

from uuid import UUID

from app.bootstrap import Container
from app.domain.access import Role
from app.domain.case import Case
from app.domain.user import NO_PASSWORD, User
from app.services.reviewing import Reader
from app.services.signing import chosen_report
from app.services.trend import patient_points
from app.web.language import Language, speaking
from app.web.pages.present_report import report_page
from app.web.pages.report_pages import report_frame
from app.web.printing.pictures import key_pictures
from app.web.printing.report_pdf import report_pdf


def print_unattended(
    container: Container, case_id: UUID, number: int | None, language: Language
) -> bytes:
    """A signed version, or with None the report as it stands, as PDF.

    Of the patient's other cases it shows those of the same site alone, and of these the signed
    ones: beside a result that is final stands nothing that is not.

    Raises
    ------
    NotFound, Damaged
    """
    now = container.now()
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        viewer = _viewer_at(case)
        reader = Reader(viewer, case, container.bundle, container.review_rule)
        report, standing = chosen_report(transaction, reader, number, now)
        points = patient_points(transaction, reader, report, now, signed_only=True)
    with speaking(language):
        page = report_page(report, now, standing, points)
        frame = report_frame(report.case, viewer)
        return report_pdf(page, frame, key_pictures(report, container.blobs))


def _viewer_at(case: Case) -> User:
    """Nobody: an account that is not stored, and sees one site."""
    return User(
        UUID(int=0), "vexascope", Role.SYSTEM, NO_PASSWORD, site_ids=frozenset({case.site_id})
    )
