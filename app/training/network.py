"""The networks' former place."""

from app.training.networks.base import LOGITS, Outputs
from app.training.networks.efficientnet import EfficientNetLite0 as SmearNetwork

EMBEDDING = 1280


def load_imagenet(network: SmearNetwork) -> None:
    """Load the ImageNet weights."""
    network.load_pretrained()


__all__ = ["EMBEDDING", "LOGITS", "Outputs", "SmearNetwork", "load_imagenet"]
