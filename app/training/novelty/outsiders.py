"""Pictures that show no neutrophil, to measure what the classifier takes for one.

Nothing here is learnt from: the references of `novelty.py` come from leukocytes alone.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.errors import DatasetRefused
from app.training.datasets.sample import read_rgb

RGB = NDArray[np.uint8]
Draw = Callable[[np.random.Generator], RGB]

_SIDE_PX = 160
_YOLO_KINDS = {1: "red cells", 2: "platelets"}
_LEUKOCYTE = 0
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def drawn_outsiders(count: int, seed: int) -> dict[str, list[RGB]]:
    """Draw pictures that are no cells: noise, text, plain colours, shapes."""
    kinds: dict[str, Draw] = {
        "noise": _noise,
        "text": _text,
        "plain colour": _plain,
        "drawn shapes": _shapes,
    }
    return {
        kind: [draw(np.random.default_rng([seed, number, len(kind)])) for number in range(count)]
        for kind, draw in kinds.items()
    }


def photographs(count: int, seed: int) -> list[RGB]:
    """Cut random squares, of every size, out of the two photographs that scikit-learn brings."""
    from sklearn.datasets import load_sample_images  # noqa: PLC0415 - only where it is wanted

    rng = np.random.default_rng([seed, 1])
    images = [np.asarray(image, np.uint8) for image in load_sample_images().images]
    return [_random_square(images[number % len(images)], rng) for number in range(count)]


def smudged(cells: Sequence[RGB], seed: int) -> list[RGB]:
    """Smear, tear or dissolve leukocytes, so that no form of nucleus or granule is left."""
    ways = (_dragged, _torn, _dissolved)
    return [
        ways[number % len(ways)](cell, np.random.default_rng([seed, number]))
        for number, cell in enumerate(cells)
    ]


def smear_outsiders(folder: Path, count: int, seed: int) -> dict[str, list[RGB]]:
    """Cut red cells, platelets and ground without a leukocyte out of fields with YOLO boxes.

    Parameters
    ----------
    folder
        Holds `images/` and `labels/`, each box one line: class, x and y of the middle, width,
        height, as shares of the image; 0 = leukocyte, 1 = red cell, 2 = platelet.

    Raises
    ------
    DatasetRefused
        If there is no such field.
    """
    rng = np.random.default_rng([seed, 2])
    fields = _fields(folder)
    found: dict[str, list[RGB]] = {kind: [] for kind in (*_YOLO_KINDS.values(), "ground")}
    for index in rng.permutation(len(fields)):
        if all(len(cuts) >= count for cuts in found.values()):
            break
        for kind, cut in _cuts_of_field(*fields[int(index)], rng):
            if len(found[kind]) < count:
                found[kind].append(cut)
    return found


def _fields(folder: Path) -> list[tuple[Path, Path]]:
    """Each image with its boxes; a text without an image (a list of classes) is passed over."""
    paired = [
        (folder / "images" / label.relative_to(folder / "labels").with_suffix(".jpg"), label)
        for label in sorted(folder.glob("labels/**/*.txt"))
    ]
    fields = [(image, label) for image, label in paired if image.is_file()]
    if not fields:
        raise DatasetRefused(
            f"{folder} holds no images/*.jpg with labels/*.txt. Name a folder of fields with boxes."
        )
    return fields


def _cuts_of_field(image: Path, label: Path, rng: np.random.Generator) -> Iterator[tuple[str, RGB]]:
    """Yield one red cell, one platelet and one piece of ground of a field, as far as it has them.

    Boxes that touch a leukocyte are left out.
    """
    rgb = read_rgb(image)
    kinds, boxes = _yolo_boxes(label, rgb.shape)
    leukocytes = boxes[kinds == _LEUKOCYTE]
    for number, kind in _YOLO_KINDS.items():
        mine = [b for b in boxes[kinds == number] if min(b[2:] - b[:2]) > 0]
        apart = [box for box in mine if not _touches(box, leukocytes)]
        if apart:
            yield kind, _cut(rgb, apart[int(rng.integers(len(apart)))])
    for box in _random_boxes(rgb.shape, rng):
        if not _touches(box, leukocytes):
            yield "ground", _cut(rgb, box)
            break


def _yolo_boxes(label: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Class (N,), and left, top, right, bottom in px (N, 4), clipped to the image."""
    rows = np.loadtxt(label, ndmin=2).reshape(-1, 5)
    height, width = shape[:2]
    middle, size = rows[:, 1:3], rows[:, 3:5]
    edges = np.concatenate([middle - size / 2, middle + size / 2], axis=1)
    limits = np.array([width, height, width, height])
    pixels = np.rint(np.clip(edges * limits, 0, limits)).astype(int)
    return rows[:, 0].astype(int), pixels


