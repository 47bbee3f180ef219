"""Measure `locate` on real images.

    python -m tests.imaging.measure_locate DATA_DIR [--crops N]

Everything was fitted and tuned on the dev half of the TXL-PBC images and on pbc's train split;
the holdout half and pbc's val split were only measured.
"""

import argparse
import itertools
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.cell import Box, Framing
from app.imaging.locate import locate
from tests.imaging.fields import (
    degranulate,
    draw_cell,
    is_dev,
    pale_copy,
    read_cells,
    read_fields,
    read_rgb,
)

ENOUGH = 0.7
PASTED = 200
DRAWN = 40
_DRAWN = {
    "none": (),
    "hypogranularity": (Abnormality.HYPOGRANULARITY,),
    "pelger, hypogran.": (Abnormality.PSEUDO_PELGER, Abnormality.HYPOGRANULARITY),
    "all four": tuple(Abnormality),
}
_Frame = tuple[NDArray[np.uint8], tuple[int, int, int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--crops", type=int, default=1000, help="pbc crops sampled per split")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    _print_fields(arguments.data)
    _print_halves(arguments.data)
    _print_crops(arguments.data, arguments.crops)
    _print_pasted(arguments.data)
    print_pale(arguments.data)


def overlap(box: Box, drawn: tuple[int, int, int, int]) -> float:
    """Return the intersection of two boxes over their union."""
    across = min(box.right, drawn[2]) - max(box.left, drawn[0])
    down = min(box.bottom, drawn[3]) - max(box.top, drawn[1])
    common = max(0, across) * max(0, down)
    area = (drawn[2] - drawn[0]) * (drawn[3] - drawn[1])
    return common / (box.width * box.height + area - common)


def _print_fields(data: Path) -> None:
    single, several, empty = defaultdict(list), defaultdict(list), defaultdict(list)
    times = defaultdict(list)
    for field in read_fields(data):
        start = time.process_time()
        place = locate(field.rgb)
        half = "dev" if is_dev(field.name) else "holdout"
        times[field.source].append(1000 * (time.process_time() - start))
        if len(field.leukocytes) == 1:
            single[field.source, half].append((place, overlap(place.crop, field.leukocytes[0])))
        else:
            kind = several if field.leukocytes else empty
            kind[field.source, half].append(place.framing)
    _line(
        "\nOne leukocyte drawn", "half", "images", "framed", "IoU median", f">= {ENOUGH}", "CPU ms"
    )
    for (source, half), found in sorted(single.items()):
        framed = [place.framing is Framing.FRAMED for place, _ in found]
        overlaps = np.array([overlapping for _, overlapping in found])
        enough = np.mean(overlaps >= ENOUGH)
        cost = np.median(times[source])
        _line(
            source,
            half,
            len(found),
            _percent(np.mean(framed)),
            f"{np.median(overlaps):.3f}",
            _percent(enough),
            f"{cost:.1f}",
        )
    _print_framings("\nTwo or more drawn", several)
    _print_framings("\nNone drawn", empty)


def _print_halves(data: Path) -> None:
    """Halves of images in which nobody drew a leukocyte: red cells and platelets only."""
    found = defaultdict(list)
    for field in read_fields(data):
        width = field.rgb.shape[1]
        middle = width // 2
        for left, right in ((0, middle), (middle, width)):
            is_free = all(box[2] <= left or box[0] >= right for box in field.leukocytes)
            if field.leukocytes and is_free:
                half = np.ascontiguousarray(field.rgb[:, left:right])
                split = "dev" if is_dev(field.name) else "holdout"
                found[f"{field.source} halved", split].append(locate(half).framing)
    _print_framings("\nHalves without one", found)


def _print_crops(data: Path, count: int) -> None:
    found = defaultdict(list)
    times = []
    for row in _sample(read_cells(data), count):
        rgb = read_rgb(data / "pbc" / "images" / row["file"])
        start = time.process_time()
        place = locate(rgb)
        times.append(1000 * (time.process_time() - start))
        found[row["cell_type"], row["split"]].append(place.framing)
        found["all", row["split"]].append(place.framing)
        if "neutrophil" in row["cell_type"]:
            found["all neutrophils", row["split"]].append(place.framing)
    _print_framings(f"\npbc, {np.median(times):.1f} CPU ms", found)


def _sample(rows: list[dict[str, str]], count: int) -> Iterator[dict[str, str]]:
    chance = random.Random(0)
    for split in ("train", "val"):
        of_split = [row for row in rows if row["split"] == split]
        yield from chance.sample(of_split, min(count, len(of_split)))


def print_pale(data: Path) -> None:
    """Cells without granules: drawn ones, and real ones from which they were taken."""
    chance = np.random.default_rng(1)
    _title_overlaps("\nDrawn cells", "severity")
    for name, shown in _DRAWN.items():
        for severity, size_px in itertools.product((0.5, 1.0), ((360, 363), (575, 575))):
            cells = (draw_cell(seed, shown, severity, size_px) for seed in range(DRAWN))
            _print_overlaps(f"{name} {size_px[0]}", severity, ((c.rgb, c.box) for c in cells))
    _title_overlaps("\nDrawn still paler", "contrast")
    for contrast in (0.5, 0.25, 0.15):
        cells = (
            draw_cell(seed, _DRAWN["hypogranularity"], contrast=contrast) for seed in range(DRAWN)
        )
        _print_overlaps("hypogranularity 360", contrast, ((c.rgb, c.box) for c in cells))
    _title_overlaps("\nEdited in place")
    edited = defaultdict(list)
    for field in read_fields(data):
        copy = pale_copy(field, chance) if len(field.leukocytes) == 1 else None
        if copy is not None:
            half = "dev" if is_dev(field.name) else "holdout"
            edited[field.source, half].append((copy.rgb, copy.box))
    for (source, half), frames in sorted(edited.items()):
        _print_overlaps(source, half, frames)
    _title_overlaps("\nPasted after editing")
    crops = [degranulate(crop, chance) for crop in _neutrophils(data, chance)]
    usable = [crop for crop in crops if crop is not None]
    _print_overlaps("360x363", "val", (_paste(crop, chance) for crop in usable))
    _print_framings("\nEdited crops", {("neutrophils", "val"): [locate(c).framing for c in usable]})


def _print_pasted(data: Path) -> None:
    """Paste neutrophils on a plain background of their own colour among drawn red cells."""
    chance = np.random.default_rng(0)
    _title_overlaps("\nPasted neutrophils")
    frames = (_paste(crop, chance) for crop in _neutrophils(data, chance))
    _print_overlaps("360x363", "val", frames)


def _neutrophils(data: Path, chance) -> Iterator[NDArray[np.uint8]]:
    rows = [
        row
        for row in read_cells(data)
        if "neutrophil" in row["cell_type"] and row["split"] == "val"
    ]
    for index in chance.choice(len(rows), min(PASTED, len(rows)), replace=False):
        yield read_rgb(data / "pbc" / "images" / rows[index]["file"])


def _title_overlaps(title: str, kind: str = "half") -> None:
    _line(title, kind, "images", "framed", "IoU median", f">= {ENOUGH}")


def _print_overlaps(name: str, kind: object, frames: Iterable[_Frame]) -> None:
    places = [(locate(rgb), box) for rgb, box in frames]
    overlaps = np.array([overlap(place.crop, box) for place, box in places])
    framed = np.mean([place.framing is Framing.FRAMED for place, _ in places])
    enough = _percent(np.mean(overlaps >= ENOUGH))
    _line(name, kind, len(places), _percent(framed), f"{np.median(overlaps):.3f}", enough)


def _paste(crop, chance):
    pixels = crop.reshape(-1, 3)
    colour = np.median(pixels[pixels[:, 1] >= np.percentile(pixels[:, 1], 90)], axis=0)
    frame = np.full((363, 360, 3), colour, np.uint8)
    for x, y in chance.integers(0, 360, (14, 2)):
        shade = [int(value) for value in colour * (0.85, 0.75, 0.85)]
        cv2.circle(frame, (int(x), int(y)), 34, shade, -1, cv2.LINE_AA)
    frame = cv2.GaussianBlur(frame, (5, 5), 1.2)
    height, width = crop.shape[:2]
    left = (360 - width) // 2 + int(chance.integers(-20, 21))
    top = (363 - height) // 2 + int(chance.integers(-20, 21))
    frame[top : top + height, left : left + width] = crop
    return frame, (left, top, left + width, top + height)


def _print_framings(title: str, found) -> None:
    _line(title, "", "images", *Framing)
    for (name, half), framings in sorted(found.items()):
        shares = [_percent(np.mean([framing is kind for framing in framings])) for kind in Framing]
        _line(name, half, len(framings), *shares)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _line(name: str, *values: object) -> None:
    start = "\n" if name.startswith("\n") else ""
    cells: Iterable[str] = (f"{value!s:>11}" for value in values)
    sys.stdout.write(f"{start}{name.strip():22}" + "".join(cells) + "\n")


if __name__ == "__main__":
    main()
