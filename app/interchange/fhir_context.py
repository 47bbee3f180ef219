"""What an order tells of the patient: sex, age, blood count and question."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from app.domain.case import CONTEXT_RANGES, ClinicalContext, Sex
from app.domain.message import message
from app.interchange.codes import UCUM
from app.interchange.fhir_blood_count import MEASURES, Measure
from app.interchange.fhir_element import Node, accepted, has_code, referenced

MOST_TEXT = 2000
_NO_RESULT = {"registered", "cancelled", "entered-in-error"}
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


def context_of(
    root: Node, contained: dict[str, Node], patient: Node | None, today: date
) -> ClinicalContext:
    """The clinical context of an order; what it does not tell stays unknown.

    Contained Observations that `supportingInfo` points to are read where their code is known.

    Raises
    ------
    ElementRefused
    """
    values = _measured(root, contained)
    if patient is not None and patient.is_of("Patient"):
        values["sex"] = _sex(patient)
        if (age := _age(patient, today)) is not None:
            values["age_years"] = age
    return ClinicalContext(**values, question=_question(root))


def _measured(root: Node, contained: dict[str, Node]) -> dict[str, Any]:
    """Each measurement once: of two values nobody knows which was meant."""
    found: dict[str, Any] = {}
    for observation, name, measure in _known(root, contained):
        value = _value(observation, name, measure)
        if found.setdefault(name, value) != value:
            raise observation.refused(
                "conflict",
                message("The order has two values of one measurement. Send the one that holds."),
            )
    return found


def _known(root: Node, contained: dict[str, Node]) -> Iterator[tuple[Node, str, Measure]]:
    """Observations of a code that is known, which say that they are results."""
    for reference in root.items("supportingInfo"):
        target = reference.text("reference", most=MOST_TEXT)
        key = (target or "").removeprefix("#")
        if key == target or key not in contained or not contained[key].is_of("Observation"):
            continue
        observation = referenced(reference, contained, "Observation")
        for name, measure in MEASURES.items():
            codes = [(code.system, code.code) for code in measure.codes]
            if has_code(observation.needed("code"), *codes) and _is_result(observation):
                yield observation, name, measure


def _is_result(observation: Node) -> bool:
    """Whether its number counts: not of one that was withdrawn, or is not there yet."""
    return observation.needed("status").as_text() not in _NO_RESULT


def _value(observation: Node, name: str, measure: Measure) -> float:
    """A quantity in the unit of the field; another unit is refused, never guessed."""
    quantity = observation.needed("valueQuantity")
    unit = quantity.text("code") if quantity.text("system") == UCUM else None
    if unit is None or unit not in measure.units:
        raise Node(f"{quantity.path}.code", None).refused(
            "value",
            message(
                "Give the quantity in UCUM, as one of {units}.", units=", ".join(measure.units)
            ),
        )
    if quantity.child("comparator"):
        raise quantity.needed("comparator").refused(
            "not-supported", message("A bound is no value. Leave it out.")
        )
    value = quantity.number("value") / measure.units[unit]
    known: dict[str, Any] = {name: value}
    accepted(quantity, lambda: ClinicalContext(**known))
    return int(value) if name == "age_years" else value


def _sex(patient: Node) -> Sex | None:
    node = patient.child("gender")
    if node is None:
        return None
    if node.as_text() not in set(Sex):
        raise node.refused(
            "code-invalid", message("{element} is no code of FHIR R4.", element=node.path)
        )
    return Sex(node.as_text())


def _age(patient: Node, today: date) -> int | None:
    """Whole years; where the birthday is not told, as if it were past."""
    node = patient.child("birthDate")
    if node is None:
        return None
    born = _date(node)
    age = today.year - born[0] - (tuple(born[1:]) > (today.month, today.day)[: len(born) - 1])
    least, most = CONTEXT_RANGES["age_years"]
    if not least <= age <= most:
        raise node.refused(
            "value", message("{element} is not the birthday of a patient.", element=node.path)
        )
    return age


def _date(node: Node) -> list[int]:
    """Year, and month and day where they are told."""
    match = _DATE.fullmatch(node.as_text())
    parts = [int(part) for part in match.groups() if part] if match else []
    try:
        date(*[*parts, 1, 1][:3])
    except (ValueError, TypeError) as error:
        raise node.refused(
            "value", message("{element} must be a date, YYYY-MM-DD.", element=node.path)
        ) from error
    return parts


def _question(root: Node) -> str | None:
    """Reasons and notes, as they were written."""
    texts = [_words(node) for node in root.items("reasonCode")]
    texts += [node.needed("text").as_text(MOST_TEXT) for node in root.items("note")]
    text = "; ".join(text for text in texts if text)
    if len(text) > MOST_TEXT:
        raise Node(f"{root.path}.note", None).refused(
            "too-long",
            message("Reasons and notes together have more than {most} characters.", most=MOST_TEXT),
        )
    return text or None


def _words(concept: Node) -> str | None:
    """What a person reads of a concept."""
    words = concept.text("text", MOST_TEXT)
    codings = (item.text("display") for item in concept.items("coding"))
    return words or next((display for display in codings if display), None)
