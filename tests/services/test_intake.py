import contextlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.domain.case import NewCase
from app.domain.errors import (
    NotFound,
    NothingAccepted,
    RefusedFile,
    StorageUnavailable,
    TooLarge,
)
from app.imaging.archive import ArchiveLimits, ArchiveMember
from app.imaging.decode import pixel_sha256
from app.imaging.synthetic import SyntheticCell, render_cell
from app.services import intake
from app.services.intake import (
    BYTES_PER_BATCH,
    CELLS_PER_JOB,
    IncomingFile,
    IntakeLimits,
    blob_name,
    in_memory_batches,
    shown_name,
    take_in,
)
from app.services.registering import register
from app.storage.object_store import open_store
from tests.factories import NOW
from tests.images import cell_jpeg, cell_png, encoded, zipped


@pytest.fixture
def blobs():
    return open_store("memory:///")


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def file(name, content):
    return IncomingFile(name, io.BytesIO(content))


def delivery(blobs, threads, *files, limits=None):
    return take_in([file(*item) for item in files], limits or IntakeLimits(), blobs, threads)


def test_good_files_go_on_where_bad_ones_are_refused(blobs, threads):
    found = delivery(
        blobs, threads, ("a.png", cell_png(1)), ("b.txt", b"hello"), ("c.jpg", cell_jpeg(2))
    )
    assert [item.file_name for item in found.examined] == ["a.png", "c.jpg"]
    [refused] = found.refused
    assert (refused.file, refused.reason) == ("b.txt", "not_an_image")


def test_pixels_are_stored_under_their_digest(blobs, threads):
    [item] = delivery(blobs, threads, ("a.jpg", cell_jpeg())).examined
    assert blobs.get(blob_name(item.pixel_sha256)).startswith(b"\x89PNG")


def test_members_of_archives_are_files_like_others(blobs, threads):
    archive = zipped({"one.png": cell_png(1), "notes.txt": b"x", "sub/two.png": cell_png(2)})
    found = delivery(blobs, threads, ("cells.zip", archive), ("three.png", cell_png(3)))
    assert [item.file_name for item in found.examined] == [
        "cells.zip/one.png",
        "cells.zip/sub/two.png",
        "three.png",
    ]
    assert [item.file for item in found.refused] == ["cells.zip/notes.txt"]


def test_only_bad_files_are_an_error_that_lists_them(blobs, threads):
    with pytest.raises(NothingAccepted, match=r"All 2 files were refused") as caught:
        delivery(blobs, threads, ("a.jpg", b""), ("b.jpg", b"text"))
    assert [item.reason for item in caught.value.refused] == ["empty_file", "not_an_image"]


def test_no_file_at_all_is_an_error(blobs, threads):
    with pytest.raises(NothingAccepted, match="no file"):
        delivery(blobs, threads)


def stored(blobs, seeds):
    """Which of these cells lie in the store."""
    found = []
    for seed in seeds:
        digest = pixel_sha256(render_cell(SyntheticCell(seed=seed)))
        with contextlib.suppress(NotFound):
            blobs.get(blob_name(digest))
            found.append(seed)
    return found


@pytest.mark.parametrize("sent", ["files", "archive", "both", "archives"])
def test_too_many_files_are_refused_before_any_is_stored(blobs, threads, sent):
    images = [(f"{seed}.png", cell_png(seed)) for seed in range(CELLS_PER_JOB + 2)]
    files = {
        "files": images,
        "archive": [("a.zip", zipped(dict(images)))],
        "both": [*images[:40], ("a.zip", zipped(dict(images[40:])))],
        "archives": [("a.zip", zipped(dict(images[:40]))), ("b.zip", zipped(dict(images[40:])))],
    }[sent]
    limits = IntakeLimits(max_files=CELLS_PER_JOB + 1)
    with pytest.raises(TooLarge, match="more than 65 files"):
        delivery(blobs, threads, *files, limits=limits)
    assert stored(blobs, range(CELLS_PER_JOB + 2)) == []


