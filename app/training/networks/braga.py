"""The small network of De Almeida Braga et al. 2025 (doi 10.1111/ijlh.14368), as a baseline.

What is published fixes the channels, the kernels, three max-pools and the ImageNet normalisation.
It does not say where the pools lie, how much is dropped, or how edges are padded: here a pool
follows each second convolution, a fifth is dropped, and convolutions keep the size. The original
has four outputs; this one also says whether the cell is a PMN.
"""

from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from app.training.networks.base import Pretraining, SmearNetwork

_CHANNELS = (3, 8, 16, 16, 16, 16, 32)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class BragaNetwork(SmearNetwork):
    """About 13,000 parameters, an embedding of 32 features; meant for 227 x 227 px."""

    description: ClassVar[str] = (
        "Small network of De Almeida Braga et al. 2025: six 3 x 3 convolutions, global average "
        "pool, one linear layer"
    )
    pretraining: ClassVar[Pretraining | None] = None

    mean: Tensor
    deviation: Tensor

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__(_CHANNELS[-1], dropout)
        self.layers = nn.Sequential(*_layers())
        # Shaped to work on the input as it comes: channels last, 0-255.
        self.register_buffer("mean", 255 * torch.tensor(_MEAN), persistent=False)
        self.register_buffer("deviation", 255 * torch.tensor(_DEVIATION), persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to the feature map (N, 32, size/8, size/8)."""
        normalised = (images.float() - self.mean) / self.deviation
        mapped: Tensor = self.layers(normalised.permute(0, 3, 1, 2))
        return mapped

    def load_pretrained(self) -> None:
        """Change nothing: this network is trained from random weights."""


def _layers() -> list[nn.Module]:
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise(_CHANNELS), start=1):
        # The batch norm shifts; a bias before it would do nothing.
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        if number % 2 == 0:
            layers.append(nn.MaxPool2d(2))
    return layers
