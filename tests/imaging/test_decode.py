"""Decoding: what is read, what is refused and by which reason, and that nothing else happens."""

import contextlib
import io
import random
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from app.domain.errors import ImageRefused
from app.imaging.decode import (
    DecodedImage,
    ImageLimits,
    decode,
    encode_jpeg_thumbnail,
    encode_png,
    pixel_sha256,
)
from tests.images import encoded, png_header

LIMITS = ImageLimits()
NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
# A gradient: JPEG keeps it nearly as it is.
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[60:220:40j, 30:230:50j], 128), -1).astype(np.uint8)
VALID = {
    "jpeg": encoded(SMOOTH, "JPEG", quality=95),
    "progressive": encoded(NOISE, "JPEG", progressive=True),
    "png": encoded(NOISE, "PNG"),
    "tiff": encoded(NOISE, "TIFF"),
    "tiff_lzw": encoded(NOISE, "TIFF", compression="tiff_lzw"),
    "bmp": encoded(NOISE, "BMP"),
}


def reason(content: bytes, limits: ImageLimits = LIMITS) -> str:
    with pytest.raises(ImageRefused) as caught:
        decode(content, limits)
    assert caught.value.detail.endswith("."), "the detail is a sentence"
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("png", "image/png"),
        ("tiff", "image/tiff"),
        ("tiff_lzw", "image/tiff"),
        ("bmp", "image/bmp"),
    ],
)
def test_lossless_formats_give_the_pixels(kind: str, media_type: str) -> None:
    image = decode(VALID[kind], LIMITS)
    assert image.media_type == media_type
    assert image.rgb.dtype == np.uint8
    np.testing.assert_array_equal(image.rgb, NOISE)


@pytest.mark.parametrize("kind", ["jpeg", "progressive"])
def test_jpeg_gives_what_pillow_gives(kind: str) -> None:
    image = decode(VALID[kind], LIMITS)
    assert image.media_type == "image/jpeg"
    np.testing.assert_array_equal(image.rgb, np.array(Image.open(io.BytesIO(VALID[kind]))))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(SMOOTH, kind, exif=exif)
    opened = Image.open(io.BytesIO(content))
    opened.load()
    expected = np.array(ImageOps.exif_transpose(opened))
    rgb = decode(content, LIMITS).rgb
    np.testing.assert_array_equal(rgb, expected)
    assert rgb.shape[:2] == ((50, 40) if orientation >= 5 else (40, 50))


@pytest.mark.parametrize("kind", list(VALID))
def test_every_truncation_is_refused(kind: str) -> None:
    content = VALID[kind]
    # The last bytes of a PNG are a checksum of nothing, of a BMP padding: the pixels are whole.
    spared = {"png": 4, "bmp": 2}.get(kind, 0)
    chance = random.Random(0)
    lengths = chance.sample(range(1, len(content) - spared), 150)
    lengths += [len(content) - spared - 1, len(content) // 2]
    for length in lengths:
        assert reason(content[:length]) in {"truncated", "not_an_image"}, length


def test_jpeg_without_its_end_is_truncated() -> None:
    assert reason(VALID["jpeg"][:-2]) == "truncated"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty_file"),
        (b"patient,age\n1,71\n", "not_an_image"),
        (b"\xff\xd8\xff\xe0 but no more", "not_an_image"),
        (b"GIF89a" + bytes(40), "unsupported_format"),
        (encoded(NOISE, "WEBP"), "unsupported_format"),
        (bytes(128) + b"DICM" + bytes(40), "unsupported_format"),
        (b"%PDF-1.7\n", "unsupported_format"),
        (png_header(50_000, 50_000), "too_many_pixels"),
        (png_header(9_000, 9_000), "too_many_pixels"),
        (encoded(NOISE[:15]), "too_small"),
        (png_header(16, 200_000), "odd_shape"),
        (png_header(201, 20), "odd_shape"),
        (encoded(NOISE[..., 0], "PNG"), "colour_mode"),
        (encoded(NOISE[..., 0], "JPEG"), "colour_mode"),
        (encoded(NOISE[..., 0].astype(np.uint16), "PNG"), "colour_mode"),
    ],
)
def test_refusals(content: bytes, expected: str) -> None:
    assert reason(content) == expected


def test_bytes_are_limited() -> None:
    assert reason(VALID["png"], ImageLimits(max_bytes=100)) == "too_many_bytes"


