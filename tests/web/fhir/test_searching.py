"""Searches for reports over the network."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.review import Act
from app.domain.site import Site
from app.domain.user import User
from app.services.passwords import hash_password
from app.services.worklist import refresh
from tests.accounts import ADMIN_PASSWORD
from tests.services.reading_room import LATER
from tests.web.fhir.test_reading import act, amended, is_outcome, raised_room, read, signed


def found(bundle):
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def links(bundle):
    return {item["relation"]: item["url"] for item in bundle["link"]}


@pytest.fixture
def rooms(idle_client, open_container):
    """Three cases: signed, corrected, and a draft; all of one patient."""
    first, second, third = (raised_room(open_container) for _ in range(3))
    with open_container.transactions() as transaction:
        # As the job does that has read the cells.
        refresh(transaction, third.case.id, open_container.bundle, third.rule)
    for room in (first, second):
        signed(room)
    amended(second, "A cell was no PMN")
    act(second, [1], Act.EXCLUDE)
    signed(second)
    return first, second, third


def test_reports_are_found_by_what_they_say(idle_client, rooms, fhir_validator):
    first, second, _ = rooms
    keys = [str(room.case.id) for room in rooms]

    def search(**parameters):
        bundle = read(idle_client, "DiagnosticReport", **parameters)
        assert fhir_validator.problems(bundle) == []
        return found(bundle)

    assert search() == keys[::-1]
    assert search(identifier=first.case.accession_number) == keys[:1]
    assert search(identifier="nothing") == []
    assert search(_id=f"{keys[0]},{keys[2]}") == [keys[2], keys[0]]
    assert search(patient=str(second.case.patient.id)) == keys[::-1]
    assert search(subject=f"Patient/{uuid7()}") == []
    assert search(status="final") == keys[:1]
    assert search(status="corrected") == [keys[1]]
    assert search(status="amended") == []
    assert search(status="preliminary,final") == [keys[2], keys[0]]
    assert search(status="registered") == []
    # The readers' clock of these tests stands at `LATER`.
    assert search(_lastUpdated=LATER.date().isoformat()) == [keys[1], keys[0]]
    assert search(_lastUpdated=f"ge{LATER.isoformat()}") == [keys[1], keys[0]]
    assert search(_lastUpdated=f"gt{LATER.date().isoformat()}") == []
    assert search(_lastUpdated=f"lt{(LATER - timedelta(seconds=1)).isoformat()}") == []
    amended(first, "Read again")
    assert search(_lastUpdated="ge2000") == [keys[1]]


def test_pages_follow_one_another(idle_client, rooms):
    keys = [str(room.case.id) for room in rooms]
    first = read(idle_client, "DiagnosticReport", _count="2", _format="json")
    assert found(first) == keys[:0:-1]
    assert "_format" not in links(first)["self"]
    rest = idle_client.get(links(first)["next"]).json()
    assert found(rest) == keys[:1]
    assert "next" not in links(rest)


def test_a_form_keeps_the_number_out_of_the_address(idle_client, rooms):
    first = rooms[0]
    path = "/fhir/DiagnosticReport/_search"
    response = idle_client.post(path, data={"identifier": first.case.accession_number})
    assert response.status_code == 200
    assert found(response.json()) == [str(first.case.id)]
    expected = urlencode({"identifier": first.case.accession_number})
    assert links(response.json())["self"].endswith(f"/fhir/DiagnosticReport?{expected}")
    is_outcome(idle_client.post(path, json={"identifier": "x"}), 415, "not-supported")


def test_an_unknown_parameter_is_an_outcome(idle_client):
    response = idle_client.get("/fhir/DiagnosticReport", params={"identifer": "A-1"})
    is_outcome(response, 400, "invalid", "identifer")


def test_reports_of_other_sites_are_not_found(idle_client, open_container, rooms):
    with open_container.transactions() as transaction:
        site = Site(uuid7(), "Elsewhere", LATER)
        transaction.sites.add(site)
        user = User(uuid7(), "elsewhere", Role.HAEMATOLOGIST, hash_password(ADMIN_PASSWORD))
        transaction.users.add(replace(user, site_ids=frozenset({site.id})), LATER)
    idle_client.auth = (user.name, ADMIN_PASSWORD)
    assert found(read(idle_client, "DiagnosticReport")) == []
    case = rooms[0].case
    assert found(read(idle_client, "DiagnosticReport", identifier=case.accession_number)) == []
