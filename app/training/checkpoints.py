"""Finished networks, read back from a run's scratch folder."""

import pickle
from typing import Any

import torch

from app.domain.errors import SettingsRefused
from app.training.config import TrainConfig
from app.training.networks import SmearNetwork, build_network
from app.training.train import checkpoint_path


def load_trained(config: TrainConfig) -> SmearNetwork:
    """Read the network after the last finished epoch of a run; it is not calibrated.

    Raises
    ------
    SettingsRefused
        If the scratch folder holds no checkpoint of the configuration's network.
    """
    content = _content(config)
    stored = content.get("architecture", config.network)
    if stored != config.network:
        raise SettingsRefused(
            f"{checkpoint_path(config)} holds the network {stored!r}, the configuration names "
            f"{config.network!r}. Set `network`, or name another `scratch_dir`."
        )
    network = build_network(config.network)
    try:
        network.load_state_dict(content["network"])
    except (KeyError, RuntimeError) as error:
        raise _unreadable(config, error) from error
    return network.eval()


def _content(config: TrainConfig) -> dict[str, Any]:
    path = checkpoint_path(config)
    if not path.is_file():
        raise SettingsRefused(
            f"{path} does not exist: nothing was trained there. Run `vexascope train` with this "
            "configuration first, or correct its `scratch_dir`."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise _unreadable(config, error) from error
    if not isinstance(content, dict):
        raise _unreadable(config, ValueError("it holds no checkpoint"))
    return content


def _unreadable(config: TrainConfig, error: Exception) -> SettingsRefused:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return SettingsRefused(
        f"{checkpoint_path(config)} cannot be read as a checkpoint: {reason}. Remove it, and "
        "train again."
    )
