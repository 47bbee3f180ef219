"""The documentation is run, not believed."""

import json
import re
import subprocess

import pytest

from app.settings import PROJECT
from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg, zipped
from tests.server import Server

PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])


def test_the_walk_through_the_api_works_as_written(tmp_path, small_bundle):
    page = (PROJECT / "docs" / "api.md").read_text()
    script = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0]
    (tmp_path / "cell-1.jpg").write_bytes(cell_jpeg(1))
    (tmp_path / "cell-2.jpg").write_bytes(cell_jpeg(2))
    (tmp_path / "cells.zip").write_bytes(zipped({"a.jpg": cell_jpeg(3), "b.jpg": cell_jpeg(4)}))
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
    assert "HTTP/1.1 202 Accepted" in done.stdout
    assert '"accepted_count":3' in done.stdout
    report = json.loads(done.stdout[done.stdout.rindex('{"notice"') :])
    assert report["case"]["accession_number"] == "B26-0417"
    assert sum(item["count"] for item in report["exclusions"]) + report["pmn_count"] == 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page):
    text = page.read_text()
    linked = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text)
    named = re.findall(r"`((?:app|docs|tests|models|templates|static)/[\w./*-]+)`", text)
    missing = [name for name in linked if not (page.parent / name).exists()]
    missing += [name for name in named if not list(PROJECT.glob(name.rstrip("/")))]
    assert missing == []
