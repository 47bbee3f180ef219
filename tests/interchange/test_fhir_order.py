import copy
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies
from uuid_utils.compat import uuid7

from app.domain.case import ClinicalContext, Sex
from app.domain.errors import ElementRefused
from app.interchange.codes import Namespaces
from app.interchange.fhir_case import order
from app.interchange.fhir_order import parse_order
from app.interchange.fhir_types import collected
from tests.factories import make_case
from tests.interchange.hl7_messages import make_placed
from tests.interchange.orders import ACCESSION, ORDER, PATIENT, SPECIMEN, observation

NAMES = Namespaces()
PLACER = {"coding": [{"system": ACCESSION["coding"][0]["system"], "code": "PLAC"}]}
BASE = "https://lab.example/fhir"
TODAY = date(2026, 3, 1)


def parsed(content):
    return parse_order(content, NAMES, BASE, TODAY)


def changed(**changes):
    content = copy.deepcopy(ORDER) | changes
    return {name: value for name, value in content.items() if value is not None}


def refused(content):
    with pytest.raises(ElementRefused) as caught:
        parsed(content)
    return caught.value


def test_the_orders_that_are_tried_here_are_valid(fhir_validator):
    assert fhir_validator.problems(ORDER) == []
    assert fhir_validator.problems(changed(supportingInfo=None)) == []


def test_a_whole_order_becomes_a_case():
    found = parsed(ORDER)
    new = found.placed(found.person.identifier, uuid7()).new_case
    assert new.accession_number == "B26-0417"
    assert found.accession_system == "https://lab.example/accessions"
    assert (new.patient_identifier, new.patient_name) == ("P-0042", "Anna Example")
    assert new.context == ClinicalContext(
        age_years=70,
        sex=Sex.FEMALE,
        haemoglobin_g_dl=9.1,
        mcv_fl=108,
        platelets_10e9_l=121,
        question="Macrocytic anaemia; VEXAS?",
    )


def test_what_a_case_was_told_is_shown_and_read_back(fhir_validator):
    context = ClinicalContext(
        age_years=71,
        haemoglobin_g_dl=9.1,
        mcv_fl=108.5,
        platelets_10e9_l=121,
        neutrophils_10e9_l=2.4,
        question="VEXAS?",
    )
    case = make_case(context=context)
    shown = order(case, NAMES, make_placed(filler_number="F-3"), is_done=False)
    assert fhir_validator.problems(shown) == []
    found = parsed({**shown, "subject": {"identifier": {"value": "P-1"}}})
    assert found.context == context
    assert found.accession_number == case.accession_number
    assert found.numbers == ("PL-5", "F-3")


@pytest.mark.parametrize(
    ("identifiers", "specimens", "number"),
    [
        ([{"value": "A-1"}], [], "A-1"),
        ([{"system": NAMES.accession_numbers, "value": "A-1"}, {"value": "X"}], [], "A-1"),
        ([{"type": ACCESSION, "value": "A-1"}, {"value": "X"}], [], "A-1"),
        (None, [{"reference": "#s"}], "S-9"),
        (None, [{"identifier": {"value": "S-10"}}], "S-10"),
        ([{"type": ACCESSION, "value": "S-9"}], [{"reference": "#s"}], "S-9"),
    ],
)
def test_the_accession_number_is_found(identifiers, specimens, number):
    specimen = {**SPECIMEN, "accessionIdentifier": {"value": "S-9"}}
    content = changed(identifier=identifiers, specimen=specimens, contained=[PATIENT, specimen])
    assert parsed({**content, "supportingInfo": []}).accession_number == number


@pytest.mark.parametrize(
    ("subject", "identifier"),
    [
        ({"identifier": {"value": "P-7"}}, "P-7"),
        ({"reference": "#p"}, "P-0042"),
    ],
)
def test_the_patient_is_found(subject, identifier):
    assert parsed(changed(subject=subject)).person.identifier == identifier


@pytest.mark.parametrize("form", ["Patient/{}", BASE + "/Patient/{}"])
def test_a_patient_who_is_here_is_named_by_reference(form):
    key = "0190a000-0000-7000-8000-000000000000"
    found = parsed(changed(subject={"reference": form.format(key)}))
    assert (found.patient_id, found.person) == (UUID(key), None)


@pytest.mark.parametrize(
    ("given", "identifier"),
    [
        ([{"system": NAMES.patient_identifiers, "value": "own"}, {"value": "x"}], "own"),
        (
            [
                {"value": "x"},
                {
                    "type": {
                        "coding": [{"system": ACCESSION["coding"][0]["system"], "code": "MR"}]
                    },
                    "value": "record",
                },
            ],
            "record",
        ),
    ],
)
def test_of_several_identifiers_the_laboratorys_own_comes_first(given, identifier):
    patient = {**PATIENT, "identifier": given}
    content = changed(contained=[patient, SPECIMEN], supportingInfo=[])
    assert parsed(content).person.identifier == identifier


