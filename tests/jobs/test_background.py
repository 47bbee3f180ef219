"""A bundle in shadow, control slides and comparisons, on both databases."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.abnormality import Abnormality
from app.domain.control import ControlState, RunKind
from app.domain.errors import Conflict, InvalidInput
from app.domain.review import ReviewRule
from app.jobs.background import Interrupted, give_up_set_job, set_job, shadow_job
from app.jobs.control_clock import look
from app.jobs.courtesy import Courtesy
from app.jobs.worker import classify_job, worker
from app.services.controlling import (
    begin_comparison,
    begin_control,
    begin_due,
    comparison_of,
    control_standings,
)
from app.services.freezing import freeze_cases
from app.services.intake import blob_name
from app.services.reporting import report_on
from app.services.shadowing import shadow_comparison
from app.services.switching import begin_shadow, end_shadow
from tests.factories import NOW
from tests.jobs.test_switching import ANN, ids, standing, switch, two_bundles  # noqa: F401
from tests.jobs.test_worker import WAIT_S, accept


def in_shadow(container, digest):
    candidate = container.candidate(digest)
    with container.transactions() as transaction:
        begin_shadow(
            transaction, candidate, ANN, "to see", container.default_digest, container.now()
        )


def frozen(container, name="slides", *, is_daily=True, number="A-1"):
    with container.transactions() as transaction:
        return freeze_cases(
            transaction, name, [number], "Dr Ann", container.now(), is_daily=is_daily
        )


def controlled(container, fixed, courtesy=None):
    """A run of control slides under the active bundle, read to its end."""
    with container.transactions() as transaction:
        digest = container.bundle.manifest.digest
        run = begin_control(transaction, fixed.id, digest, "Dr Ann", container.now(), queued=False)
    return set_job(container, courtesy or Courtesy(), run.id)


def states(container, now=None):
    with container.transactions() as transaction:
        return [item.state for item in control_standings(transaction, now or container.now())]


def test_what_is_read_in_shadow_is_compared_and_changes_no_report(two_bundles):  # noqa: F811
    container, first, second = two_bundles
    in_shadow(container, second)
    case_id, cells = accept(container, range(5))
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        found = {}
        while len(found) < len(cells):
            assert time.monotonic() < deadline
            time.sleep(0.05)
            with container.transactions() as transaction:
                found = transaction.cells.findings(ids(cells), second)
    assert standing(container, case_id)[0] == first
    with container.transactions() as transaction:
        case = transaction.cases.get(case_id)
        report = report_on(transaction, case, container.bundle, ReviewRule(), NOW)
        both = [transaction.bundles.get(digest) for digest in (first, second)]
        compared = shadow_comparison(transaction, *both)
    assert report.bundle.digest == first
    assert all(line.probabilities for line in report.cells)
    assert compared.cell_count == len(cells)
    assert [item.label for item in compared.labels] == [None, *Abnormality]


def test_a_bundle_that_has_read_in_shadow_takes_over_no_case(two_bundles):  # noqa: F811
    container, first, second = two_bundles
    read, cells = accept(container, range(3))
    classify_job(container, read, ids(cells))
    half, others = accept(container, range(4, 7), "A-2")
    classify_job(container, half, ids(others[:2]))
    in_shadow(container, second)
    for case_id, chosen in ((read, cells[:2]), (half, others[:1])):
        shadow_job(container, Courtesy(), case_id, ids(chosen), second)
    switch(container, second)
    # Read completely: it stays. Half read: the next job moves it, and all of it is read.
    assert standing(container, read)[0] == first
    assert standing(container, read)[1].done
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        while not standing(container, half)[1].done:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert standing(container, half)[0] == second


def test_nothing_is_read_in_shadow_once_that_is_over(two_bundles):  # noqa: F811
    container, _, second = two_bundles
    case_id, cells = accept(container, range(3))
    in_shadow(container, second)
    with container.transactions() as transaction:
        end_shadow(transaction, ANN, "seen enough", container.now())
    shadow_job(container, Courtesy(), case_id, ids(cells), second)
    with container.transactions() as transaction:
        assert not transaction.cells.findings(ids(cells), second)


def test_background_work_waits_while_readers_wait():
    courtesy, went = Courtesy(), threading.Event()
    waiting = threading.Thread(target=lambda: courtesy.give_way() and went.set())
    with courtesy.first():
        waiting.start()
        assert not went.wait(0.2)
    assert went.wait(5)
    waiting.join()


def test_a_process_that_stops_leaves_the_rest_to_the_next_one(two_bundles):  # noqa: F811
    container, first, second = two_bundles
    accept(container, range(6))
    fixed = frozen(container, is_daily=False)
    with container.transactions() as transaction:
        for digest in (first, second):
            files = container.files_of(digest)
            transaction.bundles.remember(files.bundle, files.texts, NOW)
        run = begin_comparison(transaction, fixed.id, (first, second), "Dr Ann", NOW)
    stopping = Courtesy()
    stopping.stop()
    with pytest.raises(Interrupted):
        set_job(container, stopping, run.id)
    with worker(container):
        deadline = time.monotonic() + WAIT_S
        done = run
        while done.finished_at is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            with container.transactions() as transaction:
                done = transaction.controls.run(run.id)
    with container.transactions() as transaction:
        assert transaction.controls.count_readings(run.id) == 12
        compared = comparison_of(transaction, done)
        # Nothing of it stands on the cells of the case.
        assert second not in transaction.switches.cells_read()
    assert compared.cell_count == 6
    # The second one's bias is higher: it calls at least what the first calls.
    assert all(item.counts.first_only == 0 for item in compared.labels[:1])


def test_two_bundles_that_are_one_are_not_compared(two_bundles):  # noqa: F811
    container, first, _ = two_bundles
    accept(container, range(2))
    fixed = frozen(container, is_daily=False)
    with pytest.raises(InvalidInput), container.transactions() as transaction:
        begin_comparison(transaction, fixed.id, (first, first), "Dr Ann", NOW)
    with pytest.raises(Conflict, match="name"):
        frozen(container)


def test_control_slides_stand_and_another_bundle_has_its_own_baseline(two_bundles):  # noqa: F811
    container, _, second = two_bundles
    accept(container, range(5))
    fixed = frozen(container)
    assert states(container) == [ControlState.WAITING]
    first_run = controlled(container, fixed)
    assert states(container) == [ControlState.BASELINE]
    again = controlled(container, fixed)
    assert states(container) == [ControlState.STEADY]
    assert (first_run.baseline_id, first_run.shift) == (first_run.id, None)
    assert again.baseline_id == first_run.id
    assert again.shift.largest == 0
    assert not again.shift.moved
    switch(container, second)
    other = controlled(container, fixed)
    assert other.baseline_id == other.id
    assert states(container) == [ControlState.BASELINE]


def test_a_picture_that_changed_alarms(two_bundles):  # noqa: F811
    container, _, _ = two_bundles
    _, cells = accept(container, range(5))
    fixed = frozen(container)
    controlled(container, fixed)
    images = container.settings.data_dir / "images"
    (images / blob_name(cells[0].pixel_sha256)).write_bytes(b"damaged")
    run = controlled(container, fixed)
    assert run.has_moved
    assert ("failed", 0, 1) in run.shift.moved
    assert states(container) == [ControlState.MOVED]


def test_a_run_that_could_not_read_every_cell_is_nobody_s_baseline(two_bundles):  # noqa: F811
    container, _, _ = two_bundles
    _, cells = accept(container, range(5))
    fixed = frozen(container)
    picture = container.settings.data_dir / "images" / blob_name(cells[0].pixel_sha256)
    content = picture.read_bytes()
    picture.write_bytes(b"damaged")
    broken = controlled(container, fixed)
    assert broken.has_moved
    assert broken.baseline_id is None
    assert states(container) == [ControlState.UNREAD]
    picture.write_bytes(content)
    sound = controlled(container, fixed)
    assert (sound.baseline_id, sound.has_moved) == (sound.id, False)


def shifted(reading, by):
    """A reading whose probabilities are higher."""
    findings = reading.findings
    probabilities = {label: min(1.0, it + by) for label, it in findings.probabilities.items()}
    return replace(reading, findings=replace(findings, probabilities=probabilities))


def test_a_probability_that_moved_more_than_the_tolerance_alarms(two_bundles):  # noqa: F811
    """What the baseline holds is shifted: as if the arithmetic had changed since."""
    container, first, _ = two_bundles
    accept(container, range(3))
    fixed = frozen(container)
    with container.transactions() as transaction:
        run = begin_control(transaction, fixed.id, first, "Dr Ann", NOW, queued=False)
    before = controlled(container, fixed)
    with container.transactions() as transaction:
        readings = transaction.controls.readings(before.id)[first].values()
        transaction.controls.add_readings(run.id, [shifted(item, 0.002) for item in readings])
    set_job(container, Courtesy(), run.id)
    now = controlled(container, fixed)
    assert now.baseline_id == run.id
    assert now.shift.largest == pytest.approx(0.002, abs=1e-6)
    assert now.has_moved


def test_the_day_has_one_run_and_a_missed_day_alarms(two_bundles):  # noqa: F811
    container, first, second = two_bundles
    accept(container, range(2))
    frozen(container)
    frozen(container, "seldom", is_daily=False)
    now = container.now()
    with container.transactions() as transaction:
        [run] = begin_due(transaction, first, now)
        assert begin_due(transaction, first, now + timedelta(minutes=1)) == []
    set_job(container, Courtesy(), run.id)
    assert states(container) == [ControlState.BASELINE]
    assert states(container, now + timedelta(hours=30)) == [ControlState.OVERDUE]
    # Another bundle on the same day is read, too.
    switch(container, second)
    look(container, set())
    with container.transactions() as transaction:
        latest = transaction.controls.runs(RunKind.CONTROL, 5)
    assert [item.digests for item in latest] == [(second,), (first,)]


def test_a_run_that_was_given_up_alarms(two_bundles):  # noqa: F811
    container, first, _ = two_bundles
    accept(container, range(2))
    fixed = frozen(container)
    with container.transactions() as transaction:
        run = begin_control(transaction, fixed.id, first, "Dr Ann", NOW, queued=False)
    give_up_set_job(container, run.id)
    assert states(container) == [ControlState.UNREAD]
