"""A request that is sent again under its Idempotency-Key is done once, crashes included."""

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app.domain.errors import KeyInUse, StorageUnavailable
from app.services.once import Turn, taking
from app.web.app import create_app
from app.web.dependencies import shows_secret
from app.web.fingerprint import Fingerprint
from app.web.idempotency import forget_expired
from tests.accounts import ADMIN
from tests.images import cell_png
from tests.web.api.test_cases import NEW, is_problem

CASES = "/api/v1/cases"
KEY = "2b6d9f0e-one"


def keyed(client, path, key=KEY, **request):
    return client.post(path, headers={"Idempotency-Key": key}, **request)


def change(container, assignments, **values):
    """Leave the row of the only key as a crash, or the clock, would."""
    with container.engine.begin() as connection:
        connection.execute(text(f"UPDATE idempotency_keys SET {assignments}"), values)


def long_ago(container):
    """The holder of the key has shown no life for long: its process is gone."""
    past = (container.now() - timedelta(hours=1)).replace(tzinfo=None)
    change(container, "held_until = :past", past=past)


def lose_the_answer(container):
    """What a process leaves that is killed after its commit."""
    change(container, "answer_status = NULL, answer_headers = NULL, answer_body = NULL")
    long_ago(container)


def numbers(client):
    return [item["accession_number"] for item in client.get(CASES).json()["items"]]


def test_the_same_request_is_done_once_and_answered_alike(idle_client):
    first = keyed(idle_client, CASES, json=NEW)
    again = keyed(idle_client, CASES, key=f'"{KEY}"', json=NEW)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert numbers(idle_client) == ["A-1"]


def test_a_refusal_is_answered_alike_too(idle_client):
    first = keyed(idle_client, CASES, json={})
    assert keyed(idle_client, CASES, json={}).content == first.content
    is_422 = first.status_code
    assert is_422 == 422


def test_another_body_or_place_is_a_conflict(idle_client):
    keyed(idle_client, CASES, json=NEW)
    other = keyed(idle_client, CASES, json={**NEW, "accession_number": "A-2"})
    assert is_problem(other, 409, "Idempotency-Key")["code"] == "idempotency-key-reused"
    is_problem(keyed(idle_client, "/api/v1/tokens", json=NEW), 409)
    assert numbers(idle_client) == ["A-1"]


@pytest.mark.parametrize("key", ["", " ", "a b", "é".encode(), "x" * 256, '"'])
def test_a_key_that_is_none_is_refused(idle_client, key):
    is_problem(keyed(idle_client, CASES, key=key, json=NEW), 422, "Idempotency-Key")


def test_a_key_is_its_accounts_own(idle_client):
    keyed(idle_client, CASES, json=NEW)
    new = {**NEW, "accession_number": "A-2"}
    assert keyed(idle_client, CASES, json=new, auth=ADMIN).status_code == 201


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_case_is_not_shown_again_to_who_no_longer_sees_it(idle_client, open_container, is_lost):
    keyed(idle_client, CASES, json=NEW)
    if is_lost:
        lose_the_answer(open_container)
    with open_container.transactions() as transaction:
        transaction.sites.set_sites_of(transaction.users.by_name("reader").id, [])
    again = keyed(idle_client, CASES, json=NEW)
    is_problem(again, 404)
    assert NEW["accession_number"] not in again.text


def test_the_audit_tells_a_replay_from_the_work(idle_client, open_container):
    place = keyed(idle_client, CASES, json=NEW).headers["location"]
    keyed(idle_client, CASES, json=NEW)
    with open_container.transactions() as transaction:
        events = [entry.event for entry in transaction.audit.all()]
    done = [event.action for event in events if event.action in {"case.open", "request.replay"}]
    assert done == ["case.open", "request.replay"]
    assert events[-1].after == {"location": place}


