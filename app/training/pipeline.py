"""The two long commands: train and export, or export alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from app.domain.errors import SettingsRefused
from app.training.checkpoints import load_trained
from app.training.config import TrainConfig, load_config
from app.training.finishing import finish
from app.training.int8 import quantise_bundle
from app.training.networks import SmearNetwork
from app.training.train import Progress, train


def run_train(
    config_path: Path,
    output_dir: Path | None = None,
    *,
    data_sets: tuple[Path, ...] | None = None,
    scratch_dir: Path | None = None,
    int8: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Train by a configuration file and write the bundle.

    Parameters
    ----------
    output_dir
        The bundle's folder; None for `models/NAME-VERSION` below the working folder.
    data_sets, scratch_dir
        Replace those of the configuration.
    int8
        Whether to try an int8 variant too.
    progress
        Called with a sentence and the share of the training that is done, 0-1; without it a bar
        is shown on the terminal.

    Returns
    -------
    The bundle's folder.

    Raises
    ------
    SettingsRefused
        Where the configuration cannot be read, or a bundle is already where this one would be
        written: asked before the training, which takes an hour.
    """
    config = load_config(config_path, data_sets=data_sets, scratch_dir=scratch_dir)
    return _bundle(train, config, output_dir, int8, progress)


def run_export(
    config_path: Path,
    output_dir: Path | None = None,
    *,
    data_sets: tuple[Path, ...] | None = None,
    scratch_dir: Path | None = None,
    int8: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Write a bundle from the checkpoint of a training; parameters as `run_train`."""
    config = load_config(config_path, data_sets=data_sets, scratch_dir=scratch_dir)
    return _bundle(lambda config, _tell: load_trained(config), config, output_dir, int8, progress)


def _bundle(
    network_of: Callable[[TrainConfig, Progress], SmearNetwork],
    config: TrainConfig,
    output_dir: Path | None,
    int8: bool,  # noqa: FBT001 - both commands pass it on
    progress: Progress | None,
) -> Path:
    """Ask where the bundle goes, get the network, and write the bundle of it."""
    folder = _target(config, output_dir)
    with _bar() if progress is None else nullcontext(progress) as tell:
        finish(network_of(config, tell), config, folder, tell)
        if int8:
            tell("Quantising to int8", 1.0)
            quantise_bundle(folder, config)
    return folder


def _target(config: TrainConfig, folder: Path | None) -> Path:
    """Where the bundle goes; what is there already is never overwritten."""
    folder = folder or Path("models") / f"{config.name}-{config.version}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsRefused(
            f"{folder} exists already. Name another folder with --output, or raise `version` in "
            "the configuration."
        )
    return folder


@contextmanager
def _bar() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns) as bar:
        task = bar.add_task("", total=1.0)

        def tell(sentence: str, share: float) -> None:
            bar.update(task, description=sentence, completed=share)

        yield tell
