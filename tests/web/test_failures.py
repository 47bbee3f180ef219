"""Requests that must fail: what they may cost, what they answer, and what the log keeps."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import structlog
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from app.bootstrap import running
from app.web.access import RULES, Anyone, Rule
from app.web.app import create_app
from tests.accounts import add_accounts
from tests.conftest import make_settings
from tests.web.api.test_cases import NEW, is_problem
from tests.web.conftest import CREDENTIALS

MIB = 1024 * 1024


def unread():
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/cases/no-key/cells", "/api/v1/no"])
@pytest.mark.parametrize("authorization", [None, "Bearer vxs_unknown", "Basic YWRtaW46d3Jvbmc="])
def test_a_strangers_body_is_not_read(idle_client, path, authorization):
    idle_client.auth = None
    headers = {"Authorization": authorization} if authorization else {}
    headers["content-type"] = "application/json"
    is_problem(idle_client.post(path, content=unread(), headers=headers), 401)


def test_a_strangers_form_is_not_read(idle_client):
    idle_client.auth = None
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = idle_client.post(
        "/cases/new", content=unread(), headers=headers, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_credentials_are_checked_once_a_request(idle_client, monkeypatch):
    security, asked = idle_client.app.state.security, []
    user_of = security.user_of
    monkeypatch.setattr(security, "user_of", lambda *of: asked.append(1) or user_of(*of))
    assert idle_client.post("/api/v1/cases", json=NEW).status_code == 201
    assert len(asked) == 1


@pytest.mark.parametrize("path", ["/api/v1/cases", "/cases/new", "/sign-in"])
@pytest.mark.parametrize("announced", [True, False])
def test_only_images_may_be_large(idle_client, path, announced):
    body = b'{"accession_number": "' + b"x" * (2 * MIB) + b'"}'
    content = body if announced else iter([body])
    is_json = path.startswith("/api/")
    kind = "application/json" if is_json else "application/x-www-form-urlencoded"
    answer = idle_client.post(path, content=content, headers={"content-type": kind})
    if is_json:
        is_problem(answer, 413, "1 MiB")
    else:
        assert answer.status_code == 413


@pytest.mark.parametrize("announced", [True, False])
def test_images_have_their_own_limit(open_container, announced):
    settings = open_container.settings.model_copy(update={"max_request_mib": 3})
    client = TestClient(create_app(replace(open_container, settings=settings)))
    client.auth = CREDENTIALS
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    small = form + b"p" * (2 * MIB) + b"\r\n--x--\r\n"
    path = f"/api/v1/cases/{case_id}/cells"
    is_problem(client.post(path, content=small, headers=headers), 422, "image")
    large = form + b"p" * (3 * MIB) + b"\r\n--x--\r\n"
    answer = client.post(path, content=large if announced else iter([large]), headers=headers)
    is_problem(answer, 413, "3 MiB")


@pytest.fixture
def impatient_client(tmp_path, migrated_sqlite, small_bundle, monkeypatch):
    """SQLite, which waits a tenth of a second for a lock and not half a minute."""
    monkeypatch.setattr("app.db.engine.BUSY_TIMEOUT_MS", 100)
    shutil.copy(migrated_sqlite, tmp_path / "vexascope.db")
    with running(make_settings(tmp_path, bundle=small_bundle)) as container:
        add_accounts(container)
        client = TestClient(create_app(container))
        client.auth = CREDENTIALS
        yield client


def test_a_locked_database_is_unavailable_and_the_log_names_no_patient(impatient_client, tmp_path):
    secret = {"accession_number": "A-SECRET-1", "patient_identifier": "P-SECRET-2"}
    with closing(sqlite3.connect(tmp_path / "vexascope.db")) as other, capture_logs() as lines:
        other.execute("BEGIN IMMEDIATE")
        answer = impatient_client.post("/api/v1/cases", json=secret)
    is_problem(answer, 503, "database")
    assert "is locked" in repr(lines)
    assert "secret" not in repr(lines).lower()
    assert impatient_client.post("/api/v1/cases", json=secret).status_code == 201


def test_an_exhausted_pool_is_unavailable(impatient_client):
    engine = impatient_client.app.state.container.engine
    engine.pool._timeout, engine.pool._max_overflow = 0.1, 0
    taken = [engine.connect() for _ in range(engine.pool.size())]
    is_problem(impatient_client.get("/api/v1/cases"), 503, "database")
    for connection in taken:
        connection.close()


def let_ask(monkeypatch, path):
    """No route is reached without a rule."""
    monkeypatch.setitem(RULES, ("GET", path), Rule(Anyone.SIGNED_IN))


@pytest.mark.parametrize("path", ["/api/boom", "/boom"])
def test_what_nobody_foresaw_has_its_number_and_the_headers(idle_client, path, monkeypatch):
    def fail():
        raise RuntimeError("nobody foresaw this")

    let_ask(monkeypatch, path)
    idle_client.app.add_api_route(path, fail)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = idle_client.get(path)
    number = answer.headers["x-request-id"]
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["request"], line["path"], line["exc_info"]) == (number, path, True)
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    if path.startswith("/api/"):
        is_problem(answer, 500, "log")
    else:
        assert number in answer.text


def test_an_answer_that_breaks_off_is_logged_and_not_answered_twice(idle_client, monkeypatch):
    def broken():
        yield b"half"
        raise RuntimeError("nobody foresaw this")

    let_ask(monkeypatch, "/boom")
    idle_client.app.add_api_route("/boom", lambda: StreamingResponse(broken()))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = idle_client.get("/boom")
    assert answer.content == b"half"
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert line["request"] == answer.headers["x-request-id"]
