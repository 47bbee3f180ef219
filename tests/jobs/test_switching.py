"""Bundles are switched while cases are read: no restart, no mixture, nothing left waiting."""

import time

import pytest

from app.bootstrap import build
from app.domain.errors import Conflict, InvalidInput
from app.domain.job import JobState
from app.domain.review import ReviewRule
from app.jobs.worker import classify_job, worker
from app.ports.audit import AuditFilter
from app.services.reading import bundle_of
from app.services.reporting import report_on
from app.services.standing import active_digest
from app.services.switching import Switcher, activate, begin_shadow, shadow_digest
from tests.bundles import write_bundle
from tests.conftest import make_settings
from tests.factories import NOW
from tests.jobs.test_worker import WAIT_S, accept

ANN = Switcher("Dr Ann")


@pytest.fixture
def two_bundles(database_url, tmp_path, small_bundle):
    """An installation with a second bundle on its shelf; the container and both digests."""
    write_bundle(tmp_path / "bundles" / "second", manifest={"version": "0.0.2"}, bias=-2)
    settings = make_settings(
        tmp_path / "data",
        database_url=database_url,
        bundle=small_bundle,
        bundles_dir=tmp_path / "bundles",
    )
    container = build(settings)
    container.remember_bundle()
    [first, second] = [item.bundle.manifest.digest for item in container.shelf.installed()]
    assert first == container.default_digest
    yield container, first, second
    container.close()


def switch(container, digest):
    candidate = container.candidate(digest)
    with container.transactions() as transaction:
        activate(transaction, candidate, ANN, "a test", container.default_digest, container.now())
    container.active.forget()


def standing(container, case_id):
    """Digest of the case's bundle, and how far that is."""
    with container.transactions() as transaction:
        digest = bundle_of(transaction, case_id, container.bundle).manifest.digest
        return digest, transaction.cells.progress(case_id, digest)


def ids(cells):
    return [cell.id for cell in cells]


def run_queue(container, case_id):
    """Let a worker do what is queued; the digest of the case's bundle, which has read all."""
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        while not (state := standing(container, case_id))[1].done:
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
    assert state[1].failed_count == 0
    return state[0]


def test_an_activated_bundle_reads_what_comes_next_and_old_cases_stay(two_bundles):
    container, first, second = two_bundles
    old, cells = accept(container, range(2))
    classify_job(container, old, ids(cells))
    switch(container, second)
    assert container.bundle.manifest.digest == second
    new, cells = accept(container, range(3, 5), "A-2")
    classify_job(container, new, ids(cells))
    assert standing(container, old)[0] == first
    assert standing(container, new)[0] == second
    with container.transactions() as transaction:
        for case_id, digest in ((old, first), (new, second)):
            case = transaction.cases.get(case_id)
            report = report_on(transaction, case, container.bundle, ReviewRule(), NOW)
            assert report.complete
            assert report.bundle.digest == digest


def test_another_process_notices_within_a_second(two_bundles):
    container, first, second = two_bundles
    other = build(container.settings)
    assert other.bundle.manifest.digest == first
    switch(container, second)
    with other.transactions() as transaction:
        assert active_digest(transaction, other.default_digest) == second
    deadline = time.monotonic() + 5
    while other.bundle.manifest.digest != second:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    case_id, cells = accept(other, range(2))
    classify_job(other, case_id, ids(cells))
    assert standing(other, case_id)[0] == second
    other.close()


def test_new_images_bring_an_old_case_to_the_active_bundle(two_bundles):
    container, first, second = two_bundles
    case_id, cells = accept(container, range(3))
    classify_job(container, case_id, ids(cells))
    switch(container, second)
    assert standing(container, case_id)[0] == first
    accept(container, [7])
    assert standing(container, case_id)[1].pending_count == 4
    assert run_queue(container, case_id) == second


def test_there_and_back_on_a_half_read_case_leaves_no_cell_waiting(two_bundles):
    container, first, second = two_bundles
    case_id, cells = accept(container, range(6))
    classify_job(container, case_id, ids(cells[:3]))
    switch(container, second)
    classify_job(container, case_id, ids(cells[3:]))
    assert standing(container, case_id)[0] == second
    switch(container, first)
    assert run_queue(container, case_id) == first


