"""The review room: the page, and its groups sorted anew."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.domain.abnormality import Abnormality
from app.services.reading import read_case
from app.services.review_count import review_count
from app.services.reviewing import why_closed
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, translated
from app.web.pages.contexts import Choice
from app.web.pages.gallery_contexts import GalleryPage
from app.web.pages.offers import review_for
from app.web.pages.present import case_head, case_path, progress_part
from app.web.pages.present_case import review_status
from app.web.pages.present_gallery import Order, review_groups
from app.web.pages.present_neighbours import heat_note
from app.web.pages.present_references import references
from app.web.pages.present_review import numbers
from app.web.pages.rendering import chrome, render

router = APIRouter()


@router.get("/cases/{case_id}/gallery")
def show_gallery(
    request: Request,
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    order: Order = Order.LOOK,
) -> Response:
    """The review room, or for its own scripts the groups alone."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        as_read = read_case(transaction, case, container.bundle, container.review_rule, user.id)
        closed = why_closed(transaction, case_id)
    if request.headers.get("hx-request") == "true":
        return render("gallery_groups.html", review_groups(as_read, order))
    um_per_pixel = container.settings.um_per_pixel
    page = GalleryPage(
        head=case_head(case, container.now()),
        progress=progress_part(case_id, as_read.progress),
        status=review_for(review_status(as_read, closed), user),
        numbers=numbers(review_count(as_read)),
        review=review_groups(as_read, order),
        orders=tuple(Choice(item.value, translated(item.wording), item is order) for item in Order),
        labels=tuple(
            Choice(label.value, translated(label.wording), selected=False) for label in Abnormality
        ),
        references=references(container.settings.reference_pictures),
        heat_bundle=as_read.bundle.manifest.digest,
        um_per_pixel=str(um_per_pixel) if um_per_pixel else "",
        report_path=f"{case_path(case_id)}/report",
        user_id=str(user.id),
        heat=heat_note(has_weights=container.has_bundle(as_read.bundle.manifest.digest)),
    )
    title = gettext("Review of {accession}").format(accession=case.accession_number)
    return render("gallery.html", page, chrome(title, user, case.origin.notice))
