"""/metrics, read with the library's own parser."""

import os
import subprocess
import sys
import time

import httpx
import pytest
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from app.bootstrap import running
from app.domain.errors import StorageUnavailable
from app.web.app import create_app
from tests.accounts import ADMIN, READER
from tests.conftest import free_port, make_settings
from tests.images import cell_jpeg
from tests.web.api.test_cases import NEW, is_problem

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def samples(text, parse=text_string_to_metric_families):
    """Value by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def read(client):
    answer = client.get("/metrics", auth=ADMIN)
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


def requests(found, **labels):
    return sum(
        value
        for (name, *rest), value in found.items()
        if name == "vexascope_http_requests_total" and labels.items() <= dict(rest).items()
    )


def test_requests_are_counted_by_template_and_no_label_holds_a_key_or_a_path(idle_client):
    case_id = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    for _ in range(3):
        idle_client.get(f"/api/v1/cases/{case_id}")
    idle_client.get("/api/v1/cases/0190a000-0000-7000-8000-000000000000")
    idle_client.get("/wp-admin/setup.php")
    idle_client.request("BREW", "/cases")
    text = idle_client.get("/metrics", auth=ADMIN).text
    found = samples(text)
    route = "/api/v1/cases/{case_id}"
    assert requests(found, route=route, status="200", method="GET") == 3
    assert requests(found, route=route, status="404", method="GET") == 1
    assert requests(found, route="none", status="404") == 1
    assert requests(found, method="other") == 1
    seconds = (("method", "GET"), ("route", route))
    assert found["vexascope_http_request_duration_seconds_count", *seconds] == 4
    assert 0 < found["vexascope_http_request_duration_seconds_sum", *seconds] < 60
    for secret in (case_id, NEW["accession_number"], NEW["patient_identifier"], "wp-admin", "BREW"):
        assert secret not in text


def test_two_applications_count_by_themselves(idle_client, tmp_path_factory, small_bundle):
    idle_client.get("/health/live")
    folder = tmp_path_factory.mktemp("other")
    with running(make_settings(folder, bundle=small_bundle)) as other:
        with TestClient(create_app(idle_client.app.state.container)) as same:
            assert requests(read(same), route="/health/live") == 1
        assert not [
            name
            for family in other.meters.registry.collect()
            for name in [sample.name for sample in family.samples]
            if name == "vexascope_http_requests_total"
        ]


def test_waiting_work_is_told_and_what_answers(idle_client):
    case_id = idle_client.post("/api/v1/cases", json=NEW).json()["id"]
    before = read(idle_client)
    queue = ("queue", "classification")
    assert before["vexascope_jobs", queue, ("state", "waiting")] == 0
    assert before["vexascope_oldest_waiting_job_age_seconds", queue] == 0
    files = [("files", ("a.jpg", cell_jpeg(1)))]
    assert idle_client.post(f"/api/v1/cases/{case_id}/cells", files=files).status_code == 202
    time.sleep(0.05)
    found = read(idle_client)
    assert found["vexascope_jobs", queue, ("state", "waiting")] == 1
    assert found["vexascope_jobs", queue, ("state", "failed")] == 0
    assert 0 < found["vexascope_oldest_waiting_job_age_seconds", queue] < 60
    assert found["vexascope_up", ("component", "database")] == 1
    assert found["vexascope_up", ("component", "storage")] == 1
    assert found["vexascope_outbox_deliveries", ("kind", "webhook"), ("state", "dead")] == 0
    assert found["vexascope_control_sets", ("state", "moved")] == 0
    [build] = [dict(rest) for name, *rest in found if name == "vexascope_build_info"]
    assert build["bundle_digest"] == idle_client.app.state.container.bundle.manifest.digest


def test_cells_are_counted_where_they_are_classified(client):
    case_id = client.post("/api/v1/cases", json=NEW).json()["id"]
    files = [("files", (f"{seed}.jpg", cell_jpeg(seed))) for seed in range(3)]
    path = f"/api/v1/cases/{case_id}/cells"
    assert client.post(path, files=files, params={"wait": 60}).status_code == 200
    found = read(client)
    assert found["vexascope_cells_total", ("outcome", "classified")] == 3
    assert found["vexascope_cells_total", ("outcome", "failed")] == 0
    assert found["vexascope_classification_batch_duration_seconds_count",] >= 1
    assert found["vexascope_jobs_given_up_total",] == 0


def test_open_metrics_are_answered_to_who_prefers_them(idle_client):
    answer = idle_client.get("/metrics", auth=ADMIN, headers={"Accept": OPEN_METRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    found = samples(answer.text, open_metrics)
    assert found["vexascope_up", ("component", "database")] == 1


def test_who_has_no_permission_learns_nothing(idle_client):
    assert is_problem(idle_client.get("/metrics", auth=None), 401)
    assert is_problem(idle_client.get("/metrics", auth=READER), 403)


def test_a_store_that_is_gone_is_told(idle_client, monkeypatch):
    container = idle_client.app.state.container

    def gone():
        raise StorageUnavailable("gone")

    monkeypatch.setattr(container.blobs, "check", gone)
    found = read(idle_client)
    assert found["vexascope_up", ("component", "storage")] == 0
    assert found["vexascope_up", ("component", "database")] == 1


@pytest.mark.slow
def test_a_worker_shows_its_own_numbers_where_a_port_is_set(tmp_path, small_bundle):
    port = free_port()
    environment = {
        **os.environ,
        "VEXASCOPE_DATA_DIR": str(tmp_path),
        "VEXASCOPE_BUNDLE": str(small_bundle),
        "VEXASCOPE_WORKER_METRICS_PORT": str(port),
    }
    command = [sys.executable, "-c", "from app.cli import main; main()"]
    subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True)
    process = subprocess.Popen([*command, "worker"], env=environment)
    try:
        text = _when_ready(f"http://127.0.0.1:{port}/metrics")
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert samples(text)["vexascope_cells_total", ("outcome", "classified")] == 0


def _when_ready(url):
    for _ in range(300):
        try:
            return httpx.get(url).text
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError("the worker shows nothing")
