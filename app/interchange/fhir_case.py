"""A case as FHIR R4 resources: who, which specimen, and what was asked."""

from collections.abc import Iterator

from app.domain.case import Case, CaseOrigin
from app.domain.order import PlacedOrder
from app.interchange.codes import (
    ACCESSION,
    FILLER,
    LABORATORY,
    LABORATORY_PROCEDURE,
    PLACER,
    SMEAR_PANEL,
    TEST_DATA,
    UCUM,
    WHOLE_BLOOD,
    Namespaces,
)
from app.interchange.fhir_blood_count import MEASURES
from app.interchange.fhir_types import (
    Element,
    collected,
    concept,
    element,
    identifier,
    meta,
    moment,
    narrative,
    notes,
    reference,
    resource,
)


def order(case: Case, names: Namespaces, placed: PlacedOrder | None, *, is_done: bool) -> Element:
    """What was asked of the laboratory, and what it was told; its id is the case's key."""
    context = case.context
    contained = list(_known(case))
    return resource(
        "ServiceRequest",
        str(case.id),
        case_meta(case),
        contained=contained,
        text=narrative("Screening of a blood smear for VEXAS syndrome"),
        identifier=[accession(case, names), *_numbers(placed)],
        status=_status(placed, is_done=is_done),
        intent="order",
        category=[concept(LABORATORY_PROCEDURE)],
        code=concept(SMEAR_PANEL, text="Screening of neutrophils for VEXAS syndrome"),
        subject=reference("Patient", str(case.patient.id)),
        authoredOn=moment(case.created_at),
        reasonCode=[{"text": context.question}] if context.question else None,
        supportingInfo=[{"reference": f"#{item['id']}"} for item in contained],
        specimen=[reference("Specimen", str(case.id))],
        note=notes(
            f"Known cytopenia: {context.known_cytopenia}" if context.known_cytopenia else None
        ),
    )


def _status(placed: PlacedOrder | None, *, is_done: bool) -> str:
    if placed and placed.cancelled_at:
        return "revoked"
    return "completed" if is_done else "active"


def _numbers(placed: PlacedOrder | None) -> Iterator[Element]:
    """Under which the ordering system, and the laboratory's, know the order."""
    if placed and placed.placer_number:
        yield element(type=concept(PLACER), value=placed.placer_number)
    if placed and placed.filler_number:
        yield element(type=concept(FILLER), value=placed.filler_number)


def _known(case: Case) -> Iterator[Element]:
    """What the requester knows of the blood."""
    for name, measure in MEASURES.items():
        value, unit = getattr(case.context, name), next(iter(measure.units))
        if value is not None:
            yield {
                "resourceType": "Observation",
                "id": name.replace("_", "-"),
                "status": "final",
                "category": [concept(LABORATORY)],
                "code": concept(measure.codes[0]),
                "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
            }


def specimen(case: Case, names: Namespaces, placed: PlacedOrder | None) -> Element:
    """The blood that the smear was made of; its id is the case's key."""
    return resource(
        "Specimen",
        str(case.id),
        case_meta(case),
        text=narrative("Blood smear", [case.origin.notice] if case.origin.notice else []),
        accessionIdentifier=accession(case, names),
        status="available",
        type=concept(WHOLE_BLOOD, text="Blood smear"),
        subject=reference("Patient", str(case.patient.id)),
        request=[reference("ServiceRequest", str(case.id))],
        collection=element(collectedDateTime=collected(placed.collected if placed else None)),
        note=notes(case.origin.notice),
    )


def patient(case: Case, names: Namespaces) -> Element:
    """The patient of a case, under the identifier that the laboratory gave."""
    person, sex = case.patient, case.context.sex
    return resource(
        "Patient",
        str(person.id),
        case_meta(case),
        text=narrative(f"Patient {person.identifier}"),
        identifier=[identifier(names.patient_identifiers, person.identifier)],
        name=[{"text": person.name}] if person.name else None,
        gender=sex.value if sex else None,
    )


def accession(case: Case, names: Namespaces) -> Element:
    """The number of the sample."""
    return identifier(names.accession_numbers, case.accession_number, ACCESSION)


def case_meta(case: Case) -> Element:
    """Of what belongs to a case, and has no versions."""
    is_patient = case.origin is CaseOrigin.LABORATORY
    return meta(labels=() if is_patient else (TEST_DATA,))
