"""A worker that never comes back: its jobs go to another."""

from datetime import timedelta

import sqlalchemy as sa

from app.db.workers import beat, forget, silent_since
from app.jobs.heartbeat import SILENT_AFTER, take_over
from app.jobs.worker import worker
from tests.jobs.test_worker import accept, progress, wait_until_done


def _abandon(container, name):
    """What a killed worker leaves: its jobs PENDING under its name."""
    prefix = "" if container.engine.dialect.name == "sqlite" else "dbos."
    with container.engine.begin() as connection:
        connection.execute(
            sa.text(f"UPDATE {prefix}workflow_status SET status = 'PENDING', executor_id = :name"),
            {"name": name},
        )


def test_silence_is_measured_from_the_last_beat(container):
    now = container.now()
    beat(container.engine, "old", now - timedelta(hours=1))
    beat(container.engine, "new", now)
    assert silent_since(container.engine, now - SILENT_AFTER, "me") == ["old"]
    beat(container.engine, "old", now)
    assert silent_since(container.engine, now - SILENT_AFTER, "me") == []


def test_jobs_of_a_silent_worker_are_taken_over_and_run_once(container):
    case_id, cells = accept(container, range(3))
    _abandon(container, "gone")
    beat(container.engine, "gone", container.now() - SILENT_AFTER * 2)
    with worker(container) as name:
        assert name != "gone"
        state = wait_until_done(container, case_id)
    assert state.classified_count == len(cells)


def test_a_worker_that_left_nothing_behind_is_forgotten(container):
    accept(container, range(2))
    _abandon(container, "gone")
    long_ago = container.now() - SILENT_AFTER * 2
    for name in ("gone", "idle"):
        beat(container.engine, name, long_ago)
    beat(container.engine, "busy", container.now())
    assert take_over(container, "me") == 1
    assert silent_since(container.engine, container.now() + SILENT_AFTER, "me") == ["busy"]
    assert take_over(container, "me") == 0


def test_who_was_seen_in_the_meantime_is_not_forgotten(container):
    beat(container.engine, "back", container.now())
    forget(container.engine, ["back"], container.now() - SILENT_AFTER)
    assert silent_since(container.engine, container.now() + SILENT_AFTER, "me") == ["back"]


def test_jobs_of_a_live_worker_are_left_alone(container):
    case_id, _ = accept(container, range(2))
    _abandon(container, "busy")
    beat(container.engine, "busy", container.now())
    assert take_over(container, "me") == 0
    assert progress(container, case_id).pending_count == 2