def _random_boxes(shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[NDArray[np.int_]]:
    """Yield squares as large as a leukocyte often is: a fifth to two fifths of the field."""
    height, width = shape[:2]
    for _ in range(20):
        side = int(min(height, width) * rng.uniform(0.2, 0.4))
        left, top = int(rng.integers(width - side)), int(rng.integers(height - side))
        yield np.array([left, top, left + side, top + side])


def _touches(box: NDArray[np.int_], others: NDArray[np.int_]) -> bool:
    apart = (others[:, :2] >= box[2:]) | (others[:, 2:] <= box[:2])
    return bool((~apart.any(axis=1)).any())


def _cut(rgb: RGB, box: NDArray[np.int_]) -> RGB:
    left, top, right, bottom = (int(edge) for edge in box)
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def _random_square(rgb: RGB, rng: np.random.Generator) -> RGB:
    height, width = rgb.shape[:2]
    side = int(rng.integers(48, min(height, width)))
    left, top = int(rng.integers(width - side)), int(rng.integers(height - side))
    return _cut(rgb, np.array([left, top, left + side, top + side]))


def _dragged(cell: RGB, rng: np.random.Generator) -> RGB:
    """Pull the cell out along one direction, as the spreader does."""
    size = max(cell.shape[:2])
    length = int(size * rng.uniform(0.5, 0.9)) | 1
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = length // 2
    along = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = [(round(middle + s * along[0]), round(middle + s * along[1])) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, max(1, length // 20))
    dragged = cv2.filter2D(cell, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(dragged, np.uint8)


def _torn(cell: RGB, rng: np.random.Generator) -> RGB:
    """Move every piece of the cell by up to half of its size."""
    height, width = cell.shape[:2]
    size = max(height, width)
    moves = []
    for _ in range(2):
        coarse = rng.uniform(-1, 1, (5, 5)).astype(np.float32)
        moves.append(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    y, x = np.indices((height, width), np.float32)
    reach = 0.5 * size
    torn = cv2.remap(
        cell,
        x + reach * np.asarray(moves[0], np.float32),
        y + reach * np.asarray(moves[1], np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.GaussianBlur(torn, (0, 0), 0.03 * size), np.uint8)


def _dissolved(cell: RGB, rng: np.random.Generator) -> RGB:
    """Leave a bare, structureless stain."""
    size = max(cell.shape[:2])
    return np.asarray(cv2.GaussianBlur(cell, (0, 0), size * rng.uniform(0.12, 0.25)), np.uint8)


def _noise(rng: np.random.Generator) -> RGB:
    """Coarse or fine coloured noise."""
    coarse = rng.integers(0, 256, (int(rng.integers(4, _SIDE_PX)),) * 2 + (3,), np.uint8)
    return np.asarray(
        cv2.resize(coarse, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR), np.uint8
    )


def _text(rng: np.random.Generator) -> RGB:
    """A few lines of letters, as on a label or a screen."""
    page = _plain(rng)
    ink = [int(c) for c in rng.integers(0, 256, 3)]
    for line in range(int(rng.integers(1, 6))):
        letters = "".join(chr(c) for c in rng.integers(33, 127, int(rng.integers(2, 9))))
        size = rng.uniform(0.5, 1.8)
        at = (int(rng.integers(0, 60)), 25 + 28 * line)
        cv2.putText(page, letters, at, _FONT, size, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    return page


def _plain(rng: np.random.Generator) -> RGB:
    page = np.empty((_SIDE_PX, _SIDE_PX, 3), np.uint8)
    page[:] = rng.integers(0, 256, 3)
    return page


def _shapes(rng: np.random.Generator) -> RGB:
    """Discs, boxes and lines in any colours."""
    page = _plain(rng)
    for _ in range(int(rng.integers(2, 9))):
        colour = [int(c) for c in rng.integers(0, 256, 3)]
        at, to = (tuple(int(v) for v in rng.integers(0, _SIDE_PX, 2)) for _ in range(2))
        shape = int(rng.integers(3))
        if shape == 0:
            cv2.circle(page, at, int(rng.integers(5, 60)), colour, -1, cv2.LINE_AA)
        elif shape == 1:
            cv2.rectangle(page, at, to, colour, -1)
        else:
            cv2.line(page, at, to, colour, int(rng.integers(1, 12)), cv2.LINE_AA)
    return page
