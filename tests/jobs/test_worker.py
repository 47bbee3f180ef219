"""Jobs on both databases, with real threads and a real queue."""

import io
import time

import numpy as np
import pytest

from app.domain.case import NewCase
from app.domain.errors import SettingsRefused, StorageUnavailable
from app.domain.site import DEFAULT_SITE_ID
from app.imaging.stored import decode_stored
from app.jobs.executor import executor_name
from app.jobs.worker import classify_job, give_up_job, worker
from app.services.analysis import classify_cells, prepare
from app.services.intake import IncomingFile, blob_name, take_in
from app.services.registering import register
from tests.factories import NOW
from tests.images import cell_png

WAIT_S = 60


def accept(container, seeds, number="A-1"):
    """Open a case with these synthetic cells; what is returned was committed."""
    files = [IncomingFile(f"{seed}.png", io.BytesIO(cell_png(seed))) for seed in seeds]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    with container.transactions() as transaction:
        found = transaction.cases.find(number, [DEFAULT_SITE_ID])
        case = found or transaction.cases.add(NewCase(number, "P-1"), NOW)
        register(transaction, case.id, delivery, container.bundle.manifest.digest, NOW)
        return case.id, list(transaction.cells.of_case(case.id))


def progress(container, case_id):
    with container.transactions() as transaction:
        return transaction.cells.progress(case_id, container.bundle.manifest.digest)


def wait_until_done(container, case_id):
    deadline = time.monotonic() + WAIT_S
    while not (state := progress(container, case_id)).done:
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def test_what_was_accepted_without_a_worker_is_classified_once_there_is_one(container):
    case_id, _ = accept(container, range(5))
    assert progress(container, case_id).pending_count == 5
    with worker(container):
        state = wait_until_done(container, case_id)
    assert (state.classified_count, state.failed_count) == (5, 0)


def test_running_a_job_twice_changes_nothing(container):
    case_id, cells = accept(container, range(3))
    ids = [cell.id for cell in cells]
    digest = container.bundle.manifest.digest
    classify_job(container, case_id, ids)
    with container.transactions() as transaction:
        first = transaction.cells.findings(ids, digest)
    classify_job(container, case_id, ids)
    with container.transactions() as transaction:
        assert transaction.cells.findings(ids, digest) == first
    assert len(first) == 3


def test_one_damaged_image_fails_alone(container):
    case_id, cells = accept(container, range(3))
    damaged = container.settings.data_dir / "images" / blob_name(cells[1].pixel_sha256)
    damaged.write_bytes(b"\x89PNG and nothing more")
    classify_job(container, case_id, [cell.id for cell in cells])
    state = progress(container, case_id)
    assert (state.classified_count, state.failed_count) == (2, 1)
    with container.transactions() as transaction:
        failures = transaction.cells.failures(case_id, container.bundle.manifest.digest)
    assert list(failures) == [cells[1].id]
    assert "damaged" in failures[cells[1].id]


class Moody:
    """The real classifier, but it chokes on one image."""

    def __init__(self, classifier, spoilt):
        self._classifier, self._spoilt = classifier, spoilt
        self.bundle, self.provider = classifier.bundle, classifier.provider

    def classify(self, images):
        if any(np.array_equal(image, self._spoilt) for image in images):
            raise RuntimeError("this image spoils its batch")
        return self._classifier.classify(images)


def test_an_image_that_spoils_its_batch_fails_alone(container):
    _, cells = accept(container, range(4))
    size_px = container.bundle.manifest.size_px
    spoilt = prepare(
        decode_stored(container.blobs.get(blob_name(cells[2].pixel_sha256))),
        cells[2].location,
        size_px,
    )
    result = classify_cells(cells, Moody(container.classifier, spoilt), container.blobs)
    assert [item.cell_id for item in result.findings] == [
        cell.id for cell in cells if cell is not cells[2]
    ]
    [failure] = result.failures
    assert failure.cell == cells[2]
    assert "spoils" in failure.reason


def test_a_store_that_is_away_fails_no_cell(container):
    case_id, cells = accept(container, range(2))

    class Away:
        def get(self, name):
            raise StorageUnavailable("away")

    with pytest.raises(StorageUnavailable):
        classify_cells(cells, container.classifier, Away())
    assert progress(container, case_id).failed_count == 0


def test_a_batch_that_is_given_up_leaves_a_reason_on_each_unread_cell(container):
    case_id, cells = accept(container, range(3))
    classify_job(container, case_id, [cells[0].id])
    give_up_job(container, case_id, [cell.id for cell in cells])
    state = progress(container, case_id)
    assert (state.classified_count, state.failed_count) == (1, 2)


def test_live_processes_have_different_names_and_a_restart_the_same(tmp_path):
    with executor_name(None, tmp_path) as first, executor_name(None, tmp_path) as second:
        assert first != second
    with executor_name(None, tmp_path) as again:
        assert again == first


def test_a_chosen_name_that_is_taken_is_refused(tmp_path):
    with (
        executor_name("lab-1", tmp_path),
        pytest.raises(SettingsRefused, match="lab-1"),
        executor_name("lab-1", tmp_path),
    ):
        pass
