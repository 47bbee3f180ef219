"""Contact sheets of what `lesions` draws: for people who judge whether it convinces.

Each row is one cell: untouched, then every draw of the abnormality beside its decoy.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.training.datasets.sample import REAL, Sample, read_crop
from app.training.lesions import RGB, Edit, draw

_SIDE_PX = 150
"""Height and width of a cell before it is enlarged: what a usual crop measures."""
_TRIES = 20
"""How many times more cells than a sheet has rows are tried."""
_GAP_PX, _CAPTION_PX, _TITLE_PX = 6, 16, 34
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


@dataclass(frozen=True)
class SheetPlan:
    """What the sheets show.

    Parameters
    ----------
    cells
        Rows of each sheet.
    draws
        How often the abnormality and its decoy are drawn onto each cell.
    enlargement
        Size of a cell, as a multiple of 150 px.
    breadth
        As in `Edit`.
    """

    cells: int = 8
    draws: int = 2
    enlargement: int = 3
    breadth: float = Edit(Abnormality.VACUOLE).breadth
    seed: int = 0


@dataclass(frozen=True)
class _Row:
    name: str
    images: tuple[RGB, ...]


def neutrophils_of(samples: Iterable[Sample], seed: int) -> list[Sample]:
    """Shuffle the real neutrophils.

    Raises
    ------
    DatasetRefused
        There is none.
    """
    found = [s for s in samples if s.labels.pmn == 1 and s.origin == REAL]
    if not found:
        raise DatasetRefused(
            "The data set has no real cell that is known to be a neutrophil (pmn 1 in "
            "dataset.csv), and lesions are drawn onto those. Choose another data set."
        )
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]


def write_sheet(
    cells: Sequence[Sample], abnormality: Abnormality, plan: SheetPlan, folder: Path
) -> Path:
    """Draw one abnormality onto the first cells that have room for it, and write the PNG.

    Raises
    ------
    DatasetRefused
        No cell has room, or could be segmented.
    """
    tried = cells[: _TRIES * plan.cells]
    rows = list(islice(_rows(tried, abnormality, plan), plan.cells))
    if not rows:
        raise DatasetRefused(
            f"{abnormality.value} could not be drawn onto any of {len(tried)} neutrophils: "
            "their nucleus or cytoplasm was not found. Are the images single cells, cut tight?"
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"lesion-{abnormality.value}.png"
    _picture(rows, abnormality, plan).save(target)
    return target


def _rows(cells: Sequence[Sample], abnormality: Abnormality, plan: SheetPlan) -> Iterator[_Row]:
    for number, cell in enumerate(cells):
        rgb = read_crop(cell)
        images = [rgb]
        for turn in range(plan.draws):
            for decoy in (False, True):
                rng = np.random.default_rng([plan.seed, number, turn, decoy])
                drawn = draw(rgb, Edit(abnormality, decoy, plan.breadth), rng)
                if drawn is not None:
                    images.append(drawn)
        if len(images) == 1 + 2 * plan.draws:
            yield _Row(cell.path.stem, tuple(images))


def _picture(rows: Sequence[_Row], abnormality: Abnormality, plan: SheetPlan) -> Image.Image:
    side = _SIDE_PX * plan.enlargement
    across, down = side + _GAP_PX, side + _CAPTION_PX + _GAP_PX
    columns = 1 + 2 * plan.draws
    size = (columns * across + _GAP_PX, _TITLE_PX + len(rows) * down)
    picture = Image.new("RGB", size, _PAPER)
    ink, name = ImageDraw.Draw(picture), abnormality.value.replace("_", " ")
    title = f"{name}: drawn onto real neutrophils, beside decoys; seed {plan.seed}"
    ink.text((_GAP_PX, 8), title, _INK, ImageFont.load_default(16))
    for number, row in enumerate(rows):
        captions = [row.name, *[f"drawn: {name}", "decoy, not it"] * plan.draws]
        for column, (image, caption) in enumerate(zip(row.images, captions, strict=True)):
            place = (_GAP_PX + column * across, _TITLE_PX + number * down)
            picture.paste(ImageOps.pad(Image.fromarray(image), (side, side), color=_PAPER), place)
            ink.text((place[0], place[1] + side), caption, _INK, ImageFont.load_default(11))
    return picture
