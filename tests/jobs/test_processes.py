"""A server and workers as processes of their own, as on more than one machine."""

import subprocess
import sys
import time

import pytest

from tests.images import cell_jpeg
from tests.server import Server

WAIT_S = 60


@pytest.fixture
def server(tmp_path, database_url, small_bundle):
    server = Server(
        tmp_path,
        VEXASCOPE_DATABASE_URL=database_url,
        VEXASCOPE_BUNDLE=str(small_bundle),
        VEXASCOPE_WORKER_IN_SERVER="false",
    )
    server.start()
    yield server
    server.stop()


def start_worker(server):
    return subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", "worker"],
        env=server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_two_workers_share_what_a_server_accepted(server):
    client = server.client()
    new = {"accession_number": "A-1", "patient_identifier": "P-1"}
    case = client.post("/api/v1/cases", json=new).json()["id"]
    for start in range(0, 60, 10):
        files = [("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(start, start + 10)]
        assert client.post(f"/api/v1/cases/{case}/cells", files=files).status_code == 202
    assert client.get(f"/api/v1/cases/{case}").json()["progress"]["pending_count"] == 60
    workers = [start_worker(server) for _ in range(2)]
    try:
        deadline = time.monotonic() + WAIT_S
        while client.get(f"/api/v1/cases/{case}").json()["progress"]["pending_count"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        progress = client.get(f"/api/v1/cases/{case}").json()["progress"]
    finally:
        for worker in workers:
            worker.terminate()
        statuses = [worker.wait(timeout=60) for worker in workers]
    assert (progress["classified_count"], progress["failed_count"]) == (60, 0)
    assert statuses == [0, 0]
