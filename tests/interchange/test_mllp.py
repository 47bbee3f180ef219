"""Frames, however the bytes of them arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interchange.mllp import FrameReader, FrameRefused, framed

CONTENTS = st.binary(min_size=1, max_size=30).map(
    lambda content: content.replace(b"\x0b", b"v").replace(b"\x1c", b"f")
)


@given(st.lists(CONTENTS, max_size=6), st.integers(1, 40), st.sampled_from([b"", b"\r", b"\r\n"]))
def test_messages_are_found_however_they_are_cut_and_merged(contents, size, between):
    stream = b"".join(framed(content) + between for content in contents)
    reader = FrameReader(max_bytes=100)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [found for piece in pieces for found in reader.feed(piece)] == contents
    assert not reader.is_open


@pytest.mark.parametrize("ending", [b"\x1c", b"\x1c\n", b"\x1c\r\n"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_frame_ends_also_where_its_carriage_return_is_missing(ending, size):
    stream = b"".join(b"\x0b" + content + ending for content in (b"first", b"second"))
    reader = FrameReader(max_bytes=100)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [found for piece in pieces for found in reader.feed(piece)] == [b"first", b"second"]
    assert not reader.is_open


def test_what_stands_behind_the_end_within_a_message_is_not_cut_off():
    # As a whole it is refused: FS stands in no message.
    assert list(FrameReader(100).feed(framed(b"half\x1chalf"))) == [b"half\x1chalf"]


def test_a_frame_that_begins_anew_takes_the_place_of_the_broken_one():
    reader = FrameReader(max_bytes=100)
    assert list(reader.feed(b"\x0bMSH|broken")) == []
    assert reader.is_open
    assert list(reader.feed(framed(b"MSH|whole"))) == [b"MSH|whole"]
    assert list(reader.feed(b"\x0bMSH|bro" + framed(b"1") + framed(b"2"))) == [b"1", b"2"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_message_that_is_too_long_is_refused_with_its_beginning(size):
    reader = FrameReader(max_bytes=50)
    stream = framed(b"first") + framed(b"MSH|" + b"x" * 100)
    found = []
    with pytest.raises(FrameRefused, match="longer than 50 bytes") as refused:
        for start in range(0, len(stream), size):
            found.extend(reader.feed(stream[start : start + size]))
    assert found == [b"first"]
    assert refused.value.begin.startswith(b"MSH|xxx")
    assert list(FrameReader(max_bytes=50).feed(framed(b"y" * 50))) == [b"y" * 50]


def test_another_protocol_is_refused_and_line_ends_between_frames_are_not():
    reader = FrameReader(max_bytes=100)
    assert list(reader.feed(b"\r\n" * 500 + framed(b"1") + b"\r\n")) == [b"1"]
    with pytest.raises(FrameRefused, match="outside of MLLP frames"):
        list(
            FrameReader(100).feed(
                b"GET / HTTP/1.1\r\nHost: somewhere\r\nUser-Agent: a browser\r\n\r\n"
            )
        )
