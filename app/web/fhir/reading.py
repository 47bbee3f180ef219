"""A report as it is chosen for a request: what holds now, or a signed version."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from app.bootstrap import Container
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.report import Report
from app.domain.screening import Recommendation
from app.domain.signing import MOST_VERSIONS
from app.domain.user import User
from app.interchange.codes import Namespaces
from app.interchange.fhir_report import resources
from app.interchange.fhir_types import Element
from app.interchange.fhir_view import ReportView
from app.ports import Transaction
from app.services.signing import chosen_report, signed_report
from app.web.dependencies import ContainerDep, UserDep, reader_on
from app.web.fhir.answers import base_url, server_url

PathVersion = Annotated[int, Path(ge=1, le=MOST_VERSIONS)]


def names_of(container: Container) -> Namespaces:
    """The systems of the laboratory's numbers: those that the settings name."""
    settings, usual = container.settings, Namespaces()
    return Namespaces(
        settings.fhir_accession_system or usual.accession_numbers,
        settings.fhir_patient_system or usual.patient_identifiers,
    )


class Reports:
    """Reads reports as one account may see them."""

    def __init__(self, request: Request, container: Container, user: User) -> None:
        self._container = container
        self._user = user
        self._base_url, self._server_url = base_url(request), server_url(request)
        self._names = names_of(container)

    def view(self, case_id: UUID, version: int | None = None) -> ReportView:
        """A signed version by its number, or what holds now; raises as `chosen_report` does."""
        with self._container.transactions() as transaction:
            return self.view_in(transaction, case_id, version)

    def view_in(
        self, transaction: Transaction, case_id: UUID, version: int | None = None
    ) -> ReportView:
        """The same in a transaction that is open."""
        reader = reader_on(self._container, transaction, self._user, case_id)
        report, standing = chosen_report(transaction, reader, version, self._container.now())
        count = standing.version_count if report.version is None else report.version - 1
        earlier = self._earlier(transaction, case_id, 0 if standing.is_blinded else count)
        last = next(earlier, None)
        return ReportView(
            report,
            self._base_url,
            self._server_url,
            previous=last if report.version else None,
            names=self._names,
            proposed=_proposed(report, chain([last] if last else [], earlier)),
            placed=transaction.orders.of_case(case_id),
        )

    def _earlier(self, transaction: Transaction, case_id: UUID, count: int) -> Iterator[Report]:
        """The signed versions up to a number, newest first, each read when it is asked for."""
        for number in range(count, 0, -1):
            yield signed_report(transaction, case_id, number, self._user.id)[0]


def _proposed(report: Report, earlier: Iterable[Report]) -> Report | None:
    """The latest version whose proposal of the UBA1 test this report withdraws."""
    wanted = Recommendation.TEST_UBA1
    if report.recommendation is wanted:
        return None
    return next((before for before in earlier if before.recommendation is wanted), None)


def _reports(request: Request, container: ContainerDep, user: UserDep) -> Reports:
    return Reports(request, container, user)


ReportsDep = Annotated[Reports, Depends(_reports)]


def found(view: ReportView, kind: str, key: str) -> Element:
    """One resource of a report; raises `NotFound`."""
    for item in resources(view):
        if (item["resourceType"], item["id"]) == (kind, key):
            return item
    raise NotFound(message("The report has no such resource."))
