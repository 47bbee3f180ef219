"""Unpacking: what comes out, what is refused by name, and what refuses the whole archive."""

import contextlib
import io
import stat
import struct
import zipfile

import pytest

from app.domain.errors import ImageRefused, RefusedFile, TooLarge
from app.imaging.archive import ArchiveLimits, ArchiveMember, count_files, is_zip, unpack
from tests.images import zipped

LIMITS = ArchiveLimits()
NOISE = bytes(range(256)) * 4


def outcome(content: bytes, limits: ArchiveLimits = LIMITS) -> dict[str, str]:
    """Name to reason; "accepted" for members."""
    return {
        item.file: item.reason if isinstance(item, RefusedFile) else "accepted"
        for item in unpack("a.zip", content, limits)
    }


def test_members_come_in_order_with_their_bytes() -> None:
    content = zipped({"one.jpg": b"1" * 9, "folder/two.jpg": NOISE})
    assert list(unpack("a.zip", content, LIMITS)) == [
        ArchiveMember("a.zip/one.jpg", b"1" * 9),
        ArchiveMember("a.zip/folder/two.jpg", NOISE),
    ]


def test_an_open_file_is_read_as_well() -> None:
    stream = io.BytesIO(zipped({"one.jpg": NOISE}))
    assert [item.file for item in unpack("b.zip", stream, LIMITS)] == ["b.zip/one.jpg"]
    assert not stream.closed


@pytest.mark.parametrize(
    ("start", "expected"),
    [(b"PK\x03\x04rest", True), (b"PK\x05\x06", True), (b"PK", False), (b"\x89PNG", False)],
)
def test_is_zip(*, start: bytes, expected: bool) -> None:
    assert is_zip(start) is expected


def test_an_empty_archive_yields_nothing() -> None:
    assert outcome(zipped({})) == {}


@pytest.mark.parametrize(
    "name", ["../up.jpg", "a/../../up.jpg", "/etc/x.jpg", "C:\\x.jpg", "..\\up.jpg", "\\x.jpg"]
)
def test_unsafe_paths_are_refused_and_the_others_go_on(name: str) -> None:
    found = outcome(zipped({name: NOISE, "good.jpg": NOISE}))
    assert found.pop("a.zip/good.jpg") == "accepted"
    assert list(found.values()) == ["unsafe_path"]


