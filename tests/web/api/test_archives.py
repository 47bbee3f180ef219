"""A case as a file, through the API and the command."""

import io
import json
import subprocess
import sys
import zipfile

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import migrate, running
from app.settings import PROJECT
from app.web.app import create_app
from tests.accounts import add_accounts
from tests.conftest import make_settings
from tests.images import cell_jpeg
from tests.web.api.test_cases import NEW, is_problem


@pytest.fixture
def case_id(client):
    case_id = client.post("/api/v1/cases", json={**NEW, "accession_number": "X-1"}).json()["id"]
    files = [("files", (f"cell-{seed}.jpg", cell_jpeg(seed))) for seed in range(3)]
    assert client.post(f"/api/v1/cases/{case_id}/cells?wait=60", files=files).status_code == 200
    return case_id


def export(client, case_id):
    answer = client.get(f"/api/v1/cases/{case_id}/export.zip")
    assert answer.status_code == 200
    return answer


def test_export_is_a_file_without_the_patient_in_its_name(client, case_id):
    answer = export(client, case_id)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert f"vexascope-case-{case_id}.zip" in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sum(name.startswith("images/") for name in archive.namelist()) == 3
        assert len(archive.read("findings.csv").splitlines()) == 4


def test_a_case_that_is_here_is_not_imported_again(client, case_id):
    content = export(client, case_id).content
    answer = client.post("/api/v1/cases/import", files={"file": ("case.zip", content)})
    is_problem(answer, 409)
    answer = client.post("/api/v1/cases/import", files={"file": ("case.zip", b"no archive")})
    is_problem(answer, 422)
    assert "nothing was imported" in answer.json()["detail"]


def test_import_by_api_and_export_by_command(client, case_id, small_bundle, tmp_path):
    if client.app.state.container.engine.dialect.name != "sqlite":
        pytest.skip("the commands run on SQLite here")
    source = client.app.state.container.settings.data_dir
    file = tmp_path / "case.zip"

    def run(data_dir, *arguments):
        return subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *arguments],
            cwd=PROJECT,
            env={
                "PATH": "/usr/bin:/bin",
                "VEXASCOPE_DATA_DIR": str(data_dir),
                "VEXASCOPE_BUNDLE": str(small_bundle),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    done = run(source, "case", "export", case_id, "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert run(source, "case", "export", case_id, "-o", str(file)).returncode == 2
    entries = tmp_path / "entries.jsonl"
    assert run(source, "audit", "export", str(entries), "--action", "case.export").returncode == 0
    [entry] = map(json.loads, entries.read_text().splitlines())
    assert entry["case_id"] == case_id
    assert entry["actor"]["name"].startswith("command of ")
    there = tmp_path / "there"
    assert run(there, "migrate").returncode == 0
    done = run(there, "case", "import", str(file), "--accession", "X-2")
    assert done.returncode == 0, done.stderr
    assert "Imported: 3 cells" in done.stdout
    assert case_id in done.stdout
    again = run(there, "case", "import", str(file))
    assert again.returncode == 2
    assert "here already" in again.stderr.replace("\n", " ")


def test_import_by_api_on_a_second_server(client, case_id, small_bundle, tmp_path):
    content = export(client, case_id).content
    before = client.get(f"/api/v1/cases/{case_id}/report").json()
    with running(make_settings(tmp_path / "second", bundle=small_bundle)) as container:
        migrate(container)
        add_accounts(container)
        with TestClient(create_app(container)) as second:
            second.auth = client.auth
            answer = second.post(
                "/api/v1/cases/import",
                files={"file": ("case.zip", content)},
                data={"accession_number": "X-2"},
            )
            assert answer.status_code == 201, answer.text
            assert answer.headers["location"] == f"/api/v1/cases/{case_id}"
            assert answer.json()["accession_number"] == "X-2"
            after = second.get(f"/api/v1/cases/{case_id}/report").json()
            assert second.get(f"/cases/{case_id}/report").status_code == 200
    for report in (before, after):
        report.pop("created_at")
        report["case"].pop("accession_number")
    assert after == before