def test_ten_times_as_long_as_wide_is_still_taken() -> None:
    assert decode(encoded(np.tile(NOISE[:20, :20], (10, 1, 1))), LIMITS).rgb.shape == (200, 20, 3)


def test_unsupported_format_is_named() -> None:
    with pytest.raises(ImageRefused, match="GIF"):
        decode(encoded(NOISE, "GIF"), LIMITS)


def test_sixteen_bits_per_channel_are_refused_not_cut() -> None:
    content = bytearray(png_header(20, 20))
    content[24] = 16
    content[29:33] = _crc(bytes(content[12:29]))
    assert reason(bytes(content)) == "colour_mode"


def test_printing_colours_are_refused() -> None:
    stream = io.BytesIO()
    Image.fromarray(NOISE).convert("CMYK").save(stream, "JPEG")
    assert reason(stream.getvalue()) == "colour_mode"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_several_images_are_refused(kind: str) -> None:
    first, second = Image.fromarray(NOISE), Image.fromarray(SMOOTH)
    stream = io.BytesIO()
    first.save(stream, kind, save_all=True, append_images=[second])
    assert reason(stream.getvalue()) == "several_images"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_opaque_alpha_is_dropped_and_any_other_refused(kind: str) -> None:
    opaque = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    np.testing.assert_array_equal(decode(encoded(opaque, kind), LIMITS).rgb, NOISE)
    opaque[3, 4, 3] = 254
    assert reason(encoded(opaque, kind)) == "transparency"


def test_a_transparent_colour_is_transparency_only_where_it_occurs() -> None:
    there = tuple(int(value) for value in NOISE[0, 0])
    assert reason(encoded(NOISE, transparency=there)) == "transparency"
    absent = decode(encoded(SMOOTH, transparency=(1, 2, 3)), LIMITS)
    np.testing.assert_array_equal(absent.rgb, SMOOTH)


def test_palette_is_converted() -> None:
    palette = Image.fromarray(SMOOTH).quantize(16)
    stream = io.BytesIO()
    palette.save(stream, "PNG")
    np.testing.assert_array_equal(
        decode(stream.getvalue(), LIMITS).rgb, np.array(palette.convert("RGB"))
    )


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(VALID)),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 255), st.booleans()), min_size=1, max_size=12
    ),
    cut=st.floats(0.2, 1),
)
def test_damaged_files_give_an_image_or_a_refusal(
    kind: str, changes: list[tuple[float, int, bool]], cut: float
) -> None:
    content = bytearray(VALID[kind])
    for place, value, in_head in changes:
        span = min(200, len(content)) if in_head else len(content)
        content[min(int(place * span), len(content) - 1)] = value
    try:
        image = decode(bytes(content[: max(1, int(cut * len(content)))]), LIMITS)
    except ImageRefused:
        return
    assert isinstance(image, DecodedImage)
    assert image.rgb.dtype == np.uint8
    assert image.rgb.shape[2] == 3


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"BM", b"II*\x00"]))
def test_any_bytes_give_an_image_or_a_refusal(tail: bytes, magic: bytes) -> None:
    with contextlib.suppress(ImageRefused):
        decode(magic + tail, LIMITS)


def test_digest_is_over_shape_and_pixels() -> None:
    flat = np.zeros((4, 16, 3), np.uint8)
    assert pixel_sha256(flat) != pixel_sha256(flat.reshape(8, 8, 3))
    assert pixel_sha256(NOISE) == pixel_sha256(np.ascontiguousarray(NOISE[:, ::-1])[:, ::-1])
    changed = NOISE.copy()
    changed[20, 20, 1] ^= 1
    assert pixel_sha256(changed) != pixel_sha256(NOISE)


def test_png_keeps_the_pixels_and_nothing_else() -> None:
    content = encode_png(NOISE)
    np.testing.assert_array_equal(decode(content, LIMITS).rgb, NOISE)
    opened = Image.open(io.BytesIO(content))
    opened.load()
    assert opened.info == {}
    assert b"tEXt" not in content


def test_thumbnail_is_small_upright_and_in_colour() -> None:
    red = np.zeros((200, 100, 3), np.uint8)
    red[..., 0] = 200
    small = decode(encode_jpeg_thumbnail(red, 64), LIMITS).rgb
    assert small.shape == (64, 32, 3)
    assert small[..., 0].mean() > 190
    assert small[..., 2].mean() < 10
    assert decode(encode_jpeg_thumbnail(NOISE, 64), LIMITS).rgb.shape == NOISE.shape


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")
