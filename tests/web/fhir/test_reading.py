"""Reports as FHIR, over the network, in every state that a case passes through."""

import json
import re
from dataclasses import replace
from email.utils import format_datetime

import pytest
from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.review import Act
from app.domain.site import Site
from app.domain.user import User
from app.services.passwords import hash_password
from app.services.reviewing import relabel
from app.services.second_reading import give_to_second_reader
from app.services.signing import amend, sign
from app.web.access import RULES
from tests.accounts import ADMIN_PASSWORD, READER
from tests.fhir_validator import dangling, references
from tests.services.reading_room import LATER, open_room
from tests.web.api.test_cases import NEW

VACUOLE = Abnormality.VACUOLE
UNKNOWN = "0190a000-0000-7000-8000-000000000000"
JSON = "application/fhir+json"


@pytest.fixture
def client(steady_client):
    """Signed in; one server for the whole module."""
    steady_client.auth = READER
    return steady_client


@pytest.fixture
def container(client):
    return client.app.state.container


@pytest.fixture
def room(container):
    return raised_room(container)


def raised_room(container):
    """60 counted PMN, of which 30 have vacuoles: UBA1 testing is recommended."""
    return open_room(container, [{VACUOLE}] * 30, cell_count=60, mark=f"-{uuid7()}")


def act(room, ordinals, kind, label=None):
    with room.container.transactions() as transaction:
        relabel(transaction, room.reader(room.ann), room.ids(*ordinals), kind, label, LATER)


def signed(room):
    with room.container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        return sign(transaction, room.reader(room.ann), last, LATER)


def amended(room, reason):
    with room.container.transactions() as transaction:
        amend(transaction, room.reader(room.ann), reason, LATER)