BOMB = {"x.bmp": bytes(4 * 1024**2)}
LARGE = {"x.png": bytes(range(256)) * 20}


@pytest.mark.parametrize(
    ("members", "archive"),
    [
        (BOMB, ArchiveLimits()),
        (LARGE, ArchiveLimits(max_total_bytes=5000)),
        ({"x.png": b"", "y.png": b""}, ArchiveLimits(max_entries=1)),
    ],
)
def test_an_archive_that_is_too_large_leaves_nothing_in_the_store(blobs, threads, members, archive):
    images = [(f"{seed}.png", cell_png(seed)) for seed in range(CELLS_PER_JOB + 1)]
    limits = IntakeLimits(archive=archive)
    with pytest.raises(TooLarge):
        delivery(blobs, threads, *images, ("a.zip", zipped(members)), limits=limits)
    assert stored(blobs, range(CELLS_PER_JOB + 1)) == []


def test_a_bomb_behind_good_members_leaves_nothing_in_the_store(blobs, threads):
    images = {f"{seed}.png": cell_png(seed) for seed in range(CELLS_PER_JOB + 1)}
    with pytest.raises(TooLarge):
        delivery(blobs, threads, ("a.zip", zipped({**images, **BOMB})))
    assert stored(blobs, range(CELLS_PER_JOB + 1)) == []


def test_what_is_accepted_is_found_in_the_store(blobs, threads):
    delivery(blobs, threads, ("a.zip", zipped({"a.png": cell_png(1)})), ("b.png", cell_png(2)))
    assert stored(blobs, range(4)) == [1, 2]


def test_a_damaged_archive_is_one_refusal_among_others(blobs, threads):
    damaged = zipped({"c.png": cell_png()})[:-30]
    found = delivery(blobs, threads, ("a.zip", damaged), ("a.png", cell_png()))
    assert [item.reason for item in found.refused] == ["damaged_archive"]
    assert len(found.examined) == 1


def test_batches_are_bounded_by_number_and_by_the_bytes_of_members():
    large = ArchiveMember("a.zip/x", bytes(BYTES_PER_BATCH // 2))
    refusal = RefusedFile("y", "reason", "detail")
    cut = in_memory_batches([large, large, large, *[refusal] * (CELLS_PER_JOB + 1)])
    assert [len(batch) for batch in cut] == [2, CELLS_PER_JOB, 2]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\images\\cell.jpg", "cell.jpg"),
        ("a\x00b\n.jpg", "a\ufffdb\ufffd.jpg"),
        ("9.41.00\u202fAM\u00a0\u3000.png", "9.41.00\u202fAM\u00a0\u3000.png"),
        ("a\u202e\u200b\u2028\u2029\ud800b", "a\ufffd\ufffd\ufffd\ufffd\ufffdb"),
        ("", "unnamed"),
        ("é" * 300, "é" * 255),
    ],
)
def test_names_are_shown_without_paths_and_control_characters(sent, shown):
    assert shown_name(sent) == shown


def test_the_same_pixels_twice_are_one_cell(container):
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase("A-1", "P-1"), NOW)
    again = cell_png(1) + b""
    files = [file("one.png", cell_png(1)), file("copy.png", again), file("two.png", cell_png(2))]
    found = take_in(files, container.limits, container.blobs, container.threads)
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        upload = register(transaction, case.id, found, digest, NOW)
    assert upload.accepted_count == 2
    assert upload.duplicates == ("copy.png",)
    with container.transactions() as transaction:
        second = register(transaction, case.id, found, digest, NOW)
        cells = transaction.cells.of_case(case.id)
    assert second.accepted_count == 0
    assert set(second.duplicates) == {"one.png", "copy.png", "two.png"}
    assert [(cell.ordinal, cell.file_name) for cell in cells] == [(1, "one.png"), (2, "two.png")]


def jobs_of(container):
    return container.queue_client.list_workflows()


