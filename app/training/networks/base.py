"""What every network shares: the last layer, its calibration, and what it returns.

The last layer is linear on the mean of the last feature map, so an activation map is exact: the
mean of a label's map, plus its bias, is the label's logit.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from app.domain.abnormality import Abnormality

LOGITS = 1 + len(Abnormality)
"""The PMN logit first, then the abnormalities in their order."""


class Outputs(NamedTuple):
    """What the exported graph returns; N images, a feature map of h x w, D features."""

    pmn_probability: Tensor
    """(N,)"""
    abnormality_probabilities: Tensor
    """(N, 4)"""
    activation_maps: Tensor
    """(N, 4, h, w), in units of the calibrated logit."""
    embedding: Tensor
    """(N, D)"""


@dataclass(frozen=True)
class Pretraining:
    """Where the weights that training starts from come from."""

    name: str
    licence: str


class SmearNetwork(nn.Module, ABC):
    """A classifier: uint8 images in; probabilities, activation maps and embedding out.

    A probability is `sigmoid(logit / temperature + offset)`. Both buffers are (5,) and exported
    inside the graph, as is the normalisation; they are 1 and 0 until calibration sets them.

    Parameters
    ----------
    width
        Channels of the last feature map: D.
    dropout
        Share of the embedding that is dropped in training.
    """

    description: ClassVar[str]
    """In words, for the manifest and the card."""
    pretraining: ClassVar[Pretraining | None]
    """None where training starts from random weights."""

    temperature: Tensor
    offset: Tensor

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, LOGITS)
        self.register_buffer("temperature", torch.ones(LOGITS))
        self.register_buffer("offset", torch.zeros(LOGITS))

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to the last feature map (N, D, h, w)."""

    @abstractmethod
    def load_pretrained(self) -> None:
        """Load the weights that training starts from; without `pretraining` none are changed."""

    def embed(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to what the last layer reads: (N, D).

        In training some of it is dropped at random.
        """
        pooled: Tensor = self.dropout(self.features(images).mean((2, 3)))
        return pooled

    def logits(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to uncalibrated logits (N, 5)."""
        out: Tensor = self.linear(self.embed(images))
        return out

    def set_calibration(self, temperature: Sequence[float], offset: Sequence[float]) -> None:
        """Fold a calibration into the network, and so into its graph; PMN first, (5,) each."""
        self.temperature.copy_(torch.tensor(temperature))
        self.offset.copy_(torch.tensor(offset))

    def forward(self, images: Tensor) -> Outputs:
        """Classify uint8 RGB images (N, size, size, 3)."""
        features = self.features(images)
        embedding = features.mean((2, 3))
        logits = self.linear(embedding) / self.temperature + self.offset
        probabilities = torch.sigmoid(logits)
        weight = self.linear.weight[1:] / self.temperature[1:, None]
        maps = nn.functional.conv2d(features, weight[:, :, None, None])
        return Outputs(probabilities[:, 0], probabilities[:, 1:], maps, embedding)
