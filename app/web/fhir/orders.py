"""ServiceRequest: an order opens a case, and a report may propose the UBA1 test."""

import json
from collections.abc import Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response

from app.bootstrap import Container
from app.domain.case import Case
from app.domain.errors import Conflict, Duplicate, ElementRefused, NotFound
from app.domain.message import message
from app.domain.user import User
from app.interchange.codes import Namespaces
from app.interchange.fhir_case import order
from app.interchange.fhir_conformance import MEDIA_TYPE
from app.interchange.fhir_order import Order, parse_order
from app.interchange.fhir_types import Element
from app.ports import Transaction
from app.services.cancelling import is_cancelled
from app.services.known_orders import identifier_of, known_order
from app.services.ordering import Desk, place
from app.services.reviewing import is_closed
from app.services.sites import site_for, sites_of
from app.web.dependencies import ContainerDep, UserDep
from app.web.fhir.answers import FhirAnswer, base_url
from app.web.fhir.reading import ReportsDep, found, names_of

router = APIRouter(prefix="/ServiceRequest")
_JSON = {MEDIA_TYPE, "application/json"}


async def sent_resource(request: Request) -> Any:
    """The body as JSON, whatever kind of resource it is.

    Raises
    ------
    HTTPException
        400 if it is no JSON, 415 if it says that it is something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            message("Send the resource as {kind}.", kind=MEDIA_TYPE),
        )
    try:
        return json.loads(
            await request.body(), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise HTTPException(
            HTTPStatus.BAD_REQUEST, message("The body is no JSON that can be read.")
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two values under one name nobody knows which was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


SentResource = Annotated[Any, Depends(sent_resource)]
IfNoneExist = Annotated[str | None, Header(alias="If-None-Exist")]
Prefer = Annotated[str, Header()]


@router.get("/{case_id}.{part}")
def read_proposal(case_id: UUID, part: str, reports: ReportsDep) -> FhirAnswer:
    """The UBA1 test, where the report that holds now recommends it."""
    return FhirAnswer(found(reports.view(case_id), "ServiceRequest", f"{case_id}.{part}"))


@router.get("/{case_id}")
def read_order(case_id: UUID, container: ContainerDep) -> FhirAnswer:
    """What was asked of the laboratory."""
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        return FhirAnswer(_resource(transaction, case, names_of(container)))


@router.post("")
def take_order(
    sent: SentResource,
    request: Request,
    container: ContainerDep,
    user: UserDep,
    if_none_exist: IfNoneExist = None,
    prefer: Prefer = "",
) -> Response:
    """Open the case that a ServiceRequest asks for; 200 where If-None-Exist found it open."""
    names, now = names_of(container), container.now()
    # The day of UTC: an age may be a year off on a birthday, and is only shown.
    asked = parse_order(sent, names, base_url(request), date(now.year, now.month, now.day))
    placing = partial(_placed, container, user, asked, if_none_exist)
    try:
        case, status, resource = placing()
    except Duplicate:
        if if_none_exist is None:
            raise
        # Another request was faster by a moment, and what it opened can be seen by now.
        case, status, resource = placing()
    headers = {"Location": f"{base_url(request)}/ServiceRequest/{case.id}"}
    if "return=minimal" in prefer.replace(" ", ""):
        return Response(status_code=int(status), headers=headers)
    return FhirAnswer(resource, int(status), headers)


def _placed(
    container: Container, user: User, asked: Order, condition: str | None
) -> tuple[Case, HTTPStatus, Element]:
    """The case of an order, opened or found, and how it is answered."""
    names = names_of(container)
    with container.transactions() as transaction:
        identifier = _patient_identifier(transaction, user, asked)
        site_id = _site_id(transaction, user, asked)
        case = None
        if condition is not None and _names_the_order(condition, asked, names):
            case = _known(transaction, site_id, asked.accession_number, identifier)
        status = HTTPStatus.OK
        if case is None:
            wanted = asked.placed(identifier, site_id)
            desk = Desk(container.bundle, container.review_rule, container.now())
            case = place(transaction, wanted, desk)
            status = HTTPStatus.CREATED
        return case, status, _resource(transaction, case, names)


def _resource(transaction: Transaction, case: Case, names: Namespaces) -> Element:
    placed = transaction.orders.of_case(case.id)
    return order(case, names, placed, is_done=is_closed(transaction, case.id))


def _patient_identifier(transaction: Transaction, user: User, asked: Order) -> str:
    if asked.person is not None:
        return asked.person.identifier
    assert asked.patient_id is not None  # noqa: S101 - an order has the one or the other
    try:
        return identifier_of(transaction, user, asked.patient_id)
    except NotFound as error:
        path = f"{asked.subject_path}.reference"
        raise ElementRefused(path, "not-found", error.detail) from error


def _site_id(transaction: Transaction, user: User, asked: Order) -> UUID:
    """The site that the order names, or the account's own.

    Raises
    ------
    ElementRefused, Forbidden, InvalidInput
    """
    if asked.site is None:
        return site_for(transaction, user, None)
    name = asked.site.as_text()
    for site in sites_of(transaction, user):
        if site.name == name:
            return site.id
    raise asked.site.refused("not-found", message("Your account opens no cases in this site."))


def _known(
    transaction: Transaction, site_id: UUID, accession_number: str, patient_identifier: str
) -> Case | None:
    """The case that a conditional create finds; None where it is to be opened, or opened again.

    Raises
    ------
    Conflict
        If the accession number is another patient's: the order was mixed up somewhere.
    """
    known = known_order(transaction, site_id, accession_number, patient_identifier)
    if known is None:
        return None
    if not known.is_same_patient:
        raise Conflict(
            message("The case with this accession number is another patient's. Check the order.")
        )
    return None if is_cancelled(transaction, known.case.id) else known.case


def _names_the_order(condition: str, asked: Order, names: Namespaces) -> bool:
    """Whether If-None-Exist names the accession number of the order, with a system of it or none.

    Raises
    ------
    HTTPException
        412 for any other question: it would be answered wrongly.
    """
    parameters: Mapping[str, str] = dict(parse_qsl(condition.lstrip("?"), keep_blank_values=True))
    system, bar, value = parameters.get("identifier", "").rpartition("|")
    known = {asked.accession_system, names.accession_numbers}
    if set(parameters) != {"identifier"} or value != asked.accession_number:
        raise HTTPException(
            HTTPStatus.PRECONDITION_FAILED,
            message(
                "If-None-Exist must be identifier=SYSTEM|NUMBER, with the order's accession number."
            ),
        )
    return not bar or system in known
