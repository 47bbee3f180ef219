"""Pictures of what each abnormality is: a laboratory's own, else drawings."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.domain.abnormality import Abnormality
from app.domain.errors import NotFound
from app.domain.message import message
from app.imaging.decode import encode_png
from app.imaging.synthetic import SyntheticCell, render_cell

NORMAL = "normal"
SUBJECTS = (*(label.value for label in Abnormality), NORMAL)
PICTURES_DRAWN = 3
SIZE_PX = 192
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
# Drawn cells that show the sign as a textbook would; chosen by eye.
_SEEDS = (3, 11, 27)
_LOBES = (3, 2, 4)


@dataclass(frozen=True)
class Picture:
    """The bytes of an image file."""

    content: bytes
    media_type: str


def own_pictures(folder: Path | None, subject: str) -> tuple[Path, ...]:
    """A laboratory's pictures of an abnormality (or `normal`), by name; empty without any."""
    if folder is None or subject not in SUBJECTS or not (folder / subject).is_dir():
        return ()
    return tuple(
        path for path in sorted((folder / subject).iterdir()) if path.suffix.lower() in _MEDIA_TYPES
    )


def reference_picture(folder: Path | None, subject: str, number: int) -> Picture:
    """One picture of an abnormality, counted from 0; raises `NotFound`."""
    own = own_pictures(folder, subject)
    if subject not in SUBJECTS or not 0 <= number < (len(own) or PICTURES_DRAWN):
        raise NotFound(message("There is no such reference picture."))
    if own:
        path = own[number]
        return Picture(path.read_bytes(), _MEDIA_TYPES[path.suffix.lower()])
    return Picture(_drawn(subject, number), "image/png")


@lru_cache
def _drawn(subject: str, number: int) -> bytes:
    shown = frozenset[Abnormality]() if subject == NORMAL else frozenset({Abnormality(subject)})
    lobes = None if Abnormality.PSEUDO_PELGER in shown else _LOBES[number]
    return encode_png(render_cell(SyntheticCell(shown, _SEEDS[number], lobes=lobes), SIZE_PX))
