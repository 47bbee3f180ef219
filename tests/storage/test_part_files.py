import os
from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from app.domain.errors import Locked, NotFound, StorageUnavailable
from app.storage.part_files import LocalPartFiles


@pytest.fixture
def parts(tmp_path):
    return LocalPartFiles(tmp_path / "uploads")


def begun(parts, content=b""):
    part_id = uuid7()
    parts.create(part_id)
    with parts.appending(part_id) as writer:
        writer.start_at(0)
        writer.write(content)
        assert writer.keep() == len(content)
    return part_id


def read(parts, part_id):
    with parts.reading(part_id) as file:
        return file.read()


def test_goes_on_where_it_stopped(parts):
    part_id = begun(parts, b"abc")
    with parts.appending(part_id) as writer:
        writer.start_at(3)
        writer.write(b"def")
        assert writer.keep() == 6
    assert read(parts, part_id) == b"abcdef"
    assert parts.size_bytes(part_id) == 6


def test_bytes_that_a_killed_process_never_noted_are_cut_off(parts):
    part_id = begun(parts, b"abcXYZ")
    with parts.appending(part_id) as writer:
        writer.start_at(3)
        writer.write(b"d")
        writer.keep()
    assert read(parts, part_id) == b"abcd"


def test_less_than_was_noted_is_not_there(parts):
    part_id = begun(parts, b"abc")
    with parts.appending(part_id) as writer, pytest.raises(NotFound):
        writer.start_at(4)
    assert read(parts, part_id) == b"abc"


def test_one_at_a_time_holds_a_file(parts):
    part_id = begun(parts, b"abc")
    with parts.appending(part_id), pytest.raises(Locked), parts.appending(part_id):
        pass
    with parts.reading(part_id), pytest.raises(Locked), parts.appending(part_id):
        pass
    assert read(parts, part_id) == b"abc"


def test_what_is_not_here_is_said(parts):
    assert parts.size_bytes(uuid7()) is None
    with pytest.raises(NotFound), parts.appending(uuid7()):
        pass
    parts.remove(uuid7())


def test_a_disk_that_takes_nothing_is_unavailable(tmp_path):
    (tmp_path / "uploads").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable):
        LocalPartFiles(tmp_path / "uploads").create(uuid7())


def test_finds_what_nobody_has_written_to(parts, tmp_path):
    assert parts.older_than(datetime.now(UTC)) == set()
    old, new = begun(parts, b"a"), begun(parts, b"b")
    long_ago = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    os.utime(tmp_path / "uploads" / str(old), (long_ago, long_ago))
    assert parts.older_than(datetime.now(UTC) - timedelta(hours=24)) == {old}
    parts.remove(old)
    assert parts.size_bytes(old) is None
    assert parts.size_bytes(new) == 1
