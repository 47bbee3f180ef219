"""The UBA1 test, proposed where a report recommends it, and withdrawn where it does so no more."""

from collections.abc import Iterator

from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.screening import Recommendation
from app.interchange import fhir_keys
from app.interchange.codes import LABORATORY_PROCEDURE, UBA1_TEST, Local, local
from app.interchange.fhir_case import case_meta
from app.interchange.fhir_results import NEVER_RULED_OUT
from app.interchange.fhir_types import (
    Element,
    concept,
    moment,
    narrative,
    notes,
    reference,
    resource,
)
from app.interchange.fhir_view import ReportView


def proposal(view: ReportView) -> Iterator[Element]:
    """The proposal of a report; a draft proposes in draft.

    One that was signed once stays readable when an amendment withdraws it: whoever acted on it
    must be able to see that it does not hold.
    """
    if view.is_cancelled:
        return
    if view.report.recommendation is Recommendation.TEST_UBA1:
        yield _standing(view)
    elif view.proposed is not None:
        yield _withdrawn(view)


def _standing(view: ReportView) -> Element:
    device = reference("Device", view.report.bundle.digest)
    recommendation = fhir_keys.part(view.case_id, Local.RECOMMENDATION.value)
    return _proposal(
        view,
        "active" if view.report.signature else "draft",
        NEVER_RULED_OUT,
        authoredOn=moment(view.issued_at),
        requester=(view.signers or [device])[0],
        reasonReference=[reference("Observation", recommendation)],
    )


def _withdrawn(view: ReportView) -> Element:
    """Revoked by a signature; on hold while an amendment is open that nobody has signed."""
    before, now = view.proposed, view.report
    assert before is not None  # noqa: S101 - asked for only where there is one
    assert before.signature is not None  # noqa: S101 - versions are signed
    first = f"Version {before.version} of the report proposed the test;"
    if now.signature is None:
        status, why = "on-hold", f"{first} the report is open for an amendment."
    else:
        status, why = "revoked", f"{first} version {now.version} does not: {now.signature.reason}"
    return _proposal(view, status, why, authoredOn=moment(before.signature.at))


def _proposal(view: ReportView, status: str, note: str, **values: object) -> Element:
    return resource(
        "ServiceRequest",
        fhir_keys.part(view.case_id, fhir_keys.UBA1),
        case_meta(view.report.case),
        text=narrative(f"Proposal: sequence UBA1 ({status})", [note]),
        status=status,
        intent="proposal",
        category=[concept(LABORATORY_PROCEDURE)],
        code=concept(UBA1_TEST, text="UBA1 sequencing"),
        subject=reference("Patient", str(view.report.case.patient.id)),
        reasonCode=[concept(local(Recommendation.TEST_UBA1))],
        supportingInfo=[reference("DiagnosticReport", str(view.case_id))],
        note=notes(note, str(RESEARCH_USE_NOTICE)),
        **values,
    )
