"""The networks that can be trained, by name, behind one interface."""

from app.training.networks.base import LOGITS, Outputs, Pretraining, SmearNetwork
from app.training.networks.registry import NETWORKS, build_network

__all__ = ["LOGITS", "NETWORKS", "Outputs", "Pretraining", "SmearNetwork", "build_network"]
