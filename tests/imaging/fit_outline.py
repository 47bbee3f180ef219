"""Fit the outline's network, and print `outline_weights.py`.

    python -m tests.imaging.fit_outline DATA_DIR > app/imaging/outline_weights.py

Reads the TXL-PBC images below DATA_DIR/fields, the development half only (`fields.is_dev`).
A box that people drew becomes the ellipse inside it: points of the rays within are cell, points
near it are edge. Hardly any of those cells is pale, so copies of them from which the granules were
taken are added, and synthetic frames, whose contour is known.
Needs the `train` extra; takes about three minutes on one core.
"""

import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from app.domain.abnormality import Abnormality
from app.imaging.outline import FIRST_REACH, SECOND_REACH, ray_features, sample_rays, survey
from app.imaging.stain import Stain, measure_stain, nuclei
from tests.imaging.fields import PaleCell, draw_cell, is_dev, pale_copy, read_fields

COPIES = 4
"""Views per image: two around the nucleus, two around the cell; half with a changed stain."""
FIRST_SEED, DRAWN = 100_000, 600
"""Synthetic frames; the seeds below are left for measuring and for tests."""
SHOWN_SHARE = dict.fromkeys(Abnormality, 0.3) | {Abnormality.HYPOGRANULARITY: 0.8}
SEVERITY = (0.4, 1.0)
CONTRAST = (0.2, 1.4)
"""Of the cytoplasm, in shares of what the stain shows; above 1 means 1."""
SIZES_PX, LARGE_SHARE = ((360, 363), (575, 575)), 0.35
SHARE_OF_POINTS = 0.3
HIDDEN = (24, 16)
EPOCHS = 10
EDGE = 0.97
"""The drawn boxes leave a little air: the edge is at this share of the ellipse."""


def main(data: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    points = [view for cell in _cells(data, random) for view in _views(cell, random)]
    features, labels, counted = (
        torch.from_numpy(np.concatenate(parts).astype(np.float32))
        for parts in zip(*points, strict=True)
    )
    network = _fit(features, labels, counted)
    sys.stdout.write(_module(network))


def _cells(data: Path, random) -> Iterator[PaleCell]:
    """Yield real cells as they are, copies of them without granules, and drawn ones."""
    for field in read_fields(data):
        if is_dev(field.name) and len(field.leukocytes) == 1:
            # Twice: what people drew on real cells counts most.
            yield from [PaleCell(field.rgb, field.leukocytes[0])] * 2
            copy = pale_copy(field, random)
            if copy is not None:
                yield copy
    for seed in range(FIRST_SEED, FIRST_SEED + DRAWN):
        shown = [kind for kind in Abnormality if random.random() < SHOWN_SHARE[kind]]
        size_px = SIZES_PX[int(random.random() < LARGE_SHARE)]
        severity, contrast = random.uniform(*SEVERITY), min(1.0, random.uniform(*CONTRAST))
        yield draw_cell(seed, shown, float(severity), size_px, float(contrast))


def _views(cell: PaleCell, random):
    """Yield features, labels (inside, edge) and which labels count, of points of one image."""
    stain = measure_stain(cell.rgb)
    found = nuclei(stain)
    left, top, right, bottom = (stain.scale * side for side in cell.box)
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
        radius = _radius(cell, stain.scale, middle, half, x, y)
        yield _label(x, y, radius, stain, ray_features(rays, around), random)


def _radius(cell: PaleCell, scale: float, middle, half, x, y):
    """Tell how far out points lie, the edge of the cell being at `EDGE`."""
    if cell.outline is None:
        return np.hypot((x - middle[0]) / half[0], (y - middle[1]) / half[1])
    across, down = ((cell.outline + 0.5) * scale - 0.5 - middle).T
    angles, radii = np.arctan2(down, across), np.hypot(across, down)
    order = np.argsort(angles)
    away = np.arctan2(y - middle[1], x - middle[0])
    edge = np.interp(away, angles[order], radii[order], period=2 * np.pi)
    return EDGE * np.hypot(x - middle[0], y - middle[1]) / edge


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


def _label(x, y, radius, stain: Stain, features, random):
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

Fitted on the development half of the TXL-PBC images (MIT licence) and the boxes people drew there,
on copies of them with paler cytoplasm, and on synthetic cells.
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
