"""The pages for who connects a system: each block is run as it stands on the page."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import PROJECT
from tests.images import cell_jpeg, zipped

pytestmark = pytest.mark.xdist_group("client")

BIN = Path(sys.executable).parent


@pytest.fixture
def directory(tmp_path):
    """A clean directory with a folder of images."""
    smear = tmp_path / "smear"
    smear.mkdir()
    for seed in range(1, 4):
        (smear / f"cell {seed}.jpg").write_bytes(cell_jpeg(seed))
    (smear / "more.zip").write_bytes(zipped({"a.jpg": cell_jpeg(4), "b.jpg": cell_jpeg(5)}))
    (smear / "letter.txt").write_bytes(b"Dear colleague")
    return tmp_path


def blocks(page, language):
    """All blocks of a language on a page, one after another."""
    text = (PROJECT / "docs" / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(command, directory, server, **variables):
    environment = {
        **server.environment,
        "PATH": f"{BIN}:/usr/bin:/bin",
        "PYTHONPATH": str(PROJECT),
        "VEXASCOPE_URL": server.url,
        "COLUMNS": "200",
        **variables,
    }
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_walk_with_curl_works_as_written(directory, server):
    script = "\n".join(blocks("walkthrough.md", "sh"))
    said = run(["bash", "-euo", "pipefail", "-c", script], directory, server)
    read = {path.name: json.loads(path.read_text()) for path in directory.glob("*.json")}
    assert said.splitlines()[:1] == ["403"]
    assert read["refused.json"]["status"] == 403
    assert read["sent.json"]["accepted_count"] == read["sent-again.json"]["accepted_count"] == 5
    assert "letter.txt not_an_image" in said
    assert read["case-now.json"]["progress"]["cell_count"] == 5
    report = read["report.json"]
    assert report["complete"]
    assert report["notice"] in said
    assert read["report-fhir.json"]["resourceType"] == "DiagnosticReport"
    assert (directory / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert read["revoked.json"]["status"] == 401
    assert "revoked" in said
    key = (directory / "key.header").read_text().split("_")[-1].strip()
    assert key not in said


@pytest.mark.slow
def test_the_client_s_examples_work_as_written(directory, server, key):
    program = "\n".join(blocks("client.md", "python"))
    said = run([sys.executable, "-c", program], directory, server, VEXASCOPE_KEY=key)
    assert "done 0" in said
    assert "accession_number" in said
    assert "already" in said
    assert "research use only" in said.lower()
    assert (directory / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_the_first_page_s_example_works_as_written(directory, server):
    [script] = [block for block in blocks("../README.md", "sh") if "push" in block]
    assert "http://127.0.0.1:8000" in script
    (directory / "smear" / "letter.txt").unlink()
    (directory / ".venv").symlink_to(BIN.parent)
    script = script.replace("http://127.0.0.1:8000", server.url)
    said = run(["bash", "-euo", "pipefail", "-c", script], directory, server)
    assert "research use only" in said.lower()


@pytest.mark.slow
def test_the_command_s_example_works_as_written(directory, server, key):
    [script] = blocks("client.md", "sh")
    written = ("http://127.0.0.1:8000", server.url), ("vxk_...", key)
    for shown, real in written:
        assert shown in script
        script = script.replace(shown, real)
    (directory / "smear" / "letter.txt").unlink()
    said = run(["bash", "-euo", "pipefail", "-c", script], directory, server)
    assert "research use only" in said.lower()
    assert os.environ.get("VEXASCOPE_KEY") is None
