"""A report as FHIR looks at it: its state, and what was signed before it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from app.domain.case import CaseOrigin
from app.domain.order import PlacedOrder
from app.domain.report import Report
from app.interchange import fhir_keys
from app.interchange.codes import TEST_DATA, Namespaces
from app.interchange.fhir_results import Result, results
from app.interchange.fhir_types import Element, collected, meta, reference


class Status(StrEnum):
    """How far a report is, as FHIR's DiagnosticReportStatus; an Observation has no `partial`."""

    REGISTERED = "registered"
    PARTIAL = "partial"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class ReportView:
    """What is needed to write a report as FHIR resources.

    Parameters
    ----------
    base_url
        Of the FHIR server, without a slash at its end.
    server_url
        Of the whole product, where pictures and PDF are.
    previous
        The version that was signed before this one; None for a draft and for the first.
    proposed
        The latest version before this report that recommended UBA1 testing; looked for only where
        this one does not.
    placed
        The order as it was placed; None of a case that nobody ordered by message.
    """

    report: Report
    base_url: str
    server_url: str
    previous: Report | None = None
    names: Namespaces = field(default_factory=Namespaces)
    proposed: Report | None = None
    placed: PlacedOrder | None = None

    @property
    def case_id(self) -> UUID:
        """The case's key, which is the id of its DiagnosticReport."""
        return self.report.case.id

    @cached_property
    def results(self) -> dict[str, Result]:
        """What the report measured."""
        return dict(results(self.report))

    @cached_property
    def changed(self) -> frozenset[str]:
        """Results that the version before did not have, or had otherwise."""
        if self.previous is None:
            return frozenset()
        before = results(self.previous)
        return frozenset(
            name
            for name, result in self.results.items()
            if name not in before or before[name].measured != result.measured
        )

    @property
    def status(self) -> Status:
        """What is not signed is never final; what was signed anew says whether a number changed.

        FHIR has `corrected` where results were wrong, and `amended` for every other change.
        """
        if self.report.signature is None:
            return Status.CANCELLED if self.is_cancelled else unsigned_status(self.report)
        if self.report.version == 1:
            return Status.FINAL
        is_corrected = bool(self.changed - {fhir_keys.INTERPRETATION})
        return Status.CORRECTED if is_corrected else Status.AMENDED

    def status_of(self, name: str) -> Status:
        """Of one result: the report's, but for what an amendment left as it was."""
        if self.report.signature is not None:
            if name not in self.changed:
                return Status.FINAL
            return Status.AMENDED if name == fhir_keys.INTERPRETATION else Status.CORRECTED
        if self.is_cancelled:
            return Status.CANCELLED
        return Status.PRELIMINARY if self.results[name].has_value else Status.REGISTERED

    @property
    def issued_at(self) -> datetime:
        """When it was signed; a draft is issued anew each time."""
        signature = self.report.signature
        return signature.at if signature else self.report.created_at

    @property
    def is_cancelled(self) -> bool:
        """Whether whoever ordered has taken the order back."""
        return self.placed is not None and self.placed.cancelled_at is not None

    @property
    def collected(self) -> str | None:
        """When the blood was drawn, where the order said it."""
        return collected(self.placed.collected) if self.placed else None

    @property
    def signers(self) -> list[Element] | None:
        """Who signed this version; None of a draft."""
        signature, version = self.report.signature, self.report.version
        if signature is None or version is None:
            return None
        key = fhir_keys.signer(self.case_id, version)
        return [reference("Practitioner", key, signature.signer)]

    @property
    def meta(self) -> Element:
        """Of every resource of the report; only what is signed has a version and a time of it."""
        signature = self.report.signature
        is_patient = self.report.case.origin is CaseOrigin.LABORATORY
        return meta(
            version=self.report.version,
            updated_at=signature.at if signature else None,
            labels=() if is_patient else (TEST_DATA,),
        )


def unsigned_status(report: Report) -> Status:
    """Of a report that nobody vouches for yet."""
    if not report.progress.cell_count:
        return Status.REGISTERED
    return Status.PRELIMINARY if report.complete else Status.PARTIAL
