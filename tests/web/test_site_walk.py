"""Nothing of a case is in any answer to who does not see its site.

The addresses are taken from the table of rules: a new one is asked without being named.
"""

import pytest
from fastapi.testclient import TestClient
from uuid_utils.compat import uuid7

from app.domain.access import PEOPLE, Role
from app.domain.site import DEFAULT_SITE_ID, Site
from app.web.access import RULES
from tests.accounts import ADMIN_PASSWORD, READER, add_account
from tests.images import cell_jpeg, zipped

SECRETS = ("ACC-SECRET", "MRN-SECRET", "Mary Secret", "slide-secret")
NEW = dict(zip(("accession_number", "patient_identifier", "patient_name"), SECRETS, strict=False))
# What names nothing by itself, and narrows what is shown to a case or a person.
NARROWED = (
    "/administration/audit?case={case_id}",
    "/administration/audit/export.jsonl?case={case_id}",
    "/administration/history?person={user_id}",
    "/cases?site={site_id}",
    "/cases?reader={user_id}",
    "/api/v1/cases?site={site_id}",
    "/api/v1/statistics?site={site_id}",
    "/api/v1/statistics.csv?site={site_id}",
    "/administration/statistics?site={site_id}",
    "/fhir/DiagnosticReport?subject=Patient/{patient_id}",
    # Other spellings of the same key.
    "/api/v1/cases/urn:uuid:{case_id}",
    "/api/v1/cases/%7B{case_id}%7D/report",
)
NAMING = ("case_id", "cell_id", "upload_id", "patient_id")


@pytest.fixture(scope="module")
def values(steady_client):
    """A case at the main site with images, and the keys of what belongs to it."""
    steady_client.auth = READER
    case = steady_client.post("/api/v1/cases", json=NEW).json()
    files = [("files", ("slide-secret.zip", zipped({"slide-secret.jpg": cell_jpeg(1)})))]
    path = f"/api/v1/cases/{case['id']}/cells"
    sent = steady_client.post(path, params={"wait": 60}, files=files).json()
    with steady_client.app.state.container.transactions() as transaction:
        reader = transaction.users.by_name(READER[0])
    return {
        "case_id": case["id"],
        "patient_id": case["patient_id"],
        "upload_id": sent["id"],
        "cell_id": sent["cells"][0]["id"],
        "user_id": str(reader.id),
        "site_id": str(DEFAULT_SITE_ID),
        "label": "vacuole",
        "part": "pmn-count",
        "number": "1",
        "version": "1",
    }


@pytest.fixture(scope="module")
def elsewhere(steady_client):
    """An account of each role that sees another site."""
    container = steady_client.app.state.container
    with container.transactions() as transaction:
        there = Site(uuid7(), "There", container.now())
        transaction.sites.add(there)
        for role in PEOPLE:
            user = add_account(transaction, f"far-{role.value}", role, container.now())
            transaction.sites.set_sites_of(user.id, {there.id})


def filled(path, values):
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        name = path[start + 1 : end].partition(":")[0]
        path = f"{path[:start]}{values.get(name, '0')}{path[end + 1 :]}"
    return path


@pytest.mark.parametrize(
    "role",
    [
        Role.ADMINISTRATOR,
        Role.HAEMATOLOGIST,
        pytest.param(Role.AUDITOR, marks=pytest.mark.slow),
        pytest.param(Role.TECHNICIAN, marks=pytest.mark.slow),
    ],
)
def test_no_answer_holds_anything_of_another_site(steady_client, values, elsewhere, role):
    paths = [path for method, path in RULES if method == "GET"]
    # Not entered: the server runs already.
    client = TestClient(steady_client.app, raise_server_exceptions=False)
    client.auth = (f"far-{role.value}", ADMIN_PASSWORD)
    for path in (*paths, *NARROWED):
        answer = client.get(filled(path, values), follow_redirects=False)
        assert answer.status_code < 500 or answer.status_code == 503, path
        assert not [secret for secret in SECRETS if secret in answer.text], path
        if "?" not in path and any(f"{{{name}}}" in path for name in NAMING):
            assert answer.status_code in {403, 404, 422}, path


def test_the_walk_finds_what_it_looks_for(steady_client, values):
    """For who sees the site, the same addresses hold it."""
    steady_client.auth = READER
    for path in ("/cases", "/api/v1/cases", "/cases/{case_id}", "/api/v1/uploads/{upload_id}"):
        text = steady_client.get(filled(path, values)).text
        assert any(secret in text for secret in SECRETS), path
