"""A case from another instance, through the page."""

import io

import pytest
from fastapi.testclient import TestClient

from app.bootstrap import migrate, running
from app.web.app import create_app
from tests.accounts import ADMIN_PASSWORD, add_accounts
from tests.conftest import make_settings
from tests.web.api.test_archives import case_id, export

__all__ = ["case_id"]


@pytest.fixture
def second(client, small_bundle, tmp_path):
    """Another instance, with nothing in it."""
    with running(make_settings(tmp_path / "second", bundle=small_bundle)) as container:
        migrate(container)
        add_accounts(container)
        with TestClient(create_app(container), follow_redirects=False) as second:
            second.auth = client.auth
            yield second


def send(client, content, headers=None, **data):
    files = {"file": ("case.zip", io.BytesIO(content))}
    return client.post("/cases/import", files=files, data=data, headers=headers)


def test_a_case_is_taken_in_and_shown(client, case_id, second):
    assert 'href="/cases/import"' in second.get("/cases/new").text
    assert 'type="file"' in second.get("/cases/import").text
    content = export(client, case_id).content
    answer = send(second, content, accession_number=" X-2 ")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{case_id}"
    assert "X-2" in second.get(f"/cases/{case_id}").text
    again = send(second, content, accession_number="X-3", same_patient="yes")
    assert again.status_code == 409
    assert "here already" in again.text
    assert 'value="X-3"' in again.text
    assert "checked" in again.text


def test_what_is_no_archive_is_refused_on_the_form(second):
    answer = send(second, b"no archive")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "nothing was imported" in answer.text
    for nothing in (send(second, b""), second.post("/cases/import")):
        assert nothing.status_code == 422
        assert "Choose a file." in nothing.text


def test_another_site_imports_nothing_and_a_stranger_neither(second):
    second.auth = None
    assert send(second, b"no archive").status_code == 303
    assert send(second, b"no archive").headers["location"].startswith("/sign-in")
    second.post("/sign-in", data={"name": "admin", "password": ADMIN_PASSWORD})
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert send(second, b"no archive", headers=foreign).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert "nothing was imported" in send(second, b"no archive", headers=own).text


def test_it_may_be_as_large_as_by_the_api(second):
    """More than the mebibyte of other forms."""
    answer = send(second, b"no archive" * 200_000)
    assert answer.status_code == 422
    assert "nothing was imported" in answer.text
