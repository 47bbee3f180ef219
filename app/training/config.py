"""The settings of one training run, read from a TOML file."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.domain.errors import SettingsRefused


@dataclass(frozen=True)
class Stage:
    """Some epochs at one size; small images first are several times cheaper."""

    size_px: int
    epochs: int
    batch: int = 32


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a run depends on, but the data themselves.

    Parameters
    ----------
    data_sets
        Folders of annotated data sets (`docs/datasets.md`); a relative path starts at the
        working folder. Cells whose split is "train" teach, those of "val" calibrate.
    network
        A name in `app.training.networks`.
    scratch_dir
        For edited cells, checkpoints and the log; a run that was stopped continues from here.
    size_px
        Side of the exported input.
    edited_copies
        Edited variants drawn of each training neutrophil.
    edited_per_epoch, others_per_epoch
        How many edited neutrophils and other leukocytes one epoch sees.
    vacuole_repeat
        How often one epoch sees a real neutrophil with an annotated vacuole: they are few.
    away_per_centre
        Cells that one epoch sees of each other centre than the one with most cells: few cells are
        repeated, so that a small centre teaches as much as a large one.
    type_weight
        Weight of naming the cell's type: a second task that only training has. It teaches the
        embedding what sets the kinds of leukocytes apart.
    novelty
        Whether the bundle also measures how unlike the learnt cells an image is.
    frames_dir
        Fields of view with YOLO boxes (as TXL-PBC has them): red cells, platelets and ground to
        measure novelty on. None to measure it without them.
    compared_with
        `evaluation.json` of another network that was trained the same way; its figures come onto
        the card beside this one's.
    max_minutes
        After this time no further epoch is begun; the last checkpoint is used.
    """

    name: str
    version: str
    data_sets: tuple[Path, ...]
    scratch_dir: Path
    size_px: int
    stages: tuple[Stage, ...]
    network: str = "efficientnet-lite0"
    seed: int = 1
    threads: int = 2
    workers: int = 1
    edited_copies: int = 4
    edited_per_epoch: int = 3000
    others_per_epoch: int = 1500
    vacuole_repeat: int = 4
    away_per_centre: int = 1000
    type_weight: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    pmn_weight: float = 0.5
    novelty: bool = True
    frames_dir: Path | None = None
    compared_with: Path | None = None
    max_minutes: float = 45.0
    evaluation_limit: int | None = None
    """At most so many validation cells of each kind; None for all."""


def load_config(path: Path, **overrides: Any) -> TrainConfig:
    """Read a configuration; an override that is not None wins.

    Raises
    ------
    SettingsRefused
        Where the file cannot be read as a training configuration.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _from_content(content, {k: v for k, v in overrides.items() if v is not None})
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SettingsRefused(
            f"{path.name} is not a training configuration: {error!r}. "
            "Compare it with app/training/configs/pmn-lite0.toml."
        ) from error


def _from_content(content: dict[str, Any], overrides: dict[str, Any]) -> TrainConfig:
    stages = tuple(Stage(**stage) for stage in content.pop("stages"))
    content["data_sets"] = tuple(Path(each) for each in content["data_sets"])
    for key in ("scratch_dir", "frames_dir", "compared_with"):
        if key in content:
            content[key] = Path(content[key])
    return replace(TrainConfig(stages=stages, **content), **overrides)