def read(client, path, **parameters):
    response = client.get(f"/fhir/{path}", params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == JSON
    assert response.headers["cache-control"] == "no-store"
    return response.json()


def is_outcome(response, status, code, *words):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == JSON
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    [issue] = body["issue"]
    assert (issue["severity"], issue["code"]) == ("error", code)
    for word in words:
        assert word in issue["diagnostics"]
    return issue


def resources_of(bundle, kind):
    found = [entry["resource"] for entry in bundle["entry"]]
    return [item for item in found if item["resourceType"] == kind]


def test_a_report_goes_through_its_states(idle_client, open_container, fhir_validator):
    client, room = idle_client, raised_room(open_container)
    path = f"DiagnosticReport/{room.case.id}"
    empty = client.post("/api/v1/cases", json={**NEW, "accession_number": "EMPTY"}).json()
    states = [read(client, f"DiagnosticReport/{empty['id']}/$everything")]
    states.append(read(client, f"{path}/$everything"))
    signed(room)
    states.append(read(client, f"{path}/$everything"))
    amended(room, "Cells were left out")
    states.append(read(client, f"{path}/$everything"))
    act(room, range(1, 26), Act.EXCLUDE)
    signed(room)
    states.append(read(client, f"{path}/$everything"))
    statuses = [resources_of(bundle, "DiagnosticReport")[0]["status"] for bundle in states]
    assert statuses == ["registered", "preliminary", "final", "preliminary", "corrected"]
    for bundle in states:
        assert fhir_validator.problems(bundle) == []
        assert dangling(bundle) == []
    # 35 PMN are too few to say; what was signed first is still there as it was.
    assert "Too few cells" in resources_of(states[-1], "DiagnosticReport")[0]["conclusion"]
    assert read(client, f"{path}/_history/1/$everything") == states[2]
    assert read(client, f"{path}/_history/1") == resources_of(states[2], "DiagnosticReport")[0]
    history = read(client, f"{path}/_history")
    assert fhir_validator.problems(history) == []
    assert [entry["resource"]["status"] for entry in history["entry"]] == ["corrected", "final"]
    is_outcome(client.get(f"/fhir/{path}/_history/3"), 404, "not-found", "no version 3")


def test_every_reference_can_be_read_where_it_points(client, room, fhir_validator):
    signed(room)
    bundle = read(client, f"DiagnosticReport/{room.case.id}/$everything")
    for entry in bundle["entry"]:
        path = entry["fullUrl"].removeprefix("http://testserver/fhir/")
        assert read(client, path) == entry["resource"], path
    for path in set(references(bundle)):
        assert fhir_validator.problems(read(client, path)) == [], path
    assert len(set(references(bundle))) > 10


def test_results_and_pictures_of_a_version_stay(client, room):
    signed(room)
    key = f"Observation/{room.case.id}.pmn-count"
    first = read(client, key)
    amended(room, "A cell was no PMN")
    act(room, [1], Act.EXCLUDE)
    signed(room)
    assert read(client, key)["valueQuantity"]["value"] == 59
    assert read(client, f"{key}/_history/1") == first
    # The first cell is no longer among the strongest: it is left out.
    picture = f"Media/{room.cells[0].id}"
    is_outcome(client.get(f"/fhir/{picture}"), 404, "not-found")
    assert read(client, f"{picture}/_history/1")["width"] == 150


def test_a_proposal_that_an_amendment_withdraws_stays_readable(client, room, fhir_validator):
    signed(room)
    path = f"ServiceRequest/{room.case.id}.uba1"
    assert read(client, path)["status"] == "active"
    amended(room, "Cells were left out")
    act(room, range(1, 26), Act.EXCLUDE)
    assert read(client, path)["status"] == "on-hold"
    signed(room)
    # And once more: the version before recommends nothing by then.
    amended(room, "A sentence was missing")
    signed(room)
    withdrawn = read(client, path)
    assert withdrawn["status"] == "revoked"
    assert "Version 1 of the report proposed" in withdrawn["note"][0]["text"]
    whole = read(client, f"DiagnosticReport/{room.case.id}/$everything")
    assert withdrawn in resources_of(whole, "ServiceRequest")
    assert dangling(whole) == []
    assert fhir_validator.problems(whole) == []


def test_the_numbers_are_those_of_the_api(client, room):
    report = client.get(f"/api/v1/cases/{room.case.id}/report").json()
    item = read(client, f"Observation/{room.case.id}.screening-score")
    assert item["valueQuantity"]["value"] == report["score"]["value"]


@pytest.mark.parametrize(
    "path",
    [
        f"DiagnosticReport/{UNKNOWN}",
        f"DiagnosticReport/{UNKNOWN}/$everything",
        "DiagnosticReport/one",
        f"Observation/{UNKNOWN}.vacuole",
        "Observation/vacuole",
        f"Media/{UNKNOWN}",
        f"Patient/{UNKNOWN}",
        f"Specimen/{UNKNOWN}",
        "Device/none",
        f"Provenance/{UNKNOWN}.signature-1",
        "CodeSystem/none",
        "OperationDefinition/none",
        "Encounter/1",
        "",
    ],
)
def test_what_is_not_there_is_an_outcome(client, path, fhir_validator):
    response = client.get(f"/fhir/{path}")
    is_outcome(response, 404, "not-found")
    assert fhir_validator.problems(response.json()) == []


def test_parts_that_a_report_has_not_are_not_found(client, room):
    for path in ("Observation/{}.nothing", "Practitioner/{}.signer-1", "Provenance/{}.vacuole"):
        response = client.get(f"/fhir/{path.format(room.case.id)}")
        is_outcome(response, 404, "not-found")


def test_a_stranger_learns_what_the_server_can_and_nothing_else(client, room, fhir_validator):
    client.auth = None
    statement = read(client, "metadata")
    assert fhir_validator.problems(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    response = client.get(f"/fhir/DiagnosticReport/{room.case.id}")
    is_outcome(response, 401, "login")
    assert response.headers["www-authenticate"].startswith("Basic")
    is_outcome(client.get("/fhir/CodeSystem/smear"), 401, "login")


def test_the_declared_codes_can_be_read(client, fhir_validator):
    codes = read(client, "CodeSystem/smear")
    assert fhir_validator.problems(codes) == []
    statement = read(client, "metadata")
    [report] = [
        item for item in statement["rest"][0]["resource"] if item["type"] == "DiagnosticReport"
    ]
    definition = report["operation"][0]["definition"].removeprefix("http://testserver/fhir/")
    assert read(client, definition)["code"] == "everything"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"headers": {"accept": JSON}}, 200),
        ({"headers": {"accept": "application/json;q=0.9"}}, 200),
        ({"headers": {"accept": "text/html, */*"}}, 200),
        ({"headers": {"accept": "application/fhir+xml"}}, 406),
        ({"params": {"_format": "json"}}, 200),
        ({"params": {"_format": "application/fhir+json"}, "headers": {"accept": "x/y"}}, 200),
        ({"params": {"_format": "xml"}}, 406),
    ],
)
def test_who_cannot_read_json_is_told_so(client, asked, status):
    response = client.get("/fhir/metadata", **asked)
    assert response.status_code == status
    assert response.headers["content-type"] == JSON
    if status == 406:
        is_outcome(response, 406, "not-supported", "application/fhir+json")


