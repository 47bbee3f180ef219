import re
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.inference.bundle import load_bundle
from app.web.api.problems import ProblemRead
from app.web.app import create_app
from tests.bundles import write_bundle
from tests.images import cell_png

NEW = {"accession_number": "A-1", "patient_identifier": "P-1"}


def is_problem(response, status, *words):
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert response.status_code == body["status"] == status, body
    for word in words:
        assert word in body["detail"], body
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def test_a_case_is_opened_and_read_back(idle_client):
    context = {"age_years": 71, "sex": "male", "haemoglobin_g_dl": 9.1, "question": "VEXAS?"}
    created = idle_client.post("/api/v1/cases", json={**NEW, "clinical_context": context})
    assert created.status_code == 201
    body = created.json()
    assert created.headers["location"] == f"/api/v1/cases/{body['id']}"
    assert UUID(body["id"]).version == 7
    assert {k: v for k, v in body["clinical_context"].items() if v is not None} == context
    assert body["origin"] == "laboratory"
    assert body["progress"] == {
        "cell_count": 0,
        "classified_count": 0,
        "failed_count": 0,
        "pending_count": 0,
    }
    assert idle_client.get(created.headers["location"]).json() == body


def test_an_accession_number_that_is_taken_is_a_conflict(idle_client):
    assert idle_client.post("/api/v1/cases", json=NEW).status_code == 201
    problem = is_problem(idle_client.post("/api/v1/cases", json=NEW), 409, "accession number")
    # What FHIR says beside it is not in the description of the API.
    assert set(problem) <= set(ProblemRead.model_fields)


def test_cases_are_listed_page_by_page(idle_client):
    for index in range(5):
        idle_client.post("/api/v1/cases", json={**NEW, "accession_number": f"A-{index}"})
    first = idle_client.get("/api/v1/cases", params={"limit": 3}).json()
    rest = idle_client.get(
        "/api/v1/cases", params={"limit": 3, "before": first["next_before"]}
    ).json()
    numbers = [item["accession_number"] for item in first["items"] + rest["items"]]
    assert numbers == ["A-4", "A-3", "A-2", "A-1", "A-0"]
    assert rest["next_before"] is None


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "accession_number"),
        ({"accession_number": "A-1"}, "patient_identifier"),
        ({**NEW, "accession_number": 7}, "accession_number"),
        ({**NEW, "accession_number": "  "}, "accession_number"),
        ({**NEW, "accession_number": "x" * 201}, "accession_number"),
        ({**NEW, "accession_number": "a\u0000b"}, "accession_number"),
        ({**NEW, "patient_identifer": "misspelt"}, "patient_identifer"),
        ({**NEW, "clinical_context": {"haemoglobin_g_dl": 91}}, "haemoglobin_g_dl"),
        ({**NEW, "clinical_context": {"mcv_fl": "large"}}, "mcv_fl"),
        ({**NEW, "clinical_context": {"sex": "m"}}, "sex"),
        ([NEW], "body"),
    ],
)
def test_wrong_json_is_refused_with_the_field(idle_client, body, named):
    response = idle_client.post("/api/v1/cases", json=body)
    is_problem(response, 422, named)
    assert idle_client.get("/api/v1/cases").json()["items"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null"])
def test_a_body_that_is_no_json_is_refused(idle_client, content):
    response = idle_client.post(
        "/api/v1/cases", content=content, headers={"content-type": "application/json"}
    )
    is_problem(response, 422)


def test_an_unknown_case_is_not_found(idle_client):
    unknown = "0190a000-0000-7000-8000-000000000000"
    for path in (f"cases/{unknown}", f"cases/{unknown}/report", f"cases/{unknown}/cells"):
        is_problem(idle_client.get(f"/api/v1/{path}"), 404, unknown)
    is_problem(idle_client.get("/api/v1/cases/not-a-key"), 422, "case_id")
    is_problem(idle_client.get("/api/v1/nothing"), 404)
    is_problem(idle_client.delete("/api/v1/cases"), 405)


def test_a_case_that_an_earlier_bundle_read_is_listed_as_read(client, open_container, tmp_path):
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    files = [("files", ("a.png", cell_png(1)))]
    path = f"/api/v1/cases/{case_id}"
    assert client.post(f"{path}/cells", params={"wait": 60}, files=files).status_code == 200
    client.post("/api/v1/cases", json={**NEW, "accession_number": "A-2"})

    newer = load_bundle(write_bundle(tmp_path / "newer", manifest={"version": "0.0.2"}))
    upgraded = TestClient(create_app(replace(open_container, bundle_files=newer)))
    upgraded.auth = client.auth
    assert upgraded.get("/api/v1/bundle").json()["version"] == "0.0.2"
    empty, listed = upgraded.get("/api/v1/cases").json()["items"]
    assert listed == upgraded.get(path).json()
    assert listed["progress"]["classified_count"] == 1
    assert empty["progress"]["cell_count"] == 0
    page = upgraded.get("/cases").text
    states = re.findall(r'<td class="state">.*?</span>\s*(.*?)\s*</td>', page, re.DOTALL)
    assert states == ["No images yet", "To review"]
