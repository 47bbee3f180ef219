"""API clients over REST: made by an administrator, at work with a key."""

import pytest
from sqlalchemy import inspect

from app.services import clients as services
from tests.accounts import ADMIN
from tests.images import cell_png
from tests.meeting import at_once, meeting
from tests.web.api.test_cases import NEW, is_problem


@pytest.fixture
def idle_client(idle_client):
    """Signed in as an administrator."""
    idle_client.auth = ADMIN
    return idle_client


@pytest.fixture
def made(idle_client):
    new = {"name": "lis", "scopes": ["cases:write", "cells:write"]}
    answer = idle_client.post("/api/v1/clients", json=new)
    assert answer.status_code == 201
    return answer.json()


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def as_system(client, method, path, key, **values):
    """A request with the key alone."""
    kept, client.auth = client.auth, None
    try:
        return client.request(method, path, headers=bearer(key), **values)
    finally:
        client.auth = kept


def test_a_key_is_shown_once_and_works(idle_client, made):
    key = made["key"]
    opened = as_system(idle_client, "POST", "/api/v1/cases", key, json=NEW)
    assert opened.status_code == 201
    path = f"/api/v1/cases/{opened.json()['id']}/cells"
    files = [("files", ("a.png", cell_png()))]
    assert as_system(idle_client, "POST", path, key, files=files).status_code == 202
    listed = idle_client.get("/api/v1/clients")
    assert key.rpartition("_")[2] not in listed.text
    [client] = listed.json()["items"]
    assert client["keys"][0]["last_used_from"] == "testclient"
    assert client["keys"][0]["last_used_at"] is not None


def test_what_a_key_does_not_open_names_the_scope_that_would(idle_client, made):
    is_problem(as_system(idle_client, "GET", "/api/v1/cases", made["key"]), 403, "cases:read")
    is_problem(as_system(idle_client, "GET", "/api/v1/clients", made["key"]), 403)
    token = as_system(idle_client, "POST", "/api/v1/tokens", made["key"])
    assert token.status_code == 403


def test_a_person_s_token_goes_on_with_the_person_s_permissions(idle_client):
    token = idle_client.post("/api/v1/tokens").json()["token"]
    assert as_system(idle_client, "GET", "/api/v1/cases", token).status_code == 200
    assert as_system(idle_client, "GET", "/api/v1/clients", token).status_code == 200


def test_scopes_change_and_a_client_is_switched_off_with_the_next_request(idle_client, made):
    path, key = f"/api/v1/clients/{made['client']['id']}", made["key"]
    changed = idle_client.patch(path, json={"scopes": ["cases:read"]})
    assert changed.json()["scopes"] == ["cases:read"]
    assert as_system(idle_client, "GET", "/api/v1/cases", key).status_code == 200
    is_problem(as_system(idle_client, "POST", "/api/v1/cases", key, json=NEW), 403, "cases:write")
    assert idle_client.patch(path, json={"is_active": False}).json()["is_active"] is False
    is_problem(as_system(idle_client, "GET", "/api/v1/cases", key), 401, "switched off")
    is_problem(idle_client.patch(path, json={"scopes": []}), 422)


def test_a_change_of_what_somebody_else_has_changed_is_refused(idle_client, made):
    path = f"/api/v1/clients/{made['client']['id']}"
    seen = {"If-Match": idle_client.get(path).headers["etag"]}
    changed = idle_client.patch(path, json={"scopes": ["cases:read"]}, headers=seen)
    assert changed.headers["etag"] == idle_client.get(path).headers["etag"] != seen["If-Match"]
    stale = idle_client.patch(path, json={"scopes": ["cells:write"]}, headers=seen)
    is_problem(stale, 412, "changed since")
    assert idle_client.get(path).json()["scopes"] == ["cases:read"]


def test_of_two_who_change_at_one_moment_what_they_have_read_one_is_told(
    idle_client, made, monkeypatch
):
    path = f"/api/v1/clients/{made['client']['id']}"
    seen = {"If-Match": idle_client.get(path).headers["etag"]}
    monkeypatch.setattr(services, "change_client", meeting(services.change_client))
    off, narrower = at_once(
        lambda: idle_client.patch(path, json={"is_active": False}, headers=seen),
        lambda: idle_client.patch(path, json={"scopes": ["cases:read"]}, headers=seen),
    )
    assert sorted([off.status_code, narrower.status_code]) == [200, 412]
    done = off if off.status_code == 200 else narrower
    assert idle_client.get(path).json() == done.json()


def test_that_a_key_was_used_is_no_change_of_somebody_else_s(idle_client, made):
    path, key = f"/api/v1/clients/{made['client']['id']}", made["key"]
    before = idle_client.get(path).headers["etag"]
    as_system(idle_client, "POST", "/api/v1/cases", key, json=NEW)
    # What is read has changed, what is written has not.
    assert idle_client.get(path, headers={"If-None-Match": before}).status_code == 200
    changed = idle_client.patch(path, json={"scopes": ["cases:read"]}, headers={"If-Match": before})
    assert changed.status_code == 200


def test_a_system_learns_the_keys_of_its_sites(idle_client, made):
    sites = as_system(idle_client, "GET", "/api/v1/sites", made["key"]).json()["items"]
    assert [site["id"] for site in sites] == made["client"]["site_ids"]
    assert sites[0]["name"]


def test_a_rotated_key_overlaps_and_a_revoked_one_ends(idle_client, made):
    path, old = f"/api/v1/clients/{made['client']['id']}", made["key"]
    new = idle_client.post(f"{path}/keys", json={"overlap_hours": 1}).json()["key"]
    for key in (old, new):
        is_problem(as_system(idle_client, "GET", "/api/v1/cases", key), 403)
    ended = idle_client.delete(f"{path}/keys/{old.rpartition('_')[0]}")
    assert [key["state"] for key in ended.json()["keys"]] == ["valid", "revoked"]
    is_problem(as_system(idle_client, "GET", "/api/v1/cases", old), 401, "revoked")
    is_problem(as_system(idle_client, "GET", "/api/v1/cases", new), 403)
    is_problem(idle_client.delete(f"{path}/keys/vxk_no"), 404)


def test_no_key_is_kept_under_an_idempotency_key(idle_client, open_container):
    new = {"name": "lis", "scopes": ["cases:read"]}
    headers = {"Idempotency-Key": "make-lis"}
    secret = idle_client.post("/api/v1/clients", json=new, headers=headers).json()["key"]
    again = idle_client.post("/api/v1/clients", json=new, headers=headers)
    is_problem(again, 409, "showed a secret")
    with open_container.engine.connect() as connection:
        tables = inspect(open_container.engine).get_table_names()
        stored = [str(connection.exec_driver_sql(f'SELECT * FROM "{t}"').all()) for t in tables]
    assert any(secret.rpartition("_")[0] in text for text in stored)
    assert not any(secret.rpartition("_")[2] in text for text in stored)
