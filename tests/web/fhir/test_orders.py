"""Orders of other systems over the network: one order, one case, and every refusal explained."""

import copy
import json
from dataclasses import replace
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.audit import Outcome
from app.domain.site import DEFAULT_SITE_ID, Site
from app.ports import AuditFilter
from app.services.worklist import refresh
from tests.accounts import ADMIN_PASSWORD, READER, add_account
from tests.fhir_validator import references
from tests.interchange.orders import ORDER
from tests.web.fhir.test_reading import JSON, is_outcome, read

PLACER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]}
OURS = "urn:vexascope:accession-number"


@pytest.fixture
def client(steady_client):
    steady_client.auth = READER
    return steady_client


def fresh(**changes):
    """An order for a sample and a patient of its own."""
    content = copy.deepcopy(ORDER)
    number = f"B-{uuid7()}"
    content["identifier"][0]["value"] = number
    patient, specimen = content["contained"][:2]
    specimen["accessionIdentifier"]["value"] = number
    patient["identifier"][0]["value"] = f"P-{uuid7()}"
    return content | changes


def number_of(content):
    return content["identifier"][0]["value"]


def send(client, content, **headers):
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return client.post(
        "/fhir/ServiceRequest", content=text, headers={"Content-Type": JSON, **headers}
    )


def test_an_order_opens_a_case(client, fhir_validator):
    sent = fresh()
    response = send(client, sent)
    assert response.status_code == 201
    assert response.headers["content-type"] == JSON
    place = response.headers["location"]
    kept = response.json()
    assert fhir_validator.problems(kept) == []
    assert place == f"http://testserver/fhir/ServiceRequest/{kept['id']}"
    assert client.get(place).json() == kept
    case = client.get(f"/api/v1/cases/{kept['id']}").json()
    assert case["accession_number"] == number_of(sent)
    assert case["patient_name"] == "Anna Example"
    assert case["origin"] == "laboratory"
    context = case["clinical_context"]
    assert (context["sex"], context["haemoglobin_g_dl"], context["mcv_fl"]) == ("female", 9.1, 108)
    assert context["question"] == "Macrocytic anaemia; VEXAS?"
    for path in references(kept):
        if not path.startswith("#"):
            read(client, path)
    report = read(client, f"DiagnosticReport/{kept['id']}")
    assert (report["status"], report["basedOn"]) == (
        "registered",
        [{"reference": f"ServiceRequest/{kept['id']}"}],
    )


def test_an_order_s_number_and_the_time_of_its_sample_stay_with_the_case(client, fhir_validator):
    sent = fresh()
    sent["identifier"].append({"type": PLACER, "value": "PL-9"})
    sent["contained"][1]["collection"] = {"collectedDateTime": "2026-03-01"}
    kept = send(client, sent).json()
    numbers = [item["value"] for item in kept["identifier"]]
    assert numbers == [number_of(sent), "PL-9"]
    whole = read(client, f"DiagnosticReport/{kept['id']}/$everything")
    assert fhir_validator.problems(whole) == []
    report, specimen = (
        read(client, f"{kind}/{kept['id']}") for kind in ("DiagnosticReport", "Specimen")
    )
    assert report["effectiveDateTime"] == "2026-03-01"
    assert specimen["collection"]["collectedDateTime"] == "2026-03-01"
    with client.app.state.container.transactions() as transaction:
        placed = transaction.orders.of_case(UUID(kept["id"]))
    # An HL7 result of the case goes back under the number that FHIR gave.
    assert placed.placer_number == "PL-9"


