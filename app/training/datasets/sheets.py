"""Contact sheets: a sample of the cells of a label, to be looked at."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.domain.errors import DatasetRefused
from app.training.datasets.check import Pair
from app.training.datasets.rows import LABEL_COLUMNS
from app.training.datasets.sample import Sample, read_crop

_TILE_PX = 128
_GAP_PX = 6
_CAPTION_PX = 14
_TITLE_PX = 30
_COLUMNS = 10
_CAPTION_LETTERS = 16
_CELLS = 80
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


@dataclass(frozen=True)
class Sheet:
    """What one contact sheet shows.

    Parameters
    ----------
    name
        Of the file, without its suffix.
    """

    name: str
    title: str
    samples: tuple[Sample, ...]


def plan_sheets(samples: Sequence[Sample], seed: int) -> Iterator[Sheet]:
    """Yield a sheet of positives for each label and one for each type of cell that is named."""
    for index, label in enumerate(LABEL_COLUMNS):
        found = [s for s in samples if s.labels.array()[index] == 1]
        yield from _sheet(f"label-{label}", label, found, seed)
    for cell_type in sorted({s.cell_type for s in samples if s.cell_type}):
        found = [s for s in samples if s.cell_type == cell_type]
        name = "".join(c if c.isalnum() else "-" for c in cell_type)
        yield from _sheet(f"type-{name}", cell_type, found, seed)


def pair_sheet(pairs: Sequence[Pair]) -> Iterator[Sheet]:
    """Yield a sheet of the pairs that are most alike, side by side."""
    if pairs:
        shown = [s for pair in pairs[: _CELLS // 2] for s in (pair.first, pair.second)]
        title = f"{len(pairs)} pairs that seem to show one cell, side by side"
        yield Sheet("near-duplicates", title, tuple(shown))


def _sheet(name: str, title: str, found: list[Sample], seed: int) -> Iterator[Sheet]:
    if not found:
        return
    chance = np.random.default_rng([seed, *name.encode()])
    places = sorted(chance.permutation(len(found))[:_CELLS])
    shown = tuple(found[place] for place in places)
    yield Sheet(name, f"{title}: {len(shown)} of {len(found)} cells", shown)


def write_sheet(sheet: Sheet, folder: Path) -> Path:
    """Draw a sheet as a PNG; an image that cannot be read leaves a grey place."""
    columns = min(_COLUMNS, len(sheet.samples))
    rows = math.ceil(len(sheet.samples) / columns)
    across, down = _TILE_PX + _GAP_PX, _TILE_PX + _CAPTION_PX + _GAP_PX
    size = (max(columns * across, 4 * across) + _GAP_PX, _TITLE_PX + rows * down + _GAP_PX)
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP_PX, 6), sheet.title, _INK, ImageFont.load_default(16))
    for number, sample in enumerate(sheet.samples):
        row, column = divmod(number, columns)
        place = (_GAP_PX + column * across, _TITLE_PX + row * down)
        picture.paste(_tile(sample), place)
        draw.text(
            (place[0], place[1] + _TILE_PX), _caption(sample), _INK, ImageFont.load_default(10)
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{sheet.name}.png"
    picture.save(target)
    return target


def _tile(sample: Sample) -> Image.Image:
    try:
        crop = Image.fromarray(read_crop(sample))
    except DatasetRefused:
        return Image.new("RGB", (_TILE_PX, _TILE_PX), (190, 190, 190))
    return ImageOps.pad(crop, (_TILE_PX, _TILE_PX), color=_PAPER)


def _caption(sample: Sample) -> str:
    """The file's name with the split, so that a cell can be found again."""
    return f"{sample.path.stem[-_CAPTION_LETTERS:]} {sample.split or ''}"


def write_pairs(pairs: Iterable[Pair], folder: Path) -> Path:
    """List the pairs as `near-duplicates.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "near-duplicates.csv"
    lines = ["first,second,first_split,second_split,likeness,same_pixels"]
    lines += [
        f'"{p.first.path}","{p.second.path}",{p.first.split or ""},{p.second.split or ""},'
        f"{p.correlation:.3f},{int(p.is_copy)}"
        for p in pairs
    ]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target