def test_what_is_the_patient_s_no_more_is_passed_over():
    patient = {
        **PATIENT,
        "identifier": [{"use": "old", "value": "before"}, {"value": "now"}],
        "name": [{"use": "old", "text": "Maiden"}, {"use": "usual", "text": "Married"}],
    }
    person = parsed(changed(contained=[patient, SPECIMEN], supportingInfo=[])).person
    assert (person.identifier, person.name) == ("now", "Married")


def drawn(**collection):
    specimen = {**SPECIMEN, "collection": collection}
    return changed(contained=[PATIENT, specimen], supportingInfo=[])


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("2026", "2026"),
        ("2026-02", "2026-02"),
        ("2026-02-28", "2026-02-28"),
        ("2026-02-28T23:30:00-02:00", "2026-03-01T01:30:00Z"),
    ],
)
def test_the_time_of_the_sample_is_kept_as_exactly_as_it_was_told(told, shown):
    for collection in ({"collectedDateTime": told}, {"collectedPeriod": {"start": told}}):
        placed = parsed(drawn(**collection)).placed("P-1", uuid7())
        assert collected(placed.collected) == shown
    assert parsed(ORDER).placed("P-1", uuid7()).collected is None


@pytest.mark.parametrize(
    "told", ["yesterday", "2026-02-30", "2026-02-28T23:30", "2026-02-28T23:30:00", "0000"]
)
def test_a_time_without_a_zone_or_of_no_day_is_refused(told):
    error = refused(drawn(collectedDateTime=told))
    path = "ServiceRequest.contained[1].collection.collectedDateTime"
    assert (error.code, error.expression) == ("value", path)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_what_is_no_result_is_not_taken_for_one(status):
    withdrawn = {**observation("hb", "718-7", 91, "g/L"), "status": status}
    content = changed(
        contained=[PATIENT, SPECIMEN, withdrawn], supportingInfo=[{"reference": "#hb"}]
    )
    assert parsed(content).context.haemoglobin_g_dl is None


@pytest.mark.parametrize(
    ("born", "age"),
    [("1955-03-01", 71), ("1955-03-02", 70), ("1955-04", 70), ("1955-03", 71), ("1955", 71)],
)
def test_an_age_is_counted_from_what_is_known_of_the_birthday(born, age):
    content = changed(contained=[{**PATIENT, "birthDate": born}, SPECIMEN], supportingInfo=[])
    assert parsed(content).context.age_years == age


@pytest.mark.parametrize(
    ("changes", "code", "expression"),
    [
        ({"resourceType": "Patient"}, "structure", "ServiceRequest.resourceType"),
        ({"status": None}, "required", "ServiceRequest.status"),
        ({"status": "bogus"}, "code-invalid", "ServiceRequest.status"),
        ({"status": "draft"}, "business-rule", "ServiceRequest.status"),
        ({"status": 1}, "structure", "ServiceRequest.status"),
        ({"intent": None}, "required", "ServiceRequest.intent"),
        ({"intent": "proposal"}, "business-rule", "ServiceRequest.intent"),
        ({"doNotPerform": True}, "business-rule", "ServiceRequest.doNotPerform"),
        ({"doNotPerform": "no"}, "business-rule", "ServiceRequest.doNotPerform"),
        (
            {"modifierExtension": [{"url": "x"}]},
            "not-supported",
            "ServiceRequest.modifierExtension",
        ),
        ({"implicitRules": "x"}, "not-supported", "ServiceRequest.implicitRules"),
        ({"identifer": []}, "structure", "ServiceRequest.identifer"),
        ({"identifier": {"value": "A"}}, "structure", "ServiceRequest.identifier"),
        ({"identifier": ["A"]}, "structure", "ServiceRequest.identifier[0]"),
        ({"identifier": [], "specimen": []}, "required", "ServiceRequest.identifier"),
        ({"identifier": [{"value": " "}]}, "structure", "ServiceRequest.identifier[0].value"),
        ({"identifier": [{"value": "x" * 201}]}, "too-long", "ServiceRequest.identifier[0].value"),
        (
            {"identifier": [{"value": "a\u0000b"}], "specimen": []},
            "value",
            "ServiceRequest.identifier[0].value",
        ),
        ({"identifier": [{"system": "urn:x"}]}, "required", "ServiceRequest.identifier[0].value"),
        ({"subject": None}, "required", "ServiceRequest.subject"),
        ({"subject": {}}, "required", "ServiceRequest.subject.identifier"),
        ({"subject": {"reference": "#q"}}, "not-found", "ServiceRequest.subject.reference"),
        ({"subject": {"reference": "#s"}}, "not-found", "ServiceRequest.subject.reference"),
        (
            {"subject": {"reference": "https://other.example/Patient/1"}},
            "not-supported",
            "ServiceRequest.subject.reference",
        ),
        (
            {"contained": [{"resourceType": "Patient"}]},
            "required",
            "ServiceRequest.contained[0].id",
        ),
        ({"contained": [PATIENT, PATIENT]}, "invariant", "ServiceRequest.contained[1]"),
        (
            {"contained": [PATIENT, SPECIMEN, observation("hb", "718-7", 10**400, "g/L")]},
            "value",
            "ServiceRequest.contained[2].valueQuantity.value",
        ),
        (
            {
                "contained": [
                    PATIENT,
                    SPECIMEN,
                    observation("hb", "718-7", 91, "g/L"),
                    observation("mcv", "718-7", 80, "g/L"),
                ]
            },
            "conflict",
            "ServiceRequest.contained[3]",
        ),
        (
            {"identifier": [{"value": "B26-0417"}, {"type": PLACER, "value": "a\u0000b"}]},
            "value",
            "ServiceRequest.identifier[1].value",
        ),
        ({"note": [{"text": "x" * 2001}]}, "too-long", "ServiceRequest.note[0].text"),
        ({"note": [{"text": "x" * 1999}]}, "too-long", "ServiceRequest.note"),
    ],
)
def test_what_cannot_be_taken_is_named(changes, code, expression):
    error = refused(changed(**changes))
    assert (error.code, error.expression) == (code, expression)
    assert error.detail


