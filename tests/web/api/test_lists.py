"""Lists of cases and patients: filtered, page by page, found by numbers that no address holds."""

from datetime import timedelta

import pytest

from app.domain.case_state import CaseState
from app.domain.site import DEFAULT_SITE_ID
from app.web.api.paging import to_cursor
from tests.accounts import ADMIN, READER
from tests.services.reading_room import open_room
from tests.web.api.test_cases import NEW, is_problem

CASES = "/api/v1/cases"
UNKNOWN = "0190a000-0000-7000-8000-000000000000"


def open_case(client, number, patient="P-1"):
    new = {**NEW, "accession_number": number, "patient_identifier": patient}
    return client.post(CASES, json=new).json()


def numbers(answer):
    return [item["accession_number"] for item in answer.json()["items"]]


def test_pages_follow_one_another_whatever_is_opened_meanwhile(idle_client):
    for index in range(5):
        open_case(idle_client, f"A-{index}")
    seen, address = [], f"{CASES}?limit=2&state=empty"
    while address:
        answer = idle_client.get(address)
        assert answer.status_code == 200
        seen += numbers(answer)
        open_case(idle_client, f"B-{len(seen)}")
        address = answer.links.get("next", {}).get("url")
        assert bool(address) == bool(answer.json()["next_cursor"])
        assert address is None or "state=empty" in address
    assert seen == ["A-4", "A-3", "A-2", "A-1", "A-0"]


@pytest.mark.parametrize("cursor", ["x", "!", to_cursor("a"), to_cursor("2026-01-01", UNKNOWN)])
def test_what_is_no_place_is_refused(idle_client, cursor):
    for path in (CASES, "/api/v1/patients"):
        is_problem(idle_client.get(path, params={"cursor": cursor}), 422, "cursor")


def test_cases_are_filtered(idle_client, open_container):
    room = open_room(open_container)
    with open_container.transactions() as transaction:
        line = transaction.worklist.get(room.case.id)
    open_case(idle_client, "A-2")

    def found(**filters):
        answer = idle_client.get(CASES, params=filters)
        assert answer.status_code == 200
        return set(numbers(answer))

    mine = {room.case.accession_number}
    assert found() == {*mine, "A-2"}
    assert found(state=["empty", "signed"]) == {"A-2"} | (
        mine if line.state is CaseState.EMPTY else set()
    )
    assert found(site=str(DEFAULT_SITE_ID)) == {*mine, "A-2"}
    assert found(site=UNKNOWN) == set()
    day = open_container.now().date()
    assert found(opened_from=str(day)) >= {"A-2"}
    assert found(opened_from=str(day + timedelta(days=1))) == set()
    assert found(recommendation="test_uba1") == set()
    assert found(reader=UNKNOWN) == set()
    wrong = {"opened_from": str(day), "opened_to": str(day - timedelta(days=1))}
    is_problem(idle_client.get(CASES, params=wrong), 422, "day")
    is_problem(idle_client.get(CASES, params={"state": "lost"}), 422, "state")


def test_the_former_place_in_the_list_still_holds(idle_client):
    for index in range(3):
        open_case(idle_client, f"A-{index}")
    first = idle_client.get(CASES, params={"limit": 2}).json()
    rest = idle_client.get(CASES, params={"before": first["next_before"]})
    assert numbers(rest) == ["A-0"]
    is_problem(idle_client.get(CASES, params={"before": UNKNOWN}), 404)


def test_a_case_is_found_by_its_number_in_a_body(idle_client):
    case = open_case(idle_client, "A-1")
    found = idle_client.post(f"{CASES}/search", json={"accession_number": "A-1"})
    assert found.json()["items"] == [case]
    assert found.json()["next_cursor"] is None
    assert "A-1" not in str(found.url)
    nothing = idle_client.post(f"{CASES}/search", json={"accession_number": "a-1"})
    assert nothing.json()["items"] == []


def test_a_patient_is_found_by_the_identifier_in_a_body(idle_client):
    first = open_case(idle_client, "A-1", "P-1")
    second = open_case(idle_client, "A-2", "P-1")
    open_case(idle_client, "A-3", "P-2")
    found = idle_client.post("/api/v1/patients/search", json={"identifier": "P-1"}).json()
    [patient] = found["items"]
    assert patient == {"id": first["patient_id"], "identifier": "P-1", "name": None}
    path = f"/api/v1/patients/{patient['id']}"
    assert idle_client.get(path).json() == patient
    page = idle_client.get(f"{path}/cases", params={"limit": 1})
    assert page.json()["items"] == [second]
    rest = idle_client.get(page.links["next"]["url"])
    assert rest.json()["items"] == [first]
    assert "next" not in rest.links
    listed = idle_client.get("/api/v1/patients", params={"limit": 1})
    assert [item["identifier"] for item in listed.json()["items"]] == ["P-2"]
    older = idle_client.get(listed.links["next"]["url"]).json()
    assert [item["identifier"] for item in older["items"]] == ["P-1"]
    assert older["next_cursor"] is None


def test_nobody_sees_a_patient_of_another_site(idle_client, open_container):
    case = open_case(idle_client, "A-1")
    with open_container.transactions() as transaction:
        reader = transaction.users.by_name(READER[0])
        transaction.sites.set_sites_of(reader.id, [])
    wanted = {"identifier": "P-1"}
    assert idle_client.get(CASES).json()["items"] == []
    assert idle_client.get("/api/v1/patients").json()["items"] == []
    answer = idle_client.post("/api/v1/patients/search", json=wanted)
    assert answer.json()["items"] == []
    number = {"accession_number": "A-1"}
    assert idle_client.post(f"{CASES}/search", json=number).json()["items"] == []
    path = f"/api/v1/patients/{case['patient_id']}"
    is_problem(idle_client.get(path), 404)
    is_problem(idle_client.get(f"{path}/cases"), 404)
    assert idle_client.get(path, auth=ADMIN).status_code == 200
