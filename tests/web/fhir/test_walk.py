"""The walk of `docs/fhir.md` is run, not believed."""

import json
import re
import subprocess

import pytest

from app.settings import PROJECT
from tests.accounts import ADMIN_PASSWORD
from tests.fhir_validator import dangling
from tests.images import cell_jpeg
from tests.server import Server


@pytest.mark.slow
def test_the_walk_works_as_written(tmp_path, small_bundle, fhir_validator):
    [script] = re.findall(r"```sh\n(.*?)```", (PROJECT / "docs/fhir.md").read_text(), re.DOTALL)
    (tmp_path / "cell-1.jpg").write_bytes(cell_jpeg(1))
    server = Server(tmp_path / "data", VEXASCOPE_BUNDLE=str(small_bundle))
    server.start()
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", server.url)],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "VEXASCOPE_ADMIN_PASSWORD": ADMIN_PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert "HTTP/1.1 201 Created" in done.stdout

    def kept(name):
        found = json.loads((tmp_path / f"{name}.json").read_text())
        assert fhir_validator.problems(found) == [], name
        return found

    assert kept("metadata")["fhirVersion"] == "4.0.1"
    assert fhir_validator.problems(kept("order")) == []
    report = kept("report")
    assert (report["status"], report["identifier"][0]["value"]) == ("preliminary", "F26-0417")
    assert dangling(kept("everything")) == []
    assert kept("vacuole")["status"] == "preliminary"
    assert "entry" not in kept("signed")
    assert kept("history")["total"] == 0
    last = json.loads(done.stdout[done.stdout.rindex('{"resourceType":"Bundle"') :])
    assert [entry["resource"]["id"] for entry in last["entry"]] == [report["id"]]