@pytest.mark.parametrize(
    ("changes", "code", "element"),
    [
        ({"gender": "f"}, "code-invalid", "gender"),
        ({"birthDate": "1.2.1955"}, "value", "birthDate"),
        ({"birthDate": "1955-02-30"}, "value", "birthDate"),
        ({"birthDate": "2027-01-01"}, "value", "birthDate"),
        ({"identifier": []}, "required", "identifier"),
        ({"identifier": [{"value": "a"}, {"value": "b"}]}, "value", "identifier"),
        ({"name": [{"text": "a\u202eb"}]}, "value", "name[0]"),
        ({"nam": []}, "structure", "nam"),
        ({"modifierExtension": [{"url": "x"}]}, "not-supported", "modifierExtension"),
    ],
)
def test_what_cannot_be_taken_of_a_patient_is_named(changes, code, element):
    content = changed(contained=[{**PATIENT, **changes}, SPECIMEN], supportingInfo=[])
    error = refused(content)
    assert (error.code, error.expression) == (code, f"ServiceRequest.contained[0].{element}")


@pytest.mark.parametrize(
    ("quantity", "code", "element"),
    [
        ({"value": 91, "code": "g/dL"}, "value", "code"),
        ({"value": 9.1, "unit": "mmol/L", "code": "mmol/L"}, "value", "code"),
        ({"value": "9.1"}, "structure", "value"),
        ({"value": True}, "structure", "value"),
        ({"comparator": "<"}, "not-supported", "comparator"),
        ({"system": None}, "value", "code"),
    ],
)
def test_a_blood_count_in_another_unit_is_refused_and_never_guessed(quantity, code, element):
    item = observation("hb", "718-7", 9.1, "g/dL")
    item["valueQuantity"] |= quantity
    content = changed(contained=[PATIENT, SPECIMEN, item], supportingInfo=[{"reference": "#hb"}])
    error = refused(content)
    path = "ServiceRequest.contained[2].valueQuantity"
    # Out of its range: the quantity as a whole is meant.
    whole = quantity == {"value": 91, "code": "g/dL"}
    assert (error.code, error.expression) == (code, path if whole else f"{path}.{element}")


def test_two_samples_are_two_orders():
    other = {**SPECIMEN, "accessionIdentifier": {"value": "OTHER"}}
    error = refused(changed(contained=[PATIENT, other], supportingInfo=[]))
    assert error.code == "conflict"


@pytest.mark.parametrize("content", [None, [], "ServiceRequest", 3, {}])
def test_what_is_no_resource_is_refused(content):
    assert refused(content).code == "structure"


_JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(max_size=5)
    | strategies.sampled_from(["#p", "#s", "#hb", "Patient/x", "ServiceRequest", "Observation"]),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(
            strategies.sampled_from(["id", "reference", "value", "code", "coding", "text", "x"]),
            inner,
        )
    ),
    max_leaves=4,
)


def places(value, path=()):
    """The ways to every element of an order."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for name, item in items:
        yield from places(item, (*path, name))


@given(place=strategies.sampled_from(list(places(ORDER))), value=_JSON)
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_whatever_is_sent_is_taken_or_refused_with_the_place(place, value):
    content = copy.deepcopy(ORDER)
    target = content
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    refusal = None
    try:
        parsed(content)
    except ElementRefused as error:
        refusal = error
    assert refusal is None or refusal.expression.startswith("ServiceRequest")