def test_a_cancelled_order_is_shown_as_such_until_the_sample_is_ordered_again(client):
    sent = fresh()
    key = send(client, sent).json()["id"]
    container = client.app.state.container
    with container.transactions() as transaction:
        placed = transaction.orders.of_case(UUID(key))
        transaction.orders.put(UUID(key), replace(placed, cancelled_at=container.now()))
        refresh(transaction, UUID(key), container.bundle, container.review_rule)
    assert read(client, f"ServiceRequest/{key}")["status"] == "revoked"
    assert read(client, f"DiagnosticReport/{key}")["status"] == "cancelled"
    [entry] = read(client, "DiagnosticReport", status="cancelled", _id=key)["entry"]
    assert entry["resource"]["id"] == key
    page = client.get(f"/cases/{key}").text
    assert "has cancelled the order" in page
    again = send(client, sent)
    assert (again.status_code, again.json()["id"]) == (201, key)
    assert read(client, f"ServiceRequest/{key}")["status"] == "active"
    assert read(client, f"DiagnosticReport/{key}")["status"] == "registered"


def test_the_same_sample_again_is_a_duplicate(client):
    sent = fresh()
    assert send(client, sent).status_code == 201
    is_outcome(send(client, sent), 409, "duplicate", "accession number exists already")


@pytest.mark.parametrize("system", ["https://lab.example/accessions|", f"{OURS}|", "|", ""])
def test_a_conditional_order_is_taken_once(client, system):
    sent = fresh()
    condition = {"If-None-Exist": f"identifier={system}{number_of(sent)}"}
    if system == "|":
        # An identifier without a system is another one than that which was sent with one.
        assert send(client, sent, **condition).status_code == 201
        is_outcome(send(client, sent, **condition), 409, "duplicate")
        return
    first, again = send(client, sent, **condition), send(client, sent, **condition)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    assert first.json() == again.json()


def test_a_conditional_order_opens_a_cancelled_case_again(client):
    container, sent = client.app.state.container, fresh()
    condition = {"If-None-Exist": f"identifier={number_of(sent)}"}
    case_id = UUID(send(client, sent, **condition).json()["id"])
    with container.transactions() as transaction:
        placed = transaction.orders.of_case(case_id)
        transaction.orders.put(case_id, replace(placed, cancelled_at=container.now()))
    again, found = send(client, sent, **condition), send(client, sent, **condition)
    assert (again.status_code, again.json()["status"]) == (201, "active")
    assert found.status_code == 200
    assert again.json()["id"] == found.json()["id"] == str(case_id)


def test_a_conditional_order_for_another_patient_is_no_repetition(client):
    sent = fresh()
    condition = {"If-None-Exist": f"identifier={number_of(sent)}"}
    assert send(client, sent, **condition).status_code == 201
    sent["contained"][0]["identifier"][0]["value"] = f"P-{uuid7()}"
    is_outcome(send(client, sent, **condition), 409, "conflict", "another patient")


@pytest.mark.parametrize("condition", ["status=active", "identifier=x", "", "identifier=x&_id=1"])
def test_another_condition_is_not_guessed(client, condition):
    response = send(client, fresh(), **{"If-None-Exist": condition})
    is_outcome(response, 412, "not-supported", "If-None-Exist")


