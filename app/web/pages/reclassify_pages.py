"""Having a case classified by another bundle."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response

from app.bootstrap import Container
from app.domain.errors import Conflict, InvalidInput
from app.domain.user import User
from app.services.cancelling import refuse_cancelled
from app.services.reading import bundle_of
from app.services.reclassifying import reclassify
from app.services.reviewing import is_closed
from app.services.signing import refuse_blinded
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.language import gettext, translated
from app.web.pages.navigation import see_other
from app.web.pages.present import case_path
from app.web.pages.present_bundles import ReclassifyForm, reclassify_page
from app.web.pages.rendering import chrome, render

router = APIRouter()


@router.get("/cases/{case_id}/reclassify")
def show_reclassify(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Asks for the bundle and the reason."""
    return _form(container, user, case_id, ReclassifyForm())


@router.post("/cases/{case_id}/reclassify")
def reclassify_case(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    bundle: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Let the chosen bundle read the case, or say on the form why not."""
    try:
        candidate = container.candidate(bundle)
        with container.transactions() as transaction:
            reader = reader_on(container, transaction, user, case_id)
            reclassify(transaction, reader, candidate, reason, container.now())
    except (Conflict, InvalidInput) as error:
        form = ReclassifyForm(bundle, reason, translated(error.detail))
        status = (
            HTTPStatus.CONFLICT if isinstance(error, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
        )
        return _form(container, user, case_id, form, status)
    return see_other(f"{case_path(case_id)}/report")


def _form(
    container: Container,
    user: User,
    case_id: UUID,
    form: ReclassifyForm,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    installed = [item.bundle for item in container.shelf.installed() if item.bundle]
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        refuse_cancelled(transaction, case_id)
        refuse_blinded(transaction, case_id, user.id)
        current = bundle_of(transaction, case_id, container.bundle)
        past = transaction.case_bundles.reclassifications(case_id)
        digests = {made.from_digest for made in past} | {made.to_digest for made in past}
        titles = {
            digest: transaction.bundles.get(digest).manifest.title for digest in digests if digest
        }
        is_signed = is_closed(transaction, case_id)
    page = reclassify_page(
        case, current.manifest, installed, form, past, titles, container.now(), is_signed=is_signed
    )
    title = gettext("Another bundle for {accession}").format(accession=case.accession_number)
    return render(
        "reclassify.html", page, chrome(title, user, case.origin.notice), status=int(status)
    )
