"""Networks by the name that a training configuration gives."""

from app.domain.errors import SettingsRefused
from app.training.networks.base import SmearNetwork
from app.training.networks.braga import BragaNetwork
from app.training.networks.efficientnet import EfficientNetLite0

NETWORKS: dict[str, type[EfficientNetLite0] | type[BragaNetwork]] = {
    "efficientnet-lite0": EfficientNetLite0,
    "braga-2025": BragaNetwork,
}


def build_network(name: str) -> SmearNetwork:
    """Make an untrained network, with random weights.

    Raises
    ------
    SettingsRefused
        If there is no network of this name.
    """
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise SettingsRefused(f"There is no network {name!r}. Set `network` to one of: {known}.")
    return NETWORKS[name]()
