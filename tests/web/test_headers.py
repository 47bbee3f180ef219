"""What stands around every answer, and what stands in the log."""

import re

import pytest
from structlog.testing import capture_logs

from tests.conftest import ADMIN_PASSWORD
from tests.web.api.test_cases import NEW


@pytest.fixture
def client(steady_client):
    return steady_client


@pytest.mark.parametrize("path", ["/sign-in", "/cases", "/api/v1/cases", "/health/live", "/no"])
def test_every_answer_is_guarded(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    # The rest of what OWASP's Secure Headers Project asks for.
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-permitted-cross-domain-policies"] == "none"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers
    assert "strict-transport-security" not in headers, "only over HTTPS"
    assert headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


def test_static_files_may_be_kept_and_missing_ones_not(client):
    assert "immutable" in client.get("/static/vexascope.css").headers["cache-control"]
    assert client.get("/static/no.css").headers["cache-control"] == "no-store"


def test_a_pages_script_is_not_asked_for_a_password_by_the_browser(client):
    client.auth, before = None, client.auth
    answer = client.get("/api/v1/cases", headers={"sec-fetch-site": "same-origin"})
    client.auth = before
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_change_from_another_sites_page_is_refused(client):
    sign_in = {"name": "reader", "password": ADMIN_PASSWORD}
    answer = client.post("/sign-in", data=sign_in, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    answer = client.post("/sign-in", data=sign_in, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


def test_the_log_names_no_patient_and_no_secret(client):
    secret = {**NEW, "accession_number": "A-SECRET-1", "patient_identifier": "P-SECRET-2"}
    with capture_logs() as lines:
        client.post("/api/v1/cases", json={**secret, "patient_name": "Ann Secret"})
        client.post("/api/v1/cases", json=secret)
        client.get("/cases?search=Secret")
        client.get("/demonstration/secret-token")
    text = repr(lines).lower()
    assert "secret" not in text
    assert len([line for line in lines if line["event"] == "request"]) >= 4


def test_signing_out_empties_the_cache_of_pictures(client):
    answer = client.post("/sign-out", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["clear-site-data"] == '"cache"'
