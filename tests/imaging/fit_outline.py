"""Fit the outline's network on boxes that people drew, and print `outline_weights.py`.

    python -m tests.imaging.fit_outline DATA_DIR > app/imaging/outline_weights.py

Reads the TXL-PBC images below DATA_DIR/fields, the development half only (`fields.is_dev`).
A box becomes the ellipse inside it: points of the rays within are cell, points near it are edge.
Needs the `train` extra; takes about two minutes on one core.
"""

import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from app.imaging.outline import FIRST_REACH, SECOND_REACH, ray_features, sample_rays, survey
from app.imaging.stain import Stain, measure_stain, nuclei
from tests.imaging.fields import Field, is_dev, read_fields

COPIES = 4
"""Views per image: two around the nucleus, two around the cell; half with a changed stain."""
SHARE_OF_POINTS = 0.35
HIDDEN = (16, 16)
EPOCHS = 10
EDGE = 0.97
"""The drawn boxes leave a little air: the edge is at this share of the ellipse."""


def main(data: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    fields = [
        field for field in read_fields(data) if is_dev(field.name) and len(field.leukocytes) == 1
    ]
    points = [view for field in fields for view in _views(field, random)]
    features, labels, counted = (
        torch.from_numpy(np.concatenate(parts).astype(np.float32))
        for parts in zip(*points, strict=True)
    )
    network = _fit(features, labels, counted)
    sys.stdout.write(_module(network))


def _views(field: Field, random):
    """Yield features, labels (inside, edge) and which labels count, of points of one image."""
    stain = measure_stain(field.rgb)
    found = nuclei(stain)
    left, top, right, bottom = (stain.scale * side for side in field.leukocytes[0])
    middle = np.array([(left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5])
    half = np.array([(right - left) / 2, (bottom - top) / 2])
    inside = [mask for mask in found if _is_inside(mask, middle, half)]
    if not inside:
        return
    for copy in range(COPIES):
        seen = _change_stain(stain, random) if copy in {1, 2} else stain
        around = survey(seen, inside[0])
        centre, reach = around.centre, FIRST_REACH * around.radius_px
        if copy >= COPIES // 2:
            centre = tuple(middle + random.normal(0, 0.08 * half.mean(), 2))
            reach = SECOND_REACH * half.mean() * np.exp(random.normal(0, 0.1))
        x, y, rays = sample_rays(around, centre, reach)
        yield _label(x, y, middle, half, stain, ray_features(rays, around), random)


def _is_inside(mask, middle, half) -> bool:
    y, x = np.nonzero(mask)
    return bool(np.all(np.abs(np.array([x.mean(), y.mean()]) - middle) < half))


def _change_stain(stain: Stain, random) -> Stain:
    density = stain.density * np.exp(random.normal(0, 0.12, 3)) + random.normal(0, 0.02, 3)
    return Stain(
        density.astype(np.float32),
        stain.purple,
        stain.nucleus_threshold,
        stain.background,
        stain.scale,
    )


def _label(x, y, middle, half, stain: Stain, features, random):
    radius = np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1])
    height, width = stain.purple.shape
    is_in_image = (x > -0.5) & (y > -0.5) & (x < width - 0.5) & (y < height - 0.5)
    used = is_in_image & (radius < 2) & (random.random(radius.shape) < SHARE_OF_POINTS)
    off_edge = np.abs(radius - EDGE)
    labels = np.stack([radius < 0.98, off_edge < 0.045], axis=-1)
    # Between clearly inside and clearly outside, an ellipse knows too little.
    counted = np.stack(
        [(radius < 0.92) | (radius > 1.06), (off_edge < 0.045) | (off_edge > 0.1)], axis=-1
    )
    return features[used], labels[used], counted[used]


def _fit(features, labels, counted) -> nn.Sequential:
    sizes = (features.shape[1], *HIDDEN)
    layers = [
        layer
        for size, following in pairwise(sizes)
        for layer in (nn.Linear(size, following), nn.ReLU())
    ]
    network = nn.Sequential(*layers, nn.Linear(HIDDEN[-1], 2))
    batch, count = 512, len(features)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, EPOCHS * (count // batch))
    for _ in range(EPOCHS):
        order = torch.randperm(count)
        for start in range(0, count - batch + 1, batch):
            chosen = order[start : start + batch]
            losses = binary_cross_entropy_with_logits(
                network(features[chosen]), labels[chosen], reduction="none"
            )
            optimiser.zero_grad()
            (losses * counted[chosen]).mean().backward()
            optimiser.step()
            schedule.step()
    return network


def _module(network: nn.Sequential) -> str:
    parts, rows = [_HEAD], []
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    for number, layer in enumerate(linear, start=1):
        weights, bias = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
        parts.append(f'_WEIGHTS_{number} = """\n{_block(weights)}\n"""\n')
        parts.append(f'_BIAS_{number} = """\n{_block(bias)}\n"""\n')
        shape = f"{weights.shape[0]}, {weights.shape[1]}"
        rows.append(
            f"    (_array(_WEIGHTS_{number}, {shape}), _array(_BIAS_{number}, {len(bias)})),\n"
        )
    parts.append("\nLAYERS = (\n" + "".join(rows) + ")\n" + _TAIL)
    return "".join(parts)


def _block(values) -> str:
    text = " ".join(f"{value:.3g}" for value in values.ravel())
    return "\n".join(textwrap.wrap(text, 96, break_on_hyphens=False))


_HEAD = '''"""The weights of the outline's network, as `tests/imaging/fit_outline.py` printed them.

Fitted on the development half of the TXL-PBC images (MIT licence) and the boxes people drew there.
"""

import numpy as np
from numpy.typing import NDArray


def _array(text: str, *shape: int) -> NDArray[np.float32]:
    return np.array(text.split(), np.float32).reshape(shape)


'''
_TAIL = (
    '"""Weights (inputs, outputs) and bias (outputs,) of each layer, the first layer first."""\n'
)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
