"""The history, the life of a case, erasing and exporting, as an administrator does them."""

import io
import json
import zipfile

import pytest

from tests.accounts import ADMIN, ADMIN_PASSWORD
from tests.images import cell_png
from tests.web.api.test_cases import NEW, is_problem


@pytest.fixture
def case(client):
    """A case of one image, which is read."""
    case = client.post("/api/v1/cases", json={**NEW, "patient_name": "Mary Secret"}).json()
    files = [("files", ("a.png", cell_png()))]
    sent = client.post(f"/api/v1/cases/{case['id']}/cells?wait=60", files=files)
    return {**case, "upload_id": sent.raise_for_status().json()["id"]}


@pytest.fixture
def admin(client, case):
    client.auth = None
    client.post("/sign-in", data={"name": ADMIN[0], "password": ADMIN_PASSWORD})
    return client


def test_a_case_is_found_and_its_life_is_told(admin, case):
    found = admin.post("/administration/history/search", data={"text_sought": "mary"})
    assert "mary" not in str(found.url).lower()
    assert case["accession_number"] in found.text
    nothing = admin.post("/administration/history/search", data={"text_sought": "nobody"})
    assert case["accession_number"] not in nothing.text
    life = admin.get(f"/administration/cases/{case['id']}").text
    for told in ("the case was opened", "images accepted: 1,", "had read 1 cell<"):
        assert told in life


def test_a_patient_is_exported_as_one_file(admin, case):
    answer = admin.get(f"/administration/cases/{case['id']}/patient.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {
            "README.txt",
            "patient.json",
            "audit.jsonl",
            "cases/1.zip",
        }
        assert json.loads(archive.read("patient.json"))["name"] == "Mary Secret"
        inner = zipfile.ZipFile(io.BytesIO(archive.read("cases/1.zip")))
        assert sum(name.startswith("images/") for name in inner.namelist()) == 1
        entries = archive.read("audit.jsonl").decode().splitlines()
    assert "case.open" in {json.loads(line)["action"] for line in entries}


def test_erasing_needs_a_reason_and_leaves_a_proof(admin, case):
    path = f"/administration/cases/{case['id']}"
    assert case["accession_number"] in admin.get(f"{path}/erase").text
    refused = admin.post(f"{path}/erase", data={"reason": " "})
    assert refused.status_code == 422
    assert "Give a reason" in refused.text
    done = admin.post(f"{path}/erase", data={"reason": "asked by letter"})
    assert done.url.path == "/administration/data"
    assert "asked by letter" in done.text
    life = admin.get(path).text
    assert "erased the case" in life
    assert case["accession_number"] not in life
    assert "Mary" not in life
    is_problem(admin.get(f"/api/v1/cases/{case['id']}"), 410, "was erased")
    assert admin.get(f"/cases/{case['id']}").status_code == 410
    for part in ("", "/jobs"):
        assert admin.get(f"/api/v1/uploads/{case['upload_id']}{part}").status_code == 410
    proof_path = done.text.split('href="/administration/data/erasures/')[1].split('"')[0]
    proof = admin.get(f"/administration/data/erasures/{proof_path}").json()
    assert proof["cases"][0]["counts"]["cells"] == 1
    assert proof["reason"] == "asked by letter"
    assert NEW["accession_number"] not in json.dumps(proof)


def test_a_reader_erases_nothing(client, case):
    answer = client.post(f"/administration/cases/{case['id']}/erase", data={"reason": "x"})
    assert answer.status_code == 403
    assert client.get("/administration/history").status_code == 403


def test_what_is_no_day_or_place_is_refused_with_a_sentence(admin):
    lists = ("/administration/audit", "/administration/history")
    for path in lists:
        for query in ("since=yesterday", "until=9999-12-31"):
            assert admin.get(f"{path}?{query}").status_code == 422, (path, query)
    assert admin.get(f"{lists[0]}?before={'9' * 19}").status_code == 422
    assert admin.get(f"{lists[0]}?action=%00").status_code == 422
    assert admin.get(f"{lists[0]}?before={'9' * 18}").status_code == 200
