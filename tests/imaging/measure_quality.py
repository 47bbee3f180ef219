"""Measure how often `assess` flags good, spoilt and differently stained real cells.

python -m tests.imaging.measure_quality DATA_DIR [--crops N]
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from app.domain.cell import Framing, QualityFlag
from app.imaging.locate import locate
from app.imaging.quality import assess
from tests.imaging.fields import is_dev, read_cells, read_fields, read_rgb


def blurred(rgb):
    """Blur with sigma 4 px at 150 px."""
    return cv2.GaussianBlur(rgb, (0, 0), 4 * max(rgb.shape[:2]) / 150)


def multiplied(*factors: float) -> Callable:
    """Multiply the channels."""
    return lambda rgb: np.clip(rgb * np.array(factors), 0, 255).astype(np.uint8)


def grey(rgb):
    """Drop the colours."""
    return cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def cut_by_a_third(rgb):
    """Lose the left third."""
    return np.ascontiguousarray(rgb[:, rgb.shape[1] // 3 :])


SPOILT: dict[str, tuple[Callable, QualityFlag]] = {
    "blurred": (blurred, QualityFlag.BLURRED),
    "x 1.5": (multiplied(1.5, 1.5, 1.5), QualityFlag.OVEREXPOSED),
    "x 0.35": (multiplied(0.35, 0.35, 0.35), QualityFlag.UNDEREXPOSED),
    "grey": (grey, QualityFlag.STAIN_OUT_OF_RANGE),
    "green cast": (multiplied(0.7, 1.15, 0.7), QualityFlag.STAIN_OUT_OF_RANGE),
    "cut by a third": (cut_by_a_third, QualityFlag.CUT_OFF),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--crops", type=int, default=500, help="neutrophils sampled per split")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for split in ("train", "val"):
        _print_cells(arguments.data, split, arguments.crops)
    _print_fields(arguments.data)


def _print_cells(data: Path, split: str, count: int) -> None:
    rows = [
        row
        for row in read_cells(data)
        if row["split"] == split and "neutrophil" in row["cell_type"]
    ]
    chosen = random.Random(0).sample(rows, min(count, len(rows)))
    images = [read_rgb(data / "pbc" / "images" / row["file"]) for row in chosen]
    start = time.perf_counter()
    verdicts = [assess(rgb, locate(rgb)) for rgb in images]
    cost = 1000 * (time.perf_counter() - start) / len(images)
    flagged = np.mean([not verdict.acceptable for verdict in verdicts])
    counts = Counter(flag.value for verdict in verdicts for flag in verdict.flags)
    _line(f"{split}: {len(images)} neutrophils", flagged, f"{dict(counts)} {cost:.1f} ms each")
    for name, (spoil, flag) in SPOILT.items():
        spoilt = [spoil(rgb) for rgb in images]
        hit = np.mean([flag in assess(rgb, locate(rgb)).flags for rgb in spoilt])
        _line(f"{split}: {name}", float(hit), f"as {flag}")


def _print_fields(data: Path) -> None:
    found: dict[str, list] = {}
    for field in read_fields(data):
        if len(field.leukocytes) == 1:
            half = "dev" if is_dev(field.name) else "holdout"
            place = locate(field.rgb)
            if place.framing is Framing.FRAMED:
                found.setdefault(f"{field.source} {half}", []).append(assess(field.rgb, place))
    for name, verdicts in sorted(found.items()):
        flagged = np.mean([not verdict.acceptable for verdict in verdicts])
        counts = Counter(flag.value for verdict in verdicts for flag in verdict.flags)
        _line(f"{name} ({len(verdicts)})", flagged, str(dict(counts)))


def _line(name: str, share: float, note: str) -> None:
    sys.stdout.write(f"{name:28}{100 * share:7.1f} %  {note}\n")


if __name__ == "__main__":
    main()