def test_links_are_refused() -> None:
    info = zipfile.ZipInfo("link.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert outcome(stream.getvalue()) == {"a.zip/link.jpg": "unsafe_path"}


def test_what_systems_add_is_passed_over() -> None:
    names = ["__MACOSX/._x.jpg", "a/.DS_Store", "Thumbs.db", "a/._x.jpg", "folder/", "desktop.ini"]
    found = outcome(zipped(dict.fromkeys([*names, "x.jpg"], NOISE)))
    assert found == {"a.zip/x.jpg": "accepted"}


def test_archives_within_are_refused_by_name_and_by_content() -> None:
    inner = zipped({"x.jpg": NOISE})
    found = outcome(zipped({"x.tar.gz": NOISE, "cell.jpg": inner}))
    assert found == {"a.zip/x.tar.gz": "nested_archive", "a.zip/cell.jpg": "nested_archive"}


def test_encrypted_members_are_refused() -> None:
    content = bytearray(zipped({"secret.jpg": NOISE}))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert outcome(bytes(content)) == {"a.zip/secret.jpg": "encrypted_member"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_without_a_bound_are_refused(method: int) -> None:
    assert outcome(zipped({"x.bmp": NOISE}, method)) == {"a.zip/x.bmp": "unsupported_compression"}


def test_a_damaged_member_is_refused_alone() -> None:
    content = bytearray(zipped({"bad.jpg": NOISE, "good.jpg": b"fine"}, zipfile.ZIP_STORED))
    content[content.index(NOISE) + 5] ^= 1
    assert outcome(bytes(content)) == {
        "a.zip/bad.jpg": "damaged_member",
        "a.zip/good.jpg": "accepted",
    }


@pytest.mark.parametrize("length", [10, 40, 200])
def test_a_damaged_archive_is_refused(length: int) -> None:
    content = zipped({"x.jpg": NOISE})
    with pytest.raises(ImageRefused) as caught:
        list(unpack("a.zip", content[: len(content) - length], LIMITS))
    assert caught.value.reason == "damaged_archive"


def test_any_damaged_byte_is_survived() -> None:
    content = zipped({"x.jpg": NOISE, "folder/y.jpg": b"y"})
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        with contextlib.suppress(ImageRefused, TooLarge):
            list(unpack("a.zip", bytes(damaged), LIMITS))


def test_entries_are_counted() -> None:
    content = zipped({f"{number}.jpg": b"x" for number in range(11)})
    with pytest.raises(TooLarge, match="10 entries"):
        list(unpack("a.zip", content, ArchiveLimits(max_entries=10)))
    assert len(outcome(content, ArchiveLimits(max_entries=11))) == 11


def test_a_huge_directory_is_refused_before_it_is_parsed() -> None:
    content = bytearray(zipped({"x.jpg": b"x"}))
    struct.pack_into("<L", content, content.rindex(b"PK\x05\x06") + 12, 2**31)
    with pytest.raises(TooLarge):
        list(unpack("a.zip", bytes(content), LIMITS))


def test_a_member_is_limited_by_what_is_read() -> None:
    content = zipped({"large.jpg": NOISE, "small.jpg": b"x"}, zipfile.ZIP_STORED)
    found = outcome(content, ArchiveLimits(max_member_bytes=len(NOISE) - 1))
    assert found == {"a.zip/large.jpg": "too_many_bytes", "a.zip/small.jpg": "accepted"}


def test_all_members_together_are_limited() -> None:
    content = zipped({"x.jpg": NOISE, "y.jpg": NOISE})
    with pytest.raises(TooLarge):
        list(unpack("a.zip", content, ArchiveLimits(max_total_bytes=2 * len(NOISE) - 1)))


def test_a_bomb_is_refused_with_its_archive() -> None:
    with pytest.raises(TooLarge, match="beyond measure"):
        list(unpack("a.zip", zipped({"x.bmp": bytes(4 * 1024**2)}), LIMITS))


def test_a_bomb_is_refused_by_its_directory_before_a_member_is_read() -> None:
    content = zipped({"good.jpg": NOISE, "x.bmp": bytes(4 * 1024**2)})
    with pytest.raises(TooLarge, match="beyond measure"):
        next(unpack("a.zip", content, LIMITS))
    with pytest.raises(TooLarge, match="beyond measure"):
        count_files("a.zip", content, LIMITS)


def test_files_are_counted_as_they_are_yielded() -> None:
    content = zipped(dict.fromkeys(["x.jpg", "../y.jpg", "z.zip", "__MACOSX/x", "a/"], NOISE))
    assert count_files("a.zip", content, LIMITS) == len(outcome(content)) == 3


def test_a_bomb_that_hides_its_size_gives_nothing() -> None:
    bomb = bytearray(zipped({"x.bmp": bytes(4 * 1024**2)}))
    for start, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", bomb, bomb.index(start) + offset, 100)
    assert outcome(bytes(bomb)) == {"a.zip/x.bmp": "damaged_member"}


def test_names_in_any_encoding_are_shown_readable() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("Zelle-ä.jpg", b"x")
        archive.writestr("????.jpg", b"x")
    # As packers write it that use UTF-8 without saying so.
    content = stream.getvalue().replace(b"????.jpg", "äö.jpg".encode())
    assert set(outcome(content)) == {"a.zip/Zelle-ä.jpg", "a.zip/äö.jpg"}
    latin = zipped({"??.jpg": b"x"}).replace(b"??.jpg", b"\xe4\xf6.jpg")
    (name,) = outcome(latin)
    assert name.isprintable()


def test_control_characters_are_not_shown() -> None:
    (name,) = outcome(zipped({"a\nb\u202e.jpg": b"x"}))
    assert name == "a.zip/a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}.jpg"
