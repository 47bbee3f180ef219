"""Measure `app.imaging.morphometry` on real cells, and on cells that were edited.

    python -m tests.imaging.measure_morphometry DATA_DIR [--cells N] [--write]

Thresholds were set on pbc's train split; lobes, holes and edits are measured on both splits.
`--write` renews the reference ranges (app/imaging/morphometry_reference.py) from the train split.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

import cv2
import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging import morphometry_reference
from app.imaging.morphometry import Morphometry, clearly_smooth, measure
from app.imaging.segmentation import segment
from app.training.datasets.pbc import Record, read_records
from app.training.datasets.sample import Split, read_rgb
from app.training.lesions import Edit, draw

SHAPES = {"unsegmented-band": 1, "segmented-bilobed": 2, "segmented-multilobed": 3}
_Cell = tuple[Record, Morphometry]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cells", type=int, default=300, help="neutrophils edited per split")
    parser.add_argument("--write", action="store_true", help="renew the reference ranges")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    records = [r for r in read_records(arguments.data / "pbc") if r.is_pmn]
    for split in (Split.TRAIN, Split.VAL):
        of_split = [record for record in records if record.split is split]
        cells = measured(of_split, split)
        print_lobes(cells)
        print_holes(cells)
        print_edits(random.Random(0).sample(of_split, min(arguments.cells, len(of_split))))
        if split is Split.TRAIN:
            ranges = reference(cells)
            print_ranges(ranges)
            if arguments.write:
                write_reference(ranges, len(cells))


def measured(records: list[Record], split: Split) -> list[_Cell]:
    """Measure every cell, and say how long it took and how many could not be."""
    found, spent, smooth = [], 0.0, 0
    for record in records:
        rgb = read_rgb(record.path)
        start = time.process_time()
        measures = measure(rgb)
        spent += time.process_time() - start
        smooth += clearly_smooth(segment(rgb))
        if measures is not None:
            found.append((record, measures))
    cost = 1000 * spent / len(records)
    print(
        f"\n== {split}: {len(records)} neutrophils, {len(found)} measured, {cost:.1f} CPU ms each"
    )
    print(f"clearly smooth: {smooth / len(records):.3f}")
    return found


def print_lobes(cells: list[_Cell]) -> None:
    print("lobes by annotated shape (columns: 1, 2, 3 or more)")
    table = np.zeros((3, 3), int)
    for record, measures in cells:
        if record.nucleus_shape in SHAPES:
            table[SHAPES[record.nucleus_shape] - 1, min(measures.lobe_count, 3) - 1] += 1
    for shape, row in zip(SHAPES, table, strict=True):
        print(f"  {shape:22}" + "".join(f"{count:6}" for count in row))
    print(f"  agreement {np.trace(table) / table.sum():.3f}, kappa {kappa(table):.3f}")


def kappa(table: np.ndarray) -> float:
    """Cohen's, of a square table of counts."""
    shares = table / table.sum()
    by_chance = float((shares.sum(0) * shares.sum(1)).sum())
    return (float(np.trace(shares)) - by_chance) / (1 - by_chance)


def print_holes(cells: list[_Cell]) -> None:
    with_, without = (
        [m for record, m in cells if record.vacuole == value] for value in ("yes", "no")
    )
    print(f"holes: {len(with_)} cells annotated with a vacuole, {len(without)} without")
    for name in ("hole_count", "largest_hole"):
        print(f"  AUC of {name}: {auc(values(with_, name), values(without, name)):.3f}")
    for name, group in (("with", with_), ("without", without)):
        counts = Counter(min(m.hole_count, 3) for m in group)
        shares = ", ".join(f"{n}: {counts[n] / len(group):.2f}" for n in range(4))
        print(f"  holes in cells {name}: {shares} (3: or more)")


def print_edits(records: list[Record]) -> None:
    print(f"edits of {len(records)} neutrophils: AUC against untouched, against decoys")
    untouched = [m for r in records if (m := measure(read_rgb(r.path))) is not None]
    for abnormality, names in {
        Abnormality.PSEUDO_PELGER: ("lobe_count", "solidity", "circularity", "chromatin_contrast"),
        Abnormality.NUCLEAR_SPIKE: ("longest_protrusion", "protrusion_count"),
        Abnormality.VACUOLE: ("hole_count", "largest_hole"),
        Abnormality.HYPOGRANULARITY: (
            "granule_contrast",
            "granules_per_area",
            "cytoplasm_density",
        ),
    }.items():
        lesions, decoys = (list(edited(records, Edit(abnormality, d))) for d in (False, True))
        print(f"  {abnormality}: {len(lesions)} drawn, {len(decoys)} decoys")
        for name in names:
            drawn, low = values(lesions, name), abnormality in FALLING and name in FALLS
            against = [auc(drawn, values(group, name)) for group in (untouched, decoys)]
            shown = ", ".join(f"{1 - value if low else value:.3f}" for value in against)
            print(f"    {name:20} {shown}{' (lower in drawn cells)' if low else ''}")
        if abnormality is Abnormality.PSEUDO_PELGER:
            few = np.mean([m.lobe_count <= 2 for m in lesions])
            print(f"    drawn cells with at most two lobes: {few:.3f}")


FALLING = {Abnormality.PSEUDO_PELGER, Abnormality.HYPOGRANULARITY}
FALLS = {"lobe_count", "granule_contrast", "granules_per_area", "cytoplasm_density"}


def edited(records: list[Record], edit: Edit) -> Iterable[Morphometry]:
    for number, record in enumerate(records):
        rgb = draw(read_rgb(record.path), edit, np.random.default_rng([7, number]))
        measures = None if rgb is None else measure(rgb)
        if measures is not None:
            yield measures


def values(cells: Iterable[Morphometry], name: str) -> np.ndarray:
    return np.array([getattr(m, name) for m in cells], float)


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: the share of pairs in the right order, ties by half."""
    higher = positive[:, None] > negative[None]
    return float(np.mean(higher + 0.5 * (positive[:, None] == negative[None])))


def reference(cells: list[_Cell]) -> dict[str, tuple[float, float, float]]:
    """5th, 50th and 95th percentile of every measure."""
    table = np.array([astuple(m) for _, m in cells], float)
    low, middle, high = np.nanpercentile(table, (5, 50, 95), axis=0)
    names = [field.name for field in fields(Morphometry)]
    return {name: (float(low[i]), float(middle[i]), float(high[i])) for i, name in enumerate(names)}


def print_ranges(ranges: dict[str, tuple[float, float, float]]) -> None:
    print("usual range: 5th, 50th, 95th percentile")
    for name, (low, middle, high) in ranges.items():
        print(f"  {name:22} {low:8.3f} {middle:8.3f} {high:8.3f}")


def write_reference(ranges: dict[str, tuple[float, float, float]], count: int) -> None:
    path = Path(morphometry_reference.__file__)
    before, mark, _ = path.read_text().partition("CELL_COUNT = ")
    lines = [f'    "{name}": ({a:.4g}, {b:.4g}, {c:.4g}),' for name, (a, b, c) in ranges.items()]
    after = f"{count}\nRANGES: dict[str, tuple[float, float, float]] = {{\n" + "\n".join(lines)
    path.write_text(f"{before}{mark}{after}\n}}\n")
    print(f"written: {path.name}")


if __name__ == "__main__":
    main()
