"""A signature as FHIR R4 resources: who vouches for a version, when, and for what."""

from app.domain.signing import Meaning, Signature
from app.interchange import fhir_keys
from app.interchange.codes import ACCOUNTS, APPROVAL, ASSEMBLER, CREATED, LEGAL, UPDATED
from app.interchange.fhir_case import case_meta
from app.interchange.fhir_types import (
    Element,
    coding,
    concept,
    identifier,
    moment,
    narrative,
    reference,
    resource,
)
from app.interchange.fhir_view import ReportView


def provenance(view: ReportView) -> Element:
    """The signature of a version (21 CFR 11.50: printed name, date and time, meaning)."""
    signature, version = _signed(view)
    who = _who(view)
    return resource(
        "Provenance",
        fhir_keys.signature(view.case_id, version),
        case_meta(view.report.case),
        text=narrative(
            f"Version {version}: {signature.meaning.wording}",
            [
                signature.signer,
                moment(signature.at),
                *([signature.reason] if signature.reason else []),
            ],
        ),
        target=[
            reference("DiagnosticReport", str(view.case_id), f"Version {version}"),
            *(
                reference("Observation", fhir_keys.part(view.case_id, name))
                for name in view.results
            ),
        ],
        occurredDateTime=moment(signature.at),
        recorded=moment(signature.at),
        reason=[{"text": signature.reason}] if signature.reason else None,
        activity=concept(
            UPDATED if signature.meaning is Meaning.AMENDED else CREATED,
            text=signature.meaning.wording,
        ),
        agent=[
            {"type": concept(LEGAL, text=signature.meaning.wording), "who": who},
            {"type": concept(ASSEMBLER), "who": reference("Device", view.report.bundle.digest)},
        ],
        signature=[{"type": [coding(APPROVAL)], "when": moment(signature.at), "who": who}],
    )


def practitioner(view: ReportView) -> Element:
    """Who signed, under the name that was printed then."""
    signature, version = _signed(view)
    account = signature.account_name
    return resource(
        "Practitioner",
        fhir_keys.signer(view.case_id, version),
        case_meta(view.report.case),
        text=narrative(signature.signer),
        identifier=[identifier(ACCOUNTS, account)] if account else None,
        name=[{"text": signature.printed_name}],
    )


def _who(view: ReportView) -> Element:
    signature, version = _signed(view)
    key = fhir_keys.signer(view.case_id, version)
    return reference("Practitioner", key, signature.signer)


def _signed(view: ReportView) -> tuple[Signature, int]:
    signature, version = view.report.signature, view.report.version
    if signature is None or version is None:
        raise ValueError("a draft has no signature")
    return signature, version
