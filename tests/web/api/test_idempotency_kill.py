"""`kill -9` between the commit and the answer of a request under an Idempotency-Key."""

import threading
import time

import httpx
import pytest

from tests.images import cell_jpeg
from tests.server import Server

NEW = {"accession_number": "A-1", "patient_identifier": "P-1"}


@pytest.fixture
def server(tmp_path, database_url, small_bundle):
    server = Server(
        tmp_path,
        VEXASCOPE_DATABASE_URL=database_url,
        VEXASCOPE_BUNDLE=str(small_bundle),
        # Nobody classifies, so the request waits for its findings with everything committed.
        VEXASCOPE_WORKER_IN_SERVER="false",
    )
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_a_request_that_was_killed_is_not_done_twice(server):
    client = server.client()
    case = client.post("/api/v1/cases", json=NEW).json()["id"]
    path = f"/api/v1/cases/{case}/cells"
    headers = {"Idempotency-Key": "one"}

    def send(wait):
        files = [("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(5)]
        return client.post(path, params={"wait": wait}, files=files, headers=headers)

    def send_and_die():
        with pytest.raises(httpx.HTTPError):
            send(60)

    dying = threading.Thread(target=send_and_die)
    dying.start()
    reader = server.client()
    deadline = time.monotonic() + 60
    while not reader.get(path).json()["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    server.kill()
    dying.join()
    server.start()
    client = server.client()
    while (again := send(0)).status_code == 409:
        assert again.json()["code"] == "idempotency-key-in-use"
        assert time.monotonic() < deadline
        time.sleep(int(again.headers["retry-after"]))
    assert again.status_code == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["accepted_count"] == 5
    assert again.json()["duplicates"] == []
    assert client.get(again.headers["location"]).json() == again.json()
    assert len(client.get(path).json()["items"]) == 5
