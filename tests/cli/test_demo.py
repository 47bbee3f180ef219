"""`vexascope demo` with the shipped bundle: what a newcomer sees in the first two minutes."""

import os
import re
import subprocess
import sys

import httpx
import pytest

from app.cli import main
from app.cli.demonstration import _refuse_beside_patients
from app.domain.case import CaseOrigin, NewCase
from app.domain.site import DEFAULT_SITE_ID
from tests.conftest import ADMIN_PASSWORD, free_port, real_data
from tests.factories import NOW


@pytest.fixture
def demo(tmp_path):
    """Start the demonstration; gives the lines it printed, up to the one that ends it."""
    running = []

    def start(*arguments):
        environment = {
            **os.environ,
            "VEXASCOPE_DATA_DIR": str(tmp_path / "data"),
            "VEXASCOPE_PORT": str(free_port()),
            "VEXASCOPE_ADMIN_PASSWORD": ADMIN_PASSWORD,
            # The demonstration has its own worker, whatever this says.
            "VEXASCOPE_WORKER_IN_SERVER": "false",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "demo", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "is ready at" in line:
                return lines
        raise AssertionError(f"the demonstration ended: {process.stderr.read()}")

    yield start
    for process in running:
        process.terminate()
        assert process.wait(timeout=60) == 0


def reports(address):
    with httpx.Client(base_url=address, auth=("admin", ADMIN_PASSWORD), timeout=60) as client:
        cases = client.get("/api/v1/cases").json()["items"]
        return {
            case["accession_number"]: client.get(f"/api/v1/cases/{case['id']}/report").json()
            for case in cases
        }


def test_synthetic_cases_are_there_and_the_link_is_signed_in(demo):
    lines = demo()
    address = re.fullmatch(r"Vexascope is ready at (http://127\.0\.0\.1:\d+)", lines[-1])[1]
    link = lines[-2].split()[-1]
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = browser.get(link)
        assert page.status_code == 200
        assert page.url.path.endswith("/report")
        assert "Synthetic demonstration" in page.text
        assert "not fitted on patients" in page.text
        assert browser.get(f"{address}/cases").status_code == 200
    found = reports(address)
    assert {number: report["recommendation"] for number, report in found.items()} == {
        "DEMO-1-VEXAS-LIKE": "UBA1 testing recommended",
        "DEMO-2-CONTROL": "Not raised by the smear: test if the clinic suggests it",
        "DEMO-3-FEW-CELLS": "Too few cells to say",
        "DEMO-0-EARLIER": "Not raised by the smear: test if the clinic suggests it",
    }
    for report in found.values():
        assert report["complete"]
        assert report["case"]["origin"] == "synthetic"
    for number in ("DEMO-1-VEXAS-LIKE", "DEMO-2-CONTROL"):
        # Most of what was drawn is read as the neutrophils it imitates, and counted.
        assert found[number]["pmn_count"] >= 120


@pytest.mark.slow
def test_another_demonstration_link_does_not_sign_in(demo):
    address = demo()[-1].split()[-1]
    with httpx.Client(follow_redirects=False, timeout=60) as browser:
        answer = browser.get(f"{address}/demonstration/guessed")
        assert answer.status_code in {303, 401}
        assert "/cases" not in answer.headers.get("location", "")
        assert browser.get(f"{address}/cases").status_code == 303


def test_no_demonstration_stands_among_the_cases_of_a_laboratory(container, monkeypatch, capsys):
    with container.transactions() as transaction:
        transaction.cases.add(NewCase("A-1", "P-1"), NOW)
        for number in range(3):
            demonstration = NewCase(f"D-{number}", "P-2", origin=CaseOrigin.SYNTHETIC)
            transaction.cases.add(demonstration, NOW)
    monkeypatch.setattr("app.cli.demonstration.PAGE", 2)
    for name in ("data_dir", "database_url"):
        value = str(getattr(container.settings, name))
        monkeypatch.setenv(f"VEXASCOPE_{name.upper()}", value)
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(container.settings.bundle))
    monkeypatch.setattr(sys, "argv", ["vexascope", "demo"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "VEXASCOPE_DATA_DIR" in capsys.readouterr().err
    with container.transactions() as transaction:
        assert transaction.cases.find("DEMO-1-VEXAS-LIKE", [DEFAULT_SITE_ID]) is None


def test_a_demonstration_that_is_there_already_is_shown_again(container):
    with container.transactions() as transaction:
        transaction.cases.add(NewCase("A-1", "P-1"), NOW)
        transaction.cases.add(NewCase("D-1", "P-2", origin=CaseOrigin.SYNTHETIC), NOW)
    _refuse_beside_patients(container, ["D-1"])


@pytest.mark.slow
def test_real_neutrophils_are_marked_as_open_data(demo):
    lines = demo("--real", "--data", str(real_data()))
    found = reports(lines[-1].split()[-1])
    assert {report["case"]["origin"] for report in found.values()} == {"open_data"}
    assert found["DEMO-1-VEXAS-LIKE-REAL"]["pmn_count"] >= 150