def test_a_job_that_began_before_two_switches_leaves_no_cell_waiting(two_bundles, monkeypatch):
    """The job has asked which bundle is active, and records what it found much later."""
    container, _, second = two_bundles
    case_id, cells = accept(container, range(4))
    real = type(container).classifier_of

    def switched_meanwhile(self, digest):
        monkeypatch.setattr(type(container), "classifier_of", real)
        switch(container, second)
        classify_job(container, case_id, ids(cells[2:]))
        return real(self, digest)

    monkeypatch.setattr(type(container), "classifier_of", switched_meanwhile)
    classify_job(container, case_id, ids(cells[:2]))
    assert standing(container, case_id)[0] == second
    assert standing(container, case_id)[1].pending_count == 2
    assert run_queue(container, case_id) == second


def test_a_cell_that_only_the_bundle_before_failed_on_is_tried_by_the_next(two_bundles):
    container, first, second = two_bundles
    case_id, cells = accept(container, range(4))
    with container.transactions() as transaction:
        transaction.cells.add_failure(cells[0].id, first, "it was away", NOW)
    classify_job(container, case_id, ids(cells[1:2]))
    switch(container, second)
    assert run_queue(container, case_id) == second


def test_a_switch_needs_a_reason_and_a_bundle_that_runs(two_bundles):
    container, first, second = two_bundles
    with pytest.raises(Conflict, match="not installed"):
        container.candidate("0" * 64)
    candidate = container.candidate(second)
    default, now = container.default_digest, container.now()
    with pytest.raises(InvalidInput), container.transactions() as transaction:
        activate(transaction, candidate, ANN, "  ", default, now)
    active = container.candidate(first)
    with pytest.raises(Conflict, match="active already"), container.transactions() as transaction:
        activate(transaction, active, ANN, "again", default, now)
    assert container.bundle.manifest.digest == first


def test_the_active_bundle_is_never_its_own_shadow(two_bundles):
    container, first, second = two_bundles
    default, now = container.default_digest, container.now()
    with pytest.raises(Conflict, match="own shadow"), container.transactions() as transaction:
        begin_shadow(transaction, container.candidate(first), ANN, "why", default, now)
    with container.transactions() as transaction:
        begin_shadow(transaction, container.candidate(second), ANN, "to see", default, now)
        assert shadow_digest(transaction) == second
    switch(container, second)
    with container.transactions() as transaction:
        assert shadow_digest(transaction) is None
        switches = transaction.switches.all()
        noted = [item.event for item in transaction.audit.page(AuditFilter(), before=None, limit=9)]
    assert [item.action for item in noted if item.action.startswith("bundle.")] == [
        "bundle.shadow",
        "bundle.activate",
        "bundle.shadow",
    ]
    assert noted[1].before == {"digest": first}
    assert noted[1].after == {"digest": second, "reason": "a test"}
    assert [(item.part, item.digest) for item in switches] == [
        ("shadow", None),
        ("active", second),
        ("shadow", second),
    ]


def test_cells_wait_for_a_bundle_that_is_not_on_the_machine(two_bundles, tmp_path, monkeypatch):
    monkeypatch.setattr("app.jobs.worker.HAND_ON_S", 0.2)
    container, _, second = two_bundles
    switch(container, second)
    (folder,) = (tmp_path / "bundles").iterdir()
    away = folder.rename(tmp_path / "away")
    case_id, _ = accept(container, range(3))
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        while len(container.jobs_of(case_id)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        state = standing(container, case_id)[1]
        assert (state.pending_count, state.failed_count) == (3, 0)
        away.rename(folder)
        while not standing(container, case_id)[1].done:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert standing(container, case_id)[1].classified_count == 3


def test_a_job_that_was_given_up_is_failed_in_the_queue_too(two_bundles, monkeypatch):
    monkeypatch.setattr("app.jobs.worker.STEP_ATTEMPTS", 1)
    container, _, _ = two_bundles

    def spoilt(*_):
        raise RuntimeError("nothing works")

    monkeypatch.setattr("app.jobs.worker.classify_cells", spoilt)
    case_id, _ = accept(container, range(2))
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        while not standing(container, case_id)[1].done:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    [job] = container.jobs_of(case_id)
    assert job.state is JobState.FAILED
    [queue] = [item for item in container.queue_states() if item.queue == "classification"]
    assert (queue.waiting, queue.failed) == (0, 1)
