"""A case as FHIR R4 resources: who, which specimen, and what was asked."""

from app.domain.case import Case, CaseOrigin
from app.interchange.codes import (
    ACCESSION,
    ACCESSION_NUMBERS,
    LABORATORY_PROCEDURE,
    PATIENT_IDENTIFIERS,
    SMEAR_PANEL,
    TEST_DATA,
    WHOLE_BLOOD,
)
from app.interchange.fhir_types import (
    Element,
    concept,
    identifier,
    meta,
    moment,
    narrative,
    notes,
    reference,
    resource,
)


def order(case: Case, *, is_done: bool) -> Element:
    """What was asked of the laboratory; its id is the case's key."""
    context = case.context
    return resource(
        "ServiceRequest",
        str(case.id),
        case_meta(case),
        text=narrative("Screening of a blood smear for VEXAS syndrome"),
        identifier=[identifier(ACCESSION_NUMBERS, case.accession_number, ACCESSION)],
        status="completed" if is_done else "active",
        intent="order",
        category=[concept(LABORATORY_PROCEDURE)],
        code=concept(SMEAR_PANEL, text="Screening of neutrophils for VEXAS syndrome"),
        subject=reference("Patient", str(case.patient.id)),
        authoredOn=moment(case.created_at),
        reasonCode=[{"text": context.question}] if context.question else None,
        specimen=[reference("Specimen", str(case.id))],
        note=notes(
            f"Known cytopenia: {context.known_cytopenia}" if context.known_cytopenia else None
        ),
    )


def specimen(case: Case) -> Element:
    """The blood that the smear was made of; its id is the case's key."""
    return resource(
        "Specimen",
        str(case.id),
        case_meta(case),
        text=narrative("Blood smear", [case.origin.notice] if case.origin.notice else []),
        accessionIdentifier=identifier(ACCESSION_NUMBERS, case.accession_number, ACCESSION),
        status="available",
        type=concept(WHOLE_BLOOD, text="Blood smear"),
        subject=reference("Patient", str(case.patient.id)),
        request=[reference("ServiceRequest", str(case.id))],
        note=notes(case.origin.notice),
    )


def patient(case: Case) -> Element:
    """The patient of a case, under the identifier that the laboratory gave."""
    person, sex = case.patient, case.context.sex
    return resource(
        "Patient",
        str(person.id),
        case_meta(case),
        text=narrative(f"Patient {person.identifier}"),
        identifier=[identifier(PATIENT_IDENTIFIERS, person.identifier)],
        name=[{"text": person.name}] if person.name else None,
        gender=sex.value if sex else None,
    )


def case_meta(case: Case) -> Element:
    """Of what belongs to a case, and has no versions."""
    is_patient = case.origin is CaseOrigin.LABORATORY
    return meta(labels=() if is_patient else (TEST_DATA,))
