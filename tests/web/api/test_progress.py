"""Waiting for findings: by `wait`, by server-sent events, by asking for the jobs."""

import json
import threading
import time

import httpx
import pytest

from tests.images import cell_png
from tests.server import Server
from tests.web.api.test_cases import NEW, is_problem

CASES = "/api/v1/cases"


def files(*seeds):
    return [("files", (f"{seed}.png", cell_png(seed))) for seed in seeds]


def events_in(text):
    """The fields of each event of a stream."""
    blocks = [block for block in text.split("\n\n") if "event:" in block]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


@pytest.fixture
def case(client):
    return client.post(CASES, json=NEW).json()["id"]


def test_a_case_and_its_report_wait_for_the_findings(client, case):
    path = f"{CASES}/{case}"
    assert client.get(path, params={"wait": 5}).json()["state"] == "empty"
    client.post(f"{path}/cells", files=files(1, 2))
    report = client.get(f"{path}/report", params={"wait": 60}).json()
    assert report["complete"]
    found = client.get(path, params={"wait": 60}).json()
    assert (found["state"], found["progress"]["pending_count"]) == ("to_review", 0)
    is_problem(client.get(path, params={"wait": 121}), 422, "wait")


def test_a_wait_ends_without_findings(idle_client):
    case = idle_client.post(CASES, json=NEW).json()["id"]
    idle_client.post(f"{CASES}/{case}/cells", files=files(1))
    began = time.monotonic()
    found = idle_client.get(f"{CASES}/{case}", params={"wait": 1}).json()
    assert 0.9 < time.monotonic() - began < 20
    assert found["state"] == "classifying"
    unknown = "0190a000-0000-7000-8000-000000000000"
    for end in ("", "/report"):
        answer = idle_client.get(f"{CASES}/{unknown}{end}", params={"wait": 100})
        is_problem(answer, 404, unknown)


def test_events_end_with_the_last_cell(client, case):
    path = f"{CASES}/{case}"
    client.post(f"{path}/cells", files=files(1, 2))
    with client.stream("GET", f"{path}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        text = stream.read().decode()
    assert text.startswith("retry: ")
    *_, last = events_in(text)
    assert last["event"] == "done"
    assert json.loads(last["data"]) == {
        "case_id": case,
        "state": "to_review",
        "cell_count": 2,
        "pending_count": 0,
        "failed_count": 0,
    }
    seen = {"Last-Event-ID": last["id"]}
    assert client.get(f"{path}/events", headers=seen).status_code == 204
    once_more = client.get(f"{path}/events", headers={"Last-Event-ID": "classifying-2-2-0"})
    assert [event["event"] for event in events_in(once_more.text)] == ["done"]
    unknown = "0190a000-0000-7000-8000-000000000000"
    is_problem(client.get(f"{CASES}/{unknown}/events"), 404)


def test_jobs_say_how_far_the_work_is(idle_client, client):
    case = idle_client.post(CASES, json=NEW).json()["id"]
    sent = client.post(f"{CASES}/{case}/cells", params={"wait": 60}, files=files(1, 2))
    found = client.get(f"{CASES}/{case}/jobs").json()
    [job] = found["items"]
    deadline = time.monotonic() + 30
    while job["state"] != "done":
        assert time.monotonic() < deadline
        [job] = client.get(f"{CASES}/{case}/jobs").json()["items"]
    assert job["cell_count"] == 2
    assert job["queued_at"] <= job["began_at"] <= job["ended_at"]
    of_upload = client.get(f"{sent.headers['location']}/jobs").json()
    assert of_upload["items"] == [job]
    assert of_upload["counts"] == {"waiting": 0, "running": 0, "done": 1, "failed": 0}


def test_jobs_that_nobody_works_on_wait(idle_client):
    case = idle_client.post(CASES, json=NEW).json()["id"]
    idle_client.post(f"{CASES}/{case}/cells", files=files(1))
    found = idle_client.get(f"{CASES}/{case}/jobs").json()
    assert found["counts"]["waiting"] == 1
    assert (found["items"][0]["began_at"], found["items"][0]["ended_at"]) == (None, None)


def test_a_server_that_stops_lets_its_listeners_go(tmp_path, small_bundle):
    """Many of them on one thread, and on no connection to the database."""
    server = Server(
        tmp_path, VEXASCOPE_BUNDLE=str(small_bundle), VEXASCOPE_WORKER_IN_SERVER="false"
    )
    server.start()
    client = server.client()
    case = client.post(CASES, json=NEW).json()["id"]
    ended, started = [], threading.Semaphore(0)

    def listen():
        with (
            server.client() as listener,
            listener.stream("GET", f"{CASES}/{case}/events") as stream,
        ):
            lines = stream.iter_lines()
            while "event: progress" not in next(lines):
                pass
            started.release()
            ended.append(list(lines))

    listeners = [threading.Thread(target=listen, daemon=True) for _ in range(40)]
    for thread in listeners:
        thread.start()
    for _ in listeners:
        assert started.acquire(timeout=60)
    # More listeners than the pool has connections and the server has threads for.
    assert client.get(f"{CASES}/{case}").status_code == 200
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 15
    for thread in listeners:
        thread.join(timeout=10)
    assert len(ended) == len(listeners)
    with pytest.raises(httpx.HTTPError):
        client.get("/health/live")