def test_rows_and_jobs_are_written_together_or_not_at_all(container):
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase("A-1", "P-1"), NOW)
    files = [file(f"{seed}.png", cell_png(seed)) for seed in range(3)]
    found = take_in(files, container.limits, container.blobs, container.threads)
    digest = container.bundle.manifest.digest
    with pytest.raises(RuntimeError), container.transactions() as transaction:
        register(transaction, case.id, found, digest, NOW)
        raise RuntimeError("the process died before the commit")
    with container.transactions() as transaction:
        assert transaction.cells.of_case(case.id) == []
    assert jobs_of(container) == []
    with container.transactions() as transaction:
        register(transaction, case.id, found, digest, NOW)
    assert len(jobs_of(container)) == 1


def test_a_large_delivery_becomes_several_jobs(container):
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase("A-1", "P-1"), NOW)
    files = [file(f"{seed}.png", cell_png(seed)) for seed in range(CELLS_PER_JOB + 1)]
    found = take_in(files, container.limits, container.blobs, container.threads)
    with container.transactions() as transaction:
        register(transaction, case.id, found, container.bundle.manifest.digest, NOW)
    assert len(jobs_of(container)) == 2


def test_a_store_that_is_away_stops_the_whole_request(threads):
    class Away:
        def put(self, name, content):
            raise StorageUnavailable("away")

    with pytest.raises(StorageUnavailable):
        delivery(Away(), threads, ("a.png", cell_png()))


@pytest.mark.parametrize("stage", ["locate", "encode_png"])
def test_a_file_that_breaks_a_stage_is_refused_alone(blobs, threads, monkeypatch, stage):
    real = getattr(intake, stage)

    def break_on_the_large(rgb):
        if rgb.shape[0] == 64:
            raise MemoryError("Unable to allocate 112 GiB")
        return real(rgb)

    monkeypatch.setattr(intake, stage, break_on_the_large)
    large = encoded(np.full((64, 64, 3), 200, np.uint8))
    with capture_logs() as lines:
        found = delivery(blobs, threads, ("Ann Example.png", large), ("a.png", cell_png()))
    assert [item.file_name for item in found.examined] == ["a.png"]
    assert [(item.file, item.reason) for item in found.refused] == [
        ("Ann Example.png", "unreadable")
    ]
    assert len(lines) == 1
    assert "Ann" not in str(lines)


def test_an_unknown_case_gets_no_rows(container):
    found = take_in(
        [file("a.png", cell_png())], container.limits, container.blobs, container.threads
    )
    with (
        pytest.raises(Exception, match=r"(?i)foreign key"),
        container.transactions() as transaction,
    ):
        register(transaction, uuid7(), found, container.bundle.manifest.digest, NOW)


def test_two_uploads_to_one_case_at_once_number_each_image_once(container):
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase("A-1", "P-1"), NOW)
    sets = [range(6), range(3, 9)] * 3
    start = threading.Barrier(len(sets))

    def upload(seeds):
        files = [file(f"{seed}.png", cell_png(seed)) for seed in seeds]
        found = take_in(files, container.limits, container.blobs, container.threads)
        start.wait(timeout=60)
        with container.transactions() as transaction:
            digest = container.bundle.manifest.digest
            return register(transaction, case.id, found, digest, NOW).accepted_count

    with ThreadPoolExecutor(len(sets)) as pool:
        accepted = list(pool.map(upload, sets))
    with container.transactions() as transaction:
        cells = transaction.cells.of_case(case.id)
    assert sum(accepted) == len(cells) == 9
    assert [cell.ordinal for cell in cells] == list(range(1, 10))


def test_the_first_cases_of_one_patient_may_be_opened_at_once(container):
    start = threading.Barrier(6)

    def open_case(index):
        start.wait(timeout=60)
        with container.transactions() as transaction:
            return transaction.cases.add(NewCase(f"A-{index}", "P-1", "Ann Example"), NOW)

    with ThreadPoolExecutor(6) as pool:
        cases = list(pool.map(open_case, range(6)))
    assert len({case.patient.id for case in cases}) == 1
    assert len({case.id for case in cases}) == 6
