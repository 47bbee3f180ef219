"""A small data set of drawn cells: patients in groups and centres, and readers who differ."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic import CaseProfile, CellKind, SyntheticCell, random_case, render_cell
from app.training.datasets.folder import Dataset, Labels, Reading, Sample, Split, write_dataset
from tests.images import encoded

UNKNOWN = float("nan")
GROUPS = {
    "VEXAS": CaseProfile.VEXAS_LIKE,
    "MDS, UBA1 wild type": CaseProfile.CONTROL,
    "cytopenia, UBA1 wild type": CaseProfile.CONTROL,
}


def write_cohort(
    folder: Path,
    *,
    patients: int = 2,
    cells: int = 6,
    groups: dict[str, CaseProfile] = GROUPS,
    readers: int = 3,
    origin: str = "synthetic",
    split: Split | None = Split.TEST,
    name: str = "drawn cohort",
) -> Path:
    """So many patients of each group, so many cells of each patient."""
    images = folder / "images"
    images.mkdir(parents=True)
    samples = []
    for group_number, (group, profile) in enumerate(groups.items()):
        for patient in range(patients):
            key = f"p{group_number}{patient:02d}"
            for i, cell in enumerate(random_case(profile, cells, 1000 * group_number + patient)):
                path = images / f"{key}-{i}.png"
                path.write_bytes(encoded(render_cell(cell)))
                centre = "Lyon" if patient % 2 else "Paris"
                samples.append(Sample(path, labels_of(cell), origin, key, group, centre, split))
    readings = [
        reading
        for number in range(readers)
        for reading in _readings(samples, f"reader {number + 1}", 0.1 * number, number)
    ]
    dataset = Dataset(name, "CC0", "drawn by the tests", "", tuple(samples), tuple(readings))
    write_dataset(folder, dataset, images)
    return folder


def labels_of(cell: SyntheticCell) -> Labels:
    """What was drawn; of a lymphocyte the abnormalities are unknown."""
    if cell.kind is not CellKind.PMN:
        return Labels(0.0, (UNKNOWN,) * len(Abnormality))
    return Labels(1.0, tuple(float(cell.shows(each)) for each in Abnormality))


def _readings(samples: list[Sample], reader: str, error: float, seed: int) -> list[Reading]:
    """One reader, who gives the other answer at random with a probability of `error`."""
    rng = np.random.default_rng(seed)
    return [
        Reading(
            sample.path,
            reader,
            replace(
                sample.labels,
                abnormalities=tuple(
                    abs(value - float(rng.random() < error))
                    for value in sample.labels.abnormalities
                ),
            ),
        )
        for sample in samples
    ]