def test_files_are_the_same_under_another_boundary(idle_client, open_container):
    case_id = idle_client.post(CASES, json=NEW).json()["id"]
    path, files = f"{CASES}/{case_id}/cells", [("files", ("a.png", cell_png(1)))]
    first = keyed(idle_client, path, files=files)
    again = keyed(idle_client, f"{path}?wait=0", files=files)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert again.content == first.content
    other = keyed(idle_client, path, files=[("files", ("a.png", cell_png(2)))])
    is_problem(other, 409, "another request")
    with open_container.transactions() as transaction:
        assert len(transaction.cases.uploads_of(UUID(case_id))) == 1


def test_the_second_waits_for_the_first(idle_client):
    case_id = idle_client.post(CASES, json=NEW).json()["id"]
    path, files = f"{CASES}/{case_id}/cells?wait=3", [("files", ("a.png", cell_png(1)))]
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(keyed, idle_client, path, files=files)
        deadline = time.monotonic() + 30
        while not idle_client.get(f"{CASES}/{case_id}/cells").json()["items"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = keyed(idle_client, path, files=files)
        assert is_problem(second, 409)["code"] == "idempotency-key-in-use"
        assert int(second.headers["retry-after"]) >= 1
        assert first.result(timeout=30).status_code == 202
    assert keyed(idle_client, path, files=files).content == first.result().content


def test_a_lost_answer_is_made_anew_without_doing_it_twice(idle_client, open_container):
    first = keyed(idle_client, CASES, json=NEW)
    lose_the_answer(open_container)
    again = keyed(idle_client, CASES, json=NEW)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert numbers(idle_client) == ["A-1"]
    # By now it is kept again.
    assert keyed(idle_client, CASES, json=NEW).content == again.content
    lose_the_answer(open_container)
    is_problem(keyed(idle_client, CASES, json={**NEW, "accession_number": "A-2"}), 409)


def test_a_lost_answer_that_stands_nowhere_is_said_to_be_lost(idle_client, open_container):
    keyed(idle_client, CASES, json=NEW)
    lose_the_answer(open_container)
    change(open_container, "location = NULL")
    lost = keyed(idle_client, CASES, json=NEW)
    assert is_problem(lost, 409, "was done")["code"] == "answer-not-kept"
    assert numbers(idle_client) == ["A-1"]


def test_what_a_crash_kept_from_being_done_is_done(idle_client, open_container):
    keyed(idle_client, CASES, json={})
    change(open_container, "body_sha256 = NULL")
    lose_the_answer(open_container)
    assert keyed(idle_client, CASES, json=NEW).status_code == 201


def test_who_stood_still_cannot_do_what_another_has_taken_over(idle_client, open_container):
    keyed(idle_client, CASES, json=NEW)
    with open_container.engine.connect() as connection:
        request_id = connection.execute(text("SELECT id FROM idempotency_keys")).scalar_one()
    late = Turn(UUID(str(request_id)), uuid7(), lambda: "")
    case = idle_client.get(CASES).json()["items"][0]
    with taking(late), pytest.raises(KeyInUse), open_container.transactions() as transaction:
        transaction.cases.lock(UUID(case["id"]))


def test_a_failure_of_the_server_frees_the_key(open_container, idle_client):
    case_id = idle_client.post(CASES, json=NEW).json()["id"]

    class Full:
        def put(self, name, content):
            raise StorageUnavailable("full")

    broken = TestClient(create_app(replace(open_container, blobs=Full())))
    broken.auth = idle_client.auth
    path, files = f"{CASES}/{case_id}/cells", [("files", ("a.png", cell_png(1)))]
    assert keyed(broken, path, files=files).status_code == 503
    assert keyed(idle_client, path, files=files).status_code == 202


def test_a_secret_is_shown_once_and_kept_nowhere(idle_client, open_container):
    made = keyed(idle_client, "/api/v1/tokens")
    assert made.status_code == 201
    again = keyed(idle_client, "/api/v1/tokens")
    assert is_problem(again, 409, "secret")["code"] == "answer-not-kept"
    with open_container.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM idempotency_keys")).mappings().one()
    assert row["answer_body"] is None
    assert KEY not in str(dict(row))


def test_answers_are_withheld_when_data_are_erased(idle_client, open_container):
    keyed(idle_client, CASES, json=NEW)
    with open_container.transactions() as transaction:
        transaction.keys.withhold_answers()
    is_problem(keyed(idle_client, CASES, json=NEW), 409, "erased")


def test_a_key_is_free_again_after_its_day(idle_client, open_container):
    keyed(idle_client, CASES, json=NEW)
    yesterday = (open_container.now() - timedelta(hours=25)).replace(tzinfo=None)
    change(open_container, "started_at = :at, held_until = :at", at=yesterday)
    other = keyed(idle_client, CASES, json={**NEW, "accession_number": "A-2"})
    assert other.status_code == 201
    assert other.json()["accession_number"] == "A-2"


def test_a_lost_change_is_not_made_twice(idle_client, open_container):
    opened = idle_client.post(CASES, json=NEW)
    path, headers = opened.headers["location"], {"If-Match": opened.headers["etag"]}
    headers["Idempotency-Key"] = KEY
    change = {"clinical_context": {"age_years": 71}}
    first = idle_client.patch(path, json=change, headers=headers)
    lose_the_answer(open_container)
    # The state that it knows is gone by now: done again it would be refused.
    again = idle_client.patch(path, json=change, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    assert "location" not in again.headers


def test_what_is_over_is_removed_by_itself(idle_client, open_container):
    keyed(idle_client, CASES, json=NEW)
    keyed(idle_client, CASES, key="young", json={**NEW, "accession_number": "A-2"})
    yesterday = (open_container.now() - timedelta(hours=25)).replace(tzinfo=None)
    with open_container.engine.begin() as connection:
        oldest = "SELECT id FROM idempotency_keys ORDER BY started_at LIMIT 1"
        query = f"UPDATE idempotency_keys SET started_at = :at WHERE id = ({oldest})"
        connection.execute(text(query), {"at": yesterday})

    async def sweep_once():
        with suppress(TimeoutError):
            await asyncio.wait_for(forget_expired(open_container), timeout=2)

    asyncio.run(sweep_once())
    with open_container.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM idempotency_keys")).scalar_one() == 1


def test_every_route_that_shows_a_secret_says_so(open_container):
    """Whatever its answer calls it; what is shown once is stored nowhere, here neither."""
    app = create_app(open_container)
    schemas = app.openapi()["components"]["schemas"]
    flagged, shown = set(), set()
    for context in iter_route_contexts(app.routes):
        route = context.route
        if not isinstance(route, APIRoute) or not context.path.startswith("/api/"):
            continue
        if any(item.dependency is shows_secret for item in route.dependencies):
            flagged.add(route.name)
        name = getattr(route.response_model, "__name__", "")
        if {"token", "key", "secret"} & schemas.get(name, {}).get("properties", {}).keys():
            shown.add(route.name)
    assert {"create_token", "create_client", "rotate_key", "create_webhook"} <= shown
    assert shown == flagged


@given(
    pieces=st.lists(st.sampled_from([b"--frontier", b"fron", b"tier", b"x", b"\r\n"]), max_size=12),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_a_fingerprint_neither_knows_chunks_nor_boundaries(pieces, cuts):
    def digest(boundary, chunks):
        scope = {"method": "POST", "path": "/x", "query_string": b"wait=1"}
        kind = b"multipart/form-data; boundary=" + boundary
        fingerprint = Fingerprint({**scope, "headers": [(b"content-type", kind)]})
        for chunk in chunks:
            fingerprint.feed(chunk)
        return fingerprint.hexdigest()

    body = b"".join(pieces)
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[start:end] for start, end in itertools.pairwise(edges)]
    assert digest(b"frontier", chunks) == digest(b"frontier", [body])
    other = body.replace(b"frontier", b"0123456789")
    assert digest(b"0123456789", [other]) == digest(b"frontier", [body])
