"""No page offers an account what it would be refused: no link, no form, no place to drop files."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest

from app.domain.access import MATRIX, Role
from app.web.access import Anyone, rule_for
from tests.accounts import READER, add_account
from tests.conftest import ADMIN_PASSWORD
from tests.images import cell_jpeg

HELD = re.compile(r'\b(?:href|action|data-path)="(/[^"#?]*)')
PEOPLE = (Role.TECHNICIAN, Role.HAEMATOLOGIST, Role.ADMINISTRATOR, Role.AUDITOR)


@pytest.fixture(scope="module")
def case_paths(steady_client):
    """The pages of a case with one cell."""
    steady_client.auth = READER
    new = {"accession_number": "OFFERED", "patient_identifier": "P-9"}
    case_id = steady_client.post("/api/v1/cases", json=new).json()["id"]
    files = {"files": ("cell.jpg", cell_jpeg(990))}
    steady_client.post(f"/api/v1/cases/{case_id}/cells?wait=60", files=files).raise_for_status()
    cell = steady_client.get(f"/api/v1/cases/{case_id}/cells").json()["items"][0]["id"]
    below = ("", "/report", "/gallery", "/readers", "/report/versions", f"/cells/{cell}")
    return [f"/cases/{case_id}{part}" for part in below]


@pytest.fixture(scope="module", params=PEOPLE, ids=str)
def account(request, steady_client):
    container = steady_client.app.state.container
    name = f"offered-{request.param}"
    with container.transactions() as transaction:
        add_account(transaction, name, request.param, container.now())
    return (name, ADMIN_PASSWORD), request.param


def refused(role, method, path):
    """Whether the table refuses it to the role; what is none of the table's is a file."""
    found = rule_for(method, path)
    needs = found.rule.needs if found else Anyone.OPEN
    return not isinstance(needs, Anyone) and needs not in MATRIX[role]


def test_a_failure_leads_on(steady_client, account):
    credentials, _ = account
    page = steady_client.get("/no-such-page", auth=credentials, headers={"accept": "text/html"})
    assert page.status_code == 404
    for path in ("/cases", "/preferences", "/account"):
        assert f'href="{path}"' in page.text


def test_a_page_offers_what_the_account_may_do(steady_client, account, case_paths):
    credentials, role = account
    rooms = ["/cases", "/cases/new", "/administration"]
    for page in [*case_paths, *rooms]:
        if refused(role, "GET", page):
            continue
        text = steady_client.get(page, auth=credentials, headers={"accept": "text/html"}).text
        for tag in re.findall(r"<(?:a|form|section)\b[^>]*>", text):
            if held := HELD.search(tag):
                method = "GET" if tag.startswith("<a") or 'method="get"' in tag else "POST"
                assert not refused(role, method, urlsplit(unescape(held[1])).path), (page, tag)