def test_an_idempotency_key_gives_the_same_answer(client):
    sent, key = fresh(), {"Idempotency-Key": f"key-{uuid7()}"}
    first, again = send(client, sent, **key), send(client, sent, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"]
    is_outcome(send(client, fresh(), **key), 409, "conflict", "Idempotency-Key")


def test_a_patient_who_is_here_can_be_named(client):
    first = send(client, fresh()).json()
    again = fresh(subject={"reference": first["subject"]["reference"]})
    response = send(client, again)
    assert response.status_code == 201
    assert response.json()["subject"] == first["subject"]
    unknown = fresh(subject={"reference": f"Patient/{uuid7()}"})
    issue = is_outcome(send(client, unknown), 422, "not-found")
    assert issue["expression"] == ["ServiceRequest.subject.reference"]


def test_another_name_of_a_known_patient_is_a_conflict(client):
    first, again = fresh(), fresh()
    assert send(client, first).status_code == 201
    again["contained"][0] = copy.deepcopy(first["contained"][0]) | {"name": [{"text": "Eva"}]}
    is_outcome(send(client, again), 409, "conflict", "another name")


def test_a_wrong_element_is_named_and_nothing_is_stored(client, fhir_validator):
    sent = fresh(status="bogus")
    response = send(client, sent)
    issue = is_outcome(response, 422, "code-invalid")
    assert issue["expression"] == ["ServiceRequest.status"]
    assert fhir_validator.problems(response.json()) == []
    sent["status"] = "active"
    assert send(client, sent).status_code == 201


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        ("{", JSON, 400, "invalid"),
        ("", JSON, 400, "invalid"),
        (b"\xff\xfe", JSON, 400, "invalid"),
        ("[" * 100_000, JSON, 400, "invalid"),
        ('{"resourceType": "ServiceRequest", "resourceType": "Patient"}', JSON, 400, "invalid"),
        ('{"resourceType": "ServiceRequest", "status": NaN}', JSON, 400, "invalid"),
        ("<ServiceRequest/>", "application/fhir+xml", 415, "not-supported"),
        ('{"resourceType": "Bundle"}', "application/json; charset=utf-8", 422, "structure"),
        (" " * (2 * 1024 * 1024), JSON, 413, "too-long"),
    ],
)
def test_what_is_no_order_is_refused(client, content, kind, status, code):
    response = send(client, content, **{"Content-Type": kind})
    is_outcome(response, status, code)


def test_who_wants_little_gets_little(client):
    response = send(client, fresh(), Prefer="return=minimal")
    assert (response.status_code, response.content) == (201, b"")
    assert client.get(response.headers["location"]).status_code == 200


def test_an_auditor_orders_nothing(client):
    container = client.app.state.container
    with container.transactions() as transaction:
        name = f"auditor-{uuid7()}"
        add_account(transaction, name, Role.AUDITOR, container.now())
    client.auth = (name, ADMIN_PASSWORD)
    is_outcome(send(client, fresh()), 403, "forbidden", "may not do this")


def test_an_order_names_its_site_and_numbers_are_those_of_the_site(client):
    container = client.app.state.container
    with container.transactions() as transaction:
        site = Site(uuid7(), f"Laboratory {uuid7()}", container.now())
        transaction.sites.add(site)
        user = add_account(transaction, f"both-{uuid7()}", Role.HAEMATOLOGIST, container.now())
        transaction.sites.set_sites_of(user.id, {DEFAULT_SITE_ID, site.id})
    client.auth = (user.name, ADMIN_PASSWORD)
    sent = fresh()
    condition = {"If-None-Exist": f"identifier={number_of(sent)}"}
    main = send(client, sent, **condition).json()
    identifier = {"system": "urn:vexascope:site", "value": site.name}
    sent["performer"] = [{"display": "somebody"}, {"identifier": identifier}]
    other, again = send(client, sent, **condition), send(client, sent, **condition)
    # The same number in another laboratory is another sample of another patient.
    assert (other.status_code, again.status_code) == (201, 200)
    assert other.json()["id"] == again.json()["id"] != main["id"]
    assert other.json()["subject"] != main["subject"]
    with container.transactions() as transaction:
        assert transaction.cases.get(UUID(other.json()["id"])).site_id == site.id
    identifier["value"] = "Nowhere"
    issue = is_outcome(send(client, sent), 422, "not-found", "opens no cases in this site")
    assert issue["expression"] == ["ServiceRequest.performer[1].identifier.value"]


def test_the_audit_has_the_order_and_no_patient(client):
    container = client.app.state.container
    sent = fresh()
    kept = send(client, sent).json()
    with container.transactions() as transaction:
        chosen = AuditFilter(action="case.open")
        entries = [
            entry.event
            for entry in transaction.audit.all(chosen)
            if str(entry.event.case_id) == kept["id"]
        ]
    [event] = entries
    assert (event.outcome, event.actor.name) == (Outcome.DONE, "reader")
    assert sent["contained"][0]["identifier"][0]["value"] not in str(event)
    assert number_of(sent) not in str(event)
