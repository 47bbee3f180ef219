"""A neutrophil drawn for the tests, and a small data set of such cells."""

import cv2
import numpy as np

from app.domain.cell import Box
from app.training.datasets.folder import write_dataset
from app.training.datasets.sample import UNKNOWN, Dataset, Labels, Sample, Split

CHROMATIN = (70, 36, 130)


def drawn_neutrophil(side=150, seed=0):
    """A cell of three joined lobes with granules on a pale smear: (side, side, 3) RGB."""
    rng = np.random.default_rng(seed)
    rgb = np.full((side, side, 3), (253, 229, 203), np.uint8)
    middle = side // 2
    cv2.circle(rgb, (middle, middle), int(side * 0.47), (212, 172, 184), -1, cv2.LINE_AA)
    for _ in range(260):
        x, y = (int(v) for v in rng.normal(middle, side * 0.22, 2))
        if np.hypot(x - middle, y - middle) < side * 0.42:
            cv2.circle(rgb, (x, y), 1, (165, 105, 165), -1, cv2.LINE_AA)
    points = lobes(side)
    cv2.polylines(rgb, [np.array(points)], isClosed=False, color=CHROMATIN, thickness=7)
    for point in points:
        cv2.circle(rgb, point, int(side * 0.12), CHROMATIN, -1, cv2.LINE_AA)
    noise = rng.normal(0, 3, rgb.shape)
    return np.clip(cv2.GaussianBlur(rgb, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


def lobes(side):
    """The middles of the three lobes: x, y."""
    return [(int(x * side), int(y * side)) for x, y in [(0.36, 0.36), (0.62, 0.4), (0.52, 0.64)]]


def write_data_set(folder, cells=8):
    """A data set of drawn cells, half of them called lymphocytes; and one frame of a second lab."""
    (folder / "images").mkdir(parents=True)
    samples = [
        _sample(folder, split, number) for split in ("train", "val") for number in range(cells)
    ]
    samples += [_away(folder, split, pmn) for split in Split for pmn in (1.0, 0.0)]
    described = Dataset("Drawn cells", "Apache-2.0", "drawn by the tests", "", tuple(samples))
    write_dataset(folder, described, folder / "images")
    return folder


def _sample(folder, split, number):
    pmn = number % 2 == 0
    seed = number if split == "train" else 1000 + number  # no cell on both sides
    path = _write(folder / "images" / f"{split}{number}.png", drawn_neutrophil(seed=seed))
    known = (0.0, 0.0, float(number == 0), 0.0)
    return Sample(
        path,
        Labels(1.0, known) if pmn else Labels(0.0, (UNKNOWN,) * 4),
        centre="drawing room",
        split=Split(split),
        cell_type="segmented neutrophil" if pmn else "lymphocyte",
    )


def _away(folder, split, pmn):
    frame = np.full((240, 260, 3), (235, 225, 240), np.uint8)
    frame[50:200, 60:210] = drawn_neutrophil(seed=40 + list(Split).index(split))
    return Sample(
        _write(folder / "images" / f"away-{split}-{pmn}.png", frame),
        Labels(pmn, (UNKNOWN,) * 4),
        centre="elsewhere",
        split=split,
        cell_type="neutrophil" if pmn else "monocyte",
        box=Box(60, 50, 210, 200),
    )


def _write(path, rgb):
    cv2.imwrite(str(path), rgb[:, :, ::-1])
    return path
