"""One cell: where it lies in its image, and how good the picture of it is."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.domain.message import message


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the oriented image; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top


class Framing(StrEnum):
    """How the leukocyte lies in its image."""

    TIGHT = "tight"
    """The image is already cut to the cell; it passes unchanged."""
    FRAMED = "framed"
    """One leukocyte with surroundings; the crop is its box with the training margin."""
    NONE = "none"
    """No leukocyte was found; the crop is the whole image."""
    SEVERAL = "several"
    """Two or more leukocytes; the crop is the one nearest to the centre."""


@dataclass(frozen=True)
class Location:
    """The part of the image that the classifier reads."""

    framing: Framing
    crop: Box


class QualityFlag(StrEnum):
    """A reason why a picture is too poor to be counted."""

    BLURRED = "blurred"
    OVEREXPOSED = "overexposed"
    UNDEREXPOSED = "underexposed"
    TOO_SMALL = "too_small"
    CUT_OFF = "cut_off"
    STAIN_OUT_OF_RANGE = "stain_out_of_range"
    NO_LEUKOCYTE = "no_leukocyte"
    SEVERAL_LEUKOCYTES = "several_leukocytes"

    @property
    def wording(self) -> str:
        """The flag in words."""
        return _FLAG_TITLES[self]


_FLAG_TITLES = {
    QualityFlag.BLURRED: message("Blurred"),
    QualityFlag.OVEREXPOSED: message("Overexposed"),
    QualityFlag.UNDEREXPOSED: message("Underexposed"),
    QualityFlag.TOO_SMALL: message("Too small"),
    QualityFlag.CUT_OFF: message("Cut off"),
    QualityFlag.STAIN_OUT_OF_RANGE: message("Stain out of range"),
    QualityFlag.NO_LEUKOCYTE: message("No leukocyte"),
    QualityFlag.SEVERAL_LEUKOCYTES: message("Several leukocytes"),
}


@dataclass(frozen=True)
class Quality:
    """The verdict on one picture: its flags (none: good enough) and the numbers behind them.

    `measures` maps a name that carries its unit or kind to a number
    (for example ``sharpness``, ``mean_brightness``, ``crop_width_px``).
    """

    flags: tuple[QualityFlag, ...] = ()
    measures: dict[str, float] = field(default_factory=dict)

    @property
    def acceptable(self) -> bool:
        """Whether the cell may be counted."""
        return not self.flags


@dataclass(frozen=True)
class Cell:
    """One stored cell image of a case.

    Parameters
    ----------
    ordinal
        1, 2, ... in the order of acceptance within the case.
    file_name
        As the sender named it; shown to people, never used as a path.
    content_sha256
        Hexadecimal digest of the bytes that were sent.
    pixel_sha256
        Hexadecimal digest of the oriented RGB pixels; the identity of the image in its case
        and its name in the object store.
    width_px, height_px
        Of the oriented image.
    """

    id: UUID
    case_id: UUID
    upload_id: UUID
    ordinal: int
    file_name: str
    content_sha256: str
    pixel_sha256: str
    width_px: int
    height_px: int
    location: Location
    quality: Quality
