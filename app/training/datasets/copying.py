"""The images of a data set copied beside its tables, so that the folder can be moved."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.domain.errors import DatasetRefused
from app.training.datasets.sample import Reading, Sample


def refuse_output(output: Path, source: Path) -> None:
    """Refuse to write a data set where something would be lost or mixed with the source.

    Raises
    ------
    DatasetRefused
        If the folder lies in the source, or is not new.
    """
    if output.resolve().is_relative_to(source.resolve()):
        raise DatasetRefused(
            f"{output} lies in the source, which is never written to. Name another with --output."
        )
    refuse_existing(output)


def refuse_existing(output: Path) -> None:
    """Refuse a folder that holds anything already.

    Raises
    ------
    DatasetRefused
        Asking for a new one.
    """
    if output.is_file() or (output.is_dir() and any(output.iterdir())):
        raise DatasetRefused(f"{output} exists already. Name a new folder with --output.")


def copied(samples: tuple[Sample, ...], source: Path, folder: Path) -> Iterator[Sample]:
    """Copy each image to the same relative path below `folder`, and yield its sample there."""
    for sample in samples:
        target = folder / sample.path.relative_to(source)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sample.path, target)
        yield replace(sample, path=target)


def moved_readings(
    readings: tuple[Reading, ...], source: Path, folder: Path
) -> tuple[Reading, ...]:
    """Let readings name the copies of their images."""
    return tuple(replace(r, path=folder / r.path.relative_to(source)) for r in readings)
