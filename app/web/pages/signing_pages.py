"""Signing a report, opening it again, its versions and what differs between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from app.bootstrap import Container
from app.domain.difference import difference
from app.domain.discussion import written
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotSignedIn, TooManyAttempts
from app.domain.message import message
from app.domain.signing import MAX_REASON_LENGTH, MOST_VERSIONS
from app.domain.user import User
from app.services.controlling import control_standings
from app.services.reading import read_case
from app.services.report_content import digest_of_draft
from app.services.reporting import report_of
from app.services.signing import (
    Standing,
    amend,
    current_report,
    missing_for_signature,
    refuse_blinded,
    sign,
    signed_report,
)
from app.web.dependencies import ContainerDep, SecurityDep, UserDep, reader_on
from app.web.language import gettext, translated
from app.web.pages.navigation import CHALLENGE, see_other
from app.web.pages.present import case_path
from app.web.pages.present_difference import differences_page
from app.web.pages.present_versions import AmendForm, SignForm, amend_page, sign_page, versions_page
from app.web.pages.rendering import chrome, render

router = APIRouter()


@dataclass(frozen=True)
class _Trouble:
    """Why a form is shown again."""

    sentence: str
    status: HTTPStatus
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Seen:
    """What the signer has looked at: who types the password again vouches for no more."""

    sequence: int
    digest: str


@router.get("/cases/{case_id}/sign")
def show_sign(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    user: UserDep,
    case_id: UUID,
) -> Response:
    """What would be signed, and what is missing before it can be."""
    is_confirmed = security.is_confirmed(request)
    return _sign_form(container, user, case_id, is_confirmed=is_confirmed)


@router.post("/cases/{case_id}/sign")
def sign_report(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    user: UserDep,
    case_id: UUID,
    seen_sequence: Annotated[int, Form()],
    seen_digest: Annotated[str, Form()],
    password: Annotated[str, Form()] = "",
) -> Response:
    """Sign what was shown, once the password is given again."""
    seen = _Seen(seen_sequence, seen_digest)
    try:
        security.confirm_password(request, user, password)
    except NotSignedIn as error:
        sentence = gettext("The password is wrong. Nothing was signed.")
        if not user.has_password:
            sentence = translated(error.detail)
        trouble = _Trouble(sentence, HTTPStatus.UNAUTHORIZED, CHALLENGE)
        return _sign_form(container, user, case_id, trouble, seen)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        trouble = _Trouble(translated(error.detail), HTTPStatus.TOO_MANY_REQUESTS, headers)
        return _sign_form(container, user, case_id, trouble, seen)
    try:
        with container.transactions() as transaction:
            reader = reader_on(container, transaction, user, case_id)
            now = container.now()
            version = sign(transaction, reader, seen_sequence, now, seen_digest=seen_digest)
    except Conflict as error:
        trouble = _Trouble(translated(error.detail), HTTPStatus.CONFLICT, {})
        return _sign_form(container, user, case_id, trouble)
    return see_other(f"{case_path(case_id)}/report/versions/{version.number}")


def _sign_form(
    container: Container,
    user: User,
    case_id: UUID,
    trouble: _Trouble | None = None,
    seen: _Seen | None = None,
    *,
    is_confirmed: bool = False,
) -> Response:
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        as_read = read_case(transaction, reader.case, reader.active, reader.rule, viewer_id=user.id)
        if as_read.is_blinded:
            raise Forbidden(message("The second reader does not sign."))
        report = report_of(as_read, now, transaction.discussion.interpretation(case_id))
        if seen is None:
            last = transaction.reviews.last_sequence(case_id)
            seen = _Seen(last, digest_of_draft(report))
        form = SignForm(
            user=user,
            missing=missing_for_signature(transaction, as_read),
            seen_sequence=seen.sequence,
            seen_digest=seen.digest,
            error=trouble.sentence if trouble else None,
            is_confirmed=is_confirmed,
            controls=control_standings(transaction, container.now()),
        )
        standing = Standing(
            transaction.versions.count(case_id), amendment=transaction.versions.amendment(case_id)
        )
    title = gettext("Sign {accession}").format(accession=reader.case.accession_number)
    return render(
        "sign.html",
        sign_page(report, standing, form, now),
        chrome(title, user, reader.case.origin.notice),
        status=trouble.status if trouble else HTTPStatus.OK,
        headers=trouble.headers if trouble else None,
    )


@router.get("/cases/{case_id}/amend")
def show_amend(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Asks for the reason."""
    return _amend_form(container, user, case_id, AmendForm())


@router.post("/cases/{case_id}/amend")
def open_amendment(
    container: ContainerDep, user: UserDep, case_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Open a signed case again."""
    try:
        reason = written(reason, MAX_REASON_LENGTH)
    except InvalidInput as error:
        form = AmendForm(reason, translated(error.detail))
        return _amend_form(container, user, case_id, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    with container.transactions() as transaction:
        refuse_blinded(transaction, case_id, user.id)
        amend(
            transaction, reader_on(container, transaction, user, case_id), reason, container.now()
        )
    return see_other(f"{case_path(case_id)}/report")


def _amend_form(
    container: Container,
    user: User,
    case_id: UUID,
    form: AmendForm,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        refuse_blinded(transaction, case_id, user.id)
        number = transaction.versions.count(case_id)
        if not number or transaction.versions.amendment(case_id):
            return see_other(f"{case_path(case_id)}/report")
    title = gettext("Amend {accession}").format(accession=case.accession_number)
    frame = chrome(title, user, case.origin.notice)
    page = amend_page(case, number, form, container.now())
    return render("amend.html", page, frame, status=status)


@router.get("/cases/{case_id}/report/versions")
def list_versions(container: ContainerDep, user: UserDep, case_id: UUID) -> Response:
    """Every signed version, the latest first."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        refuse_blinded(transaction, case_id, user.id)
        versions = transaction.versions.of_case(case_id)
        amendment = transaction.versions.amendment(case_id)
    title = gettext("Versions of {accession}").format(accession=case.accession_number)
    page = versions_page(case, versions, amendment, container.now())
    return render("versions.html", page, chrome(title, user, case.origin.notice))


@router.get("/cases/{case_id}/report/differences")
def show_differences(
    container: ContainerDep,
    user: UserDep,
    case_id: UUID,
    before: Annotated[int | None, Query(alias="from", ge=1, le=MOST_VERSIONS)] = None,
    after: Annotated[int | None, Query(alias="to", ge=1, le=MOST_VERSIONS)] = None,
) -> Response:
    """Two versions beside each other.

    Without `to` a version beside what holds now; without `from` beside the last but one.
    """
    now = container.now()
    with container.transactions() as transaction:
        reader = reader_on(container, transaction, user, case_id)
        first = before or max(1, transaction.versions.count(case_id) - 1)
        earlier, _ = signed_report(transaction, case_id, first, user.id)
        if after is None:
            later, _ = current_report(transaction, reader, now)
        else:
            later, _ = signed_report(transaction, case_id, after, user.id)
    found = difference(earlier, later)
    title = gettext("Differences of {accession}").format(accession=reader.case.accession_number)
    page = differences_page(found, earlier, later, now)
    return render("differences.html", page, chrome(title, user, reader.case.origin.notice))