def test_another_method_is_an_outcome(client, room):
    response = client.delete(f"/fhir/DiagnosticReport/{room.case.id}")
    is_outcome(response, 405, "not-supported")


def test_a_report_of_another_site_is_not_there(client, container, room):
    signed(room)
    bundle = read(client, f"DiagnosticReport/{room.case.id}/$everything")
    with container.transactions() as transaction:
        site = Site(uuid7(), f"Elsewhere {uuid7()}", LATER)
        transaction.sites.add(site)
        user = User(
            uuid7(), f"elsewhere-{uuid7()}", Role.HAEMATOLOGIST, hash_password(ADMIN_PASSWORD)
        )
        transaction.users.add(replace(user, site_ids=frozenset({site.id})), LATER)
    client.auth = (user.name, ADMIN_PASSWORD)
    open_to_all = {"Device"}
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] in open_to_all:
            continue
        path = entry["fullUrl"].removeprefix("http://testserver")
        is_outcome(client.get(path), 404, "not-found")
    is_outcome(client.get(f"/fhir/DiagnosticReport/{room.case.id}/_history"), 404, "not-found")


def test_the_second_reader_sees_no_version(client, container, room):
    signed(room)
    amended(room, "Read again")
    with container.transactions() as transaction:
        give_to_second_reader(transaction, room.reader(room.ann), room.bob, LATER)
        transaction.users.set_password_hash(room.bob.id, hash_password(ADMIN_PASSWORD))
    client.auth = (room.bob.name, ADMIN_PASSWORD)
    path = f"/fhir/DiagnosticReport/{room.case.id}"
    for part in ("_history", "_history/1", "_history/1/$everything"):
        is_outcome(client.get(f"{path}/{part}"), 403, "forbidden", "second reader")
    is_outcome(client.get(f"/fhir/Provenance/{room.case.id}.signature-1"), 403, "forbidden")
    mine = client.get(f"{path}/$everything")
    assert mine.status_code == 200
    assert "Dr Ann" not in mine.text
    assert json.loads(mine.text)["entry"][0]["resource"]["status"] == "preliminary"


def test_a_version_has_its_number_as_tag_and_a_draft_has_none(client, room):
    path = f"/fhir/DiagnosticReport/{room.case.id}"
    assert not client.get(path).headers["etag"].startswith("W/")
    signed(room)
    version = client.get(path)
    assert version.headers["etag"] == 'W/"1"'
    assert version.headers["last-modified"] == format_datetime(LATER, usegmt=True)
    assert client.get(path, headers={"If-None-Match": 'W/"1"'}).status_code == 304


def test_the_server_does_what_its_statement_says(client):
    ways = {
        "read": "GET /fhir/{kind}/{{id}}",
        "vread": "GET /fhir/{kind}/{{id}}/_history/{{version}}",
        "history-instance": "GET /fhir/{kind}/{{id}}/_history",
        "search-type": "GET /fhir/{kind}",
        "create": "POST /fhir/{kind}",
    }
    told = {
        ways[interaction["code"]].format(kind=item["type"])
        for item in read(client, "metadata")["rest"][0]["resource"]
        for interaction in item["interaction"]
    }
    done = {
        f"{method} " + re.sub(r"(?<=/){(?!version).*?}(\.{part})?(?=/|$)", "{id}", path)
        for method, path in RULES
        if path.startswith("/fhir/") and not path.endswith(("$everything", "/metadata", "/_search"))
    }
    assert told == done
