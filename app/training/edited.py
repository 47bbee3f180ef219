"""Edited neutrophils, drawn once into a scratch folder and read back as samples.

Cells of the training split are edited for training only, cells of the validation split for
validation only.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from app.domain.abnormality import Abnormality
from app.training.datasets.sample import UNKNOWN, Labels, Sample, read_crop
from app.training.lesions import RGB, Edit, draw_all

Plan = Callable[[np.random.Generator], tuple[Edit, ...]]

_LESION_SHARE = {
    Abnormality.PSEUDO_PELGER: 0.25,
    Abnormality.NUCLEAR_SPIKE: 0.3,
    Abnormality.VACUOLE: 0.3,
    Abnormality.HYPOGRANULARITY: 0.3,
}
_DECOY_SHARE = 0.25


def mixed(rng: np.random.Generator) -> tuple[Edit, ...]:
    """For training: lesions and decoys in any combination, at least one edit."""
    edits: list[Edit] = []
    while not edits:
        for abnormality, share in _LESION_SHARE.items():
            chance = rng.random()
            if chance < share + _DECOY_SHARE:
                edits.append(Edit(abnormality, decoy=chance >= share))
    return tuple(edits)


def single(abnormality: Abnormality, *, decoy: bool) -> Plan:
    """For validation: one edit and nothing else."""
    return lambda _rng: (Edit(abnormality, decoy),)


def write_edited(
    cells: Iterable[Sample], plans: dict[str, Plan], folder: Path, seed: int
) -> list[Sample]:
    """Draw every plan on every neutrophil of the cells; skip those without room.

    A folder that is already complete for the same seed is read back instead.
    """
    listing = folder / f"edited-{seed}.csv"
    if listing.exists():
        return _read_back(listing)
    folder.mkdir(parents=True, exist_ok=True)
    samples = [
        sample
        for cell in cells
        if cell.labels.pmn == 1
        for sample in _edited_copies(cell, plans, folder, seed)
    ]
    _write_listing(listing, samples)
    return samples


def _edited_copies(
    cell: Sample, plans: dict[str, Plan], folder: Path, seed: int
) -> Iterable[Sample]:
    rgb, own = read_crop(cell), _name_of(cell)
    for name, plan in plans.items():
        rng = np.random.default_rng([seed, *f"{own}/{name}".encode()])
        drawn, done = draw_all(rgb, plan(rng), rng)
        if done:
            path = folder / f"{own}-{name}-{seed}.png"
            _write_png(path, drawn)
            yield replace(
                cell,
                path=path,
                labels=labels_after(cell.labels, done),
                origin=origin_of(done),
                box=None,
            )


def _name_of(cell: Sample) -> str:
    """A name of its own for each cell, where one image shows several."""
    box = cell.box
    return cell.path.stem if box is None else f"{cell.path.stem}-{box.left}-{box.top}"


def labels_after(known: Labels, done: tuple[Edit, ...]) -> Labels:
    """What is known of a cell after its edits; where an edit may have hidden something, nothing."""
    drawn = {edit.abnormality for edit in done if not edit.decoy}
    touched = {edit.abnormality for edit in done}
    values = {each: 1.0 if each in drawn else known.of(each) for each in Abnormality}
    if Abnormality.VACUOLE not in drawn and known.of(Abnormality.VACUOLE) == 1:
        hiding = {Abnormality.PSEUDO_PELGER, Abnormality.HYPOGRANULARITY, Abnormality.VACUOLE}
        if touched & hiding:
            values[Abnormality.VACUOLE] = UNKNOWN
    if Abnormality.PSEUDO_PELGER in drawn and Abnormality.NUCLEAR_SPIKE not in drawn:
        values[Abnormality.NUCLEAR_SPIKE] = 0.0
    if Abnormality.PSEUDO_PELGER in touched - drawn:
        values[Abnormality.PSEUDO_PELGER] = 0.0
    return Labels(known.pmn, tuple(values[each] for each in Abnormality))


def origin_of(done: tuple[Edit, ...]) -> str:
    """The edits in words, as in `Sample.origin`."""
    return "+".join(("decoy " if e.decoy else "") + e.abnormality.value for e in done)


def _write_png(path: Path, rgb: RGB) -> None:
    if not cv2.imwrite(str(path), rgb[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise OSError(f"{path} could not be written")


def _write_listing(path: Path, samples: list[Sample]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "origin", "cell_type", "centre", "pmn", *Abnormality])
        for s in samples:
            known = (s.labels.pmn, *s.labels.abnormalities)
            writer.writerow([s.path.name, s.origin, s.cell_type, s.centre, *known])


def _read_back(path: Path) -> list[Sample]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Sample(
                path.parent / row["file"],
                Labels(float(row["pmn"]), tuple(float(row[each]) for each in Abnormality)),
                row["origin"],
                cell_type=row["cell_type"],
                centre=row["centre"],
            )
            for row in csv.DictReader(file)
        ]
