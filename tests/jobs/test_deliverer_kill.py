"""Delivering processes under `kill -9`: nothing is lost, nothing overtaken."""

import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from app.bootstrap import build
from app.domain.outbox import DeliveryState, EventType, SinkKind
from app.domain.webhook import SealedSecret, WebhookConfig, new_secret
from app.settings import PROJECT
from tests.conftest import make_settings
from tests.db.test_outbox import make_destination, publish
from tests.db.test_repositories import open_case
from tests.interchange.receiver import answers, receiving
from tests.jobs.test_deliverer import in_order, wait_for

CASES = 6
# Processes have to start first.
PROCESSES_S = 120


@pytest.fixture
def laboratory(migrated_sqlite, tmp_path, small_bundle):
    shutil.copy(migrated_sqlite, tmp_path / "vexascope.db")
    shutil.copytree(small_bundle, tmp_path / "bundle")
    container = build(make_settings(tmp_path, bundle=tmp_path / "bundle"))
    yield container
    container.close()


@contextmanager
def delivering(container):
    folder = container.settings.data_dir
    command = [sys.executable, "-m", "tests.jobs.delivering_process", str(folder)]
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": "."})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _tell(container, url):
    """Two events of each case, to one receiver."""
    sealed = SealedSecret(container.sealer.seal(new_secret()))
    config = WebhookConfig(url, (sealed,)).to_json()
    with container.transactions() as transaction:
        destination = make_destination(transaction, kind=SinkKind.WEBHOOK, config=config)
        cases = [open_case(transaction, f"A-{n}", f"P-{n}") for n in range(CASES)]
        events = [
            publish(transaction, case, event)
            for event in (EventType.SIGNED, EventType.AMENDED)
            for case in cases
        ]
    return destination, {str(event.id): event for event in events}


@pytest.mark.slow
def test_a_killed_process_loses_nothing_and_others_go_on(laboratory):
    holding, go_on = threading.Event(), threading.Event()

    def holds(handler):
        holding.set()
        go_on.wait(60)
        answers(204)(handler)

    def delivered():
        with laboratory.transactions() as transaction:
            return transaction.destinations.counts(destination.id)[DeliveryState.DELIVERED]

    with receiving() as receiver:
        destination, events = _tell(laboratory, receiver.url)
        receiver.behaviours += [answers(204)] * 3 + [holds]
        with delivering(laboratory) as first:
            wait_for(holding.is_set, PROCESSES_S)
            # It has sent a message that is taken, and never hears so.
            first.kill()
            first.wait()
        assert delivered() == 3
        go_on.set()
        with delivering(laboratory), delivering(laboratory):
            wait_for(lambda: delivered() == 2 * CASES, PROCESSES_S)
        keys = [request.headers["webhook-id"] for request in receiver.requests]
        assert set(keys) == set(events)
        # The one that was under way came twice, under its key.
        assert len(keys) == 2 * CASES + 1
        assert keys[3] in keys[4:]
        assert in_order(events[key] for key in dict.fromkeys(keys))
