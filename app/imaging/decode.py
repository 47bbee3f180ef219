"""From the bytes that were sent to upright RGB pixels, or a refusal that says why.

Pillow is the gate: the format is chosen by content among four, the size is read from the header
before a pixel is decoded, and a file is decoded to its end. OpenCV only takes over the decoding
of plain JPEGs that have passed, where it gives the same pixels in less than half the time.
"""

import hashlib
import io
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.errors import ImageRefused
from app.domain.message import message

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "PNG", "image/png"),
    (b"II*\x00", "TIFF", "image/tiff"),
    (b"MM\x00*", "TIFF", "image/tiff"),
    (b"II+\x00", "TIFF", "image/tiff"),
    (b"MM\x00+", "TIFF", "image/tiff"),
    (b"BM", "BMP", "image/bmp"),
)
# (offset, bytes, name): known well enough to tell the sender what was sent.
_UNSUPPORTED = (
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyp", "HEIC or video"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (128, b"DICM", "DICOM"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"<svg", "SVG"),
)
_GREYSCALE_MODES = {"1", "L", "LA", "La"}
_DEEP_MODES = {"I", "F"}
_COLOUR_MODES = {"RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "YCbCr"}
_ORIENTATION_TAG = 0x0112
_TIFF_BITS_PER_SAMPLE = 258
_PNG_BIT_DEPTH_OFFSET = 24
_DEEPEST_CHANNEL_BITS = 8
# A fifth more bytes than 85: what is looked for is small, and pink on pink.
_THUMBNAIL_QUALITY = 92


@dataclass(frozen=True)
class ImageLimits:
    """How large, and how small, one image may be.

    The defaults take a whole field of view of a 24-megapixel camera, and refuse a thumbnail.
    """

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 32_000_000
    min_side_px: int = 16
    max_side_ratio: int = 10


@dataclass(frozen=True)
class DecodedImage:
    """Upright pixels.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order; the EXIF orientation is applied.
    media_type
        Of the bytes as they were sent, by content.
    """

    rgb: NDArray[np.uint8]
    media_type: str


def decode(content: bytes, limits: ImageLimits) -> DecodedImage:
    """Decode one colour image completely, or refuse it.

    Raises
    ------
    ImageRefused
        With the reason ``empty_file``, ``too_many_bytes``, ``not_an_image``,
        ``unsupported_format``, ``too_small``, ``odd_shape``, ``too_many_pixels``,
        ``several_images``, ``colour_mode``, ``transparency`` or ``truncated``. Nothing else is
        raised, whatever the bytes.
    """
    _check_bytes(content, limits)
    pillow_format, media_type = _recognise(content)
    try:
        rgb = _decode_as(content, pillow_format, limits)
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(limits) from error
    # Hostile bytes make the decoders raise nearly every built-in exception.
    except Exception as error:
        raise _damaged() from error
    return DecodedImage(rgb, media_type)


def pixel_sha256(rgb: NDArray[np.uint8]) -> str:
    """Return the hexadecimal digest over shape and pixels of an image (height, width, 3)."""
    height, width = rgb.shape[:2]
    # The shape is hashed too: 2 x 8 and 4 x 4 images of one colour are different images.
    digest = hashlib.sha256(f"{height} {width} ".encode())
    digest.update(np.ascontiguousarray(rgb).data)
    return digest.hexdigest()


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """Encode (height, width, 3) RGB pixels without loss and without any metadata."""
    return _encode(".png", rgb, [])


def encode_jpeg_thumbnail(rgb: NDArray[np.uint8], size_px: int) -> bytes:
    """Encode an image as a JPEG whose longer side is at most `size_px`; never for measuring."""
    height, width = rgb.shape[:2]
    scale = min(1.0, size_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return _encode(
        ".jpg", np.asarray(small, np.uint8), [cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY]
    )


def _encode(suffix: str, rgb: NDArray[np.uint8], options: list[int]) -> bytes:
    done, encoded = cv2.imencode(suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"cannot encode an image of shape {rgb.shape} as {suffix}")
    return encoded.tobytes()


def _check_bytes(content: bytes, limits: ImageLimits) -> None:
    if not content:
        raise ImageRefused("empty_file", message("The file is empty. Send it again."))
    if len(content) > limits.max_bytes:
        raise ImageRefused(
            "too_many_bytes",
            message(
                "The file has {size:,} bytes; at most {most:,} are accepted. "
                "Crop the image to the cell, or save it with compression.",
                size=len(content),
                most=limits.max_bytes,
            ),
        )


def _recognise(content: bytes) -> tuple[str, str]:
    for magic, pillow_format, media_type in _MAGIC:
        if content.startswith(magic):
            return pillow_format, media_type
    for offset, magic, name in _UNSUPPORTED:
        if content[offset : offset + len(magic)] == magic:
            detail = message(
                "This is a {format} file, which is not accepted. "
                "Save it as JPEG, PNG, TIFF or BMP and send it again.",
                format=name,
            )
            raise ImageRefused("unsupported_format", detail)
    detail = message("The file is not an image that can be read. Send JPEG, PNG, TIFF or BMP.")
    raise ImageRefused("not_an_image", detail)


def _decode_as(content: bytes, pillow_format: str, limits: ImageLimits) -> NDArray[np.uint8]:
    with _open(content, pillow_format) as image:
        _check_size(image, limits)
        _check_single(image)
        _check_colour(image, content)
        if image.format in {"JPEG", "MPO"}:
            fast = _fast_jpeg(image, content)
            if fast is not None:
                return fast
        if image.format == "PNG" and b"IEND" not in content:
            raise _truncated()
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise _truncated() from error
        return _upright_rgb(image)


def _open(content: bytes, pillow_format: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=(pillow_format,))
    except UnidentifiedImageError as error:
        raise _damaged() from error


def _check_size(image: Image.Image, limits: ImageLimits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(limits)
    if min(width, height) < limits.min_side_px:
        raise ImageRefused(
            "too_small",
            message(
                "The image has {width} x {height} pixels; each side needs at least {least}. "
                "Send the original instead of a thumbnail.",
                width=width,
                height=height,
                least=limits.min_side_px,
            ),
        )
    if max(width, height) > limits.max_side_ratio * min(width, height):
        raise ImageRefused(
            "odd_shape",
            message(
                "The image has {width} x {height} pixels: one side is more than {most} times "
                "the other. Crop it to the cell.",
                width=width,
                height=height,
                most=limits.max_side_ratio,
            ),
        )


def _check_single(image: Image.Image) -> None:
    # The later pictures of an MPO are previews or depth maps of its first one.
    if image.format not in {"PNG", "TIFF"}:
        return
    try:
        # Seeking, not counting: counting walks every page of a hostile TIFF.
        image.seek(1)
    except EOFError:
        image.seek(0)
        return
    detail = message("The file holds several images. Send each as a file of its own.")
    raise ImageRefused("several_images", detail)


def _check_colour(image: Image.Image, content: bytes) -> None:
    if image.mode in _GREYSCALE_MODES:
        found = message("The image is greyscale; a stain is read by its colours.")
    elif image.mode == "CMYK":
        found = message("The image has printing colours (CMYK).")
    elif _is_deep(image, content):
        found = message("The image has more than 8 bits per channel.")
    elif image.mode not in _COLOUR_MODES:
        found = message(
            "The image has a colour mode ({mode}) that is not accepted.", mode=image.mode
        )
    else:
        return
    advice = message("{found} Save it as RGB with 8 bits per channel.", found=found)
    raise ImageRefused("colour_mode", advice)


def _is_deep(image: Image.Image, content: bytes) -> bool:
    """Tell whether a channel has more than 8 bits, which Pillow would drop without a word."""
    if image.mode in _DEEP_MODES or image.mode.startswith("I;"):
        return True
    if image.format == "PNG":
        return content[_PNG_BIT_DEPTH_OFFSET] > _DEEPEST_CHANNEL_BITS
    if image.format == "TIFF":
        bits = dict(getattr(image, "tag_v2", {})).get(_TIFF_BITS_PER_SAMPLE, (8,))
        deepest: int = max(bits if isinstance(bits, tuple) else (bits,))
        return deepest > _DEEPEST_CHANNEL_BITS
    return False


def _fast_jpeg(image: Image.Image, content: bytes) -> NDArray[np.uint8] | None:
    """Decode a plain upright JPEG by OpenCV; None leaves it, and any refusal, to Pillow."""
    # OpenCV before 5 fills the rest of a truncated JPEG with grey: no end marker, no fast way.
    is_whole = content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda")
    is_upright = image.getexif().get(_ORIENTATION_TAG, 1) == 1
    if not (is_whole and is_upright and image.mode == "RGB"):
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    rgb = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if rgb is None or rgb.shape != (image.height, image.width, 3):
        return None
    return np.asarray(rgb, np.uint8)


def _upright_rgb(image: Image.Image) -> NDArray[np.uint8]:
    upright = ImageOps.exif_transpose(image)
    if "A" in upright.mode or "a" in upright.mode or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        if upright.getchannel("A").getextrema() != (255, 255):
            detail = message("Parts of the image are transparent. Save it without transparency.")
            raise ImageRefused("transparency", detail)
    return np.array(upright.convert("RGB"))


def _too_many_pixels(limits: ImageLimits) -> ImageRefused:
    detail = message(
        "The image has more than {most:,} pixels. Crop it to the cell or the field of view.",
        most=limits.max_pixels,
    )
    return ImageRefused("too_many_pixels", detail)


def _truncated() -> ImageRefused:
    detail = message("The file ends early or is damaged inside. Copy it again from its source.")
    return ImageRefused("truncated", detail)


def _damaged() -> ImageRefused:
    detail = message(
        "The file begins like an image, but cannot be read as one. Copy it again from its source."
    )
    return ImageRefused("not_an_image", detail)
