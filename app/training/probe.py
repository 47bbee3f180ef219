"""Do the edits give themselves away? Probes that try to tell decoys from untouched neutrophils.

A decoy passes through the same painting as an abnormality, without the abnormality. A probe is a
second classifier that is trained to tell decoys from the same cells untouched. Three look at it:

- one on the network's embedding: does the network keep a trace of the painting;
- one on its four abnormality logits: does a trace reach what it says;
- a small network of its own on the pixels: is there a trace at all.

A trace that a probe finds need not be one that the classifier uses. That is what the label's own
output shows: how far it alone separates decoys from untouched cells, without any training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from app.domain.abnormality import Abnormality
from app.imaging.preprocess import preprocess
from app.training.calibrate import Array
from app.training.datasets.sample import Sample, read_crop
from app.training.evaluate import Figure
from app.training.evaluation.intervals import area_under_curve
from app.training.lesions import RGB, Edit, draw
from app.training.networks import SmearNetwork, build_network

TABLE = "Traces of editing"

_IMAGES = "decoy / untouched, real"
_FOLDS, _STRENGTHS = 5, np.logspace(-4, 0, 5)
_PIXEL_SIZE_PX, _PIXEL_EPOCHS, _PIXEL_BATCH, _PIXEL_RATE = 160, 8, 16, 2e-3
_BATCH = 32

Embed = Callable[[NDArray[np.uint8]], Array]
"""From preprocessed images (N, size, size, 3) to embeddings (N, D)."""
Head = Callable[[Array], Array]
"""From embeddings (N, D) to uncalibrated logits (N, 5)."""


@dataclass(frozen=True)
class Pairs:
    """Cells as they are, and the same cells after a decoy; n images each, in one order."""

    untouched: NDArray[np.uint8]
    decoys: NDArray[np.uint8]

    @property
    def images(self) -> NDArray[np.uint8]:
        """(2n, size, size, 3), the decoys first."""
        return np.concatenate([self.decoys, self.untouched])

    @property
    def edited(self) -> NDArray[np.bool_]:
        """(2n,) which of `images` are decoys."""
        return np.repeat([True, False], len(self.decoys))

    @property
    def cells(self) -> NDArray[np.int_]:
        """(2n,) which cell each of `images` shows."""
        return np.tile(np.arange(len(self.decoys)), 2)


def probe_edits(
    embed: Embed,
    head: Head,
    fitted_on: Sequence[Sample],
    measured_on: Sequence[Sample],
    size_px: int,
    seed: int,
) -> list[Figure]:
    """Probe the network for traces of each editor.

    Parameters
    ----------
    fitted_on, measured_on
        Untouched neutrophils: the probes learn from those and are measured on these, which share
        no cell. Some 150 of each are enough.

    Returns
    -------
    Areas under the curve for each abnormality's editor; 0.5 is chance. An editor that finds no
    room on ten cells of either side is left out.
    """
    figures = []
    for output, each in enumerate(Abnormality, start=1):
        fit = _drawn(fitted_on, each, size_px, seed)
        held = _drawn(measured_on, each, size_px, seed)
        if min(len(fit), len(held)) < 2 * _FOLDS:
            continue
        learnt, met = _pairs(fit), _pairs(held)
        inner, outer = _described(embed, learnt.images), _described(embed, met.images)
        said, own = head(inner)[:, 1:], head(outer)
        figures += [
            _figure(each, "a probe on the embedding", met, _probe(learnt, inner, outer)),
            _figure(each, "a probe on the four logits", met, _probe(learnt, said, own[:, 1:])),
            _figure(each, f"the output {each.value} alone", met, own[:, output]),
        ]
    return figures


def probe_pixels(
    fitted_on: Sequence[Sample],
    measured_on: Sequence[Sample],
    seed: int,
    size_px: int = _PIXEL_SIZE_PX,
    epochs: int = _PIXEL_EPOCHS,
) -> list[Figure]:
    """Train a small network on the pixels of all editors' decoys; parameters as `probe_edits`."""
    fit = {each: _drawn(fitted_on, each, size_px, seed) for each in Abnormality}
    everything = [pair for drawn in fit.values() for pair in drawn]
    if not everything:
        return []
    network = _trained_on_pixels(_pairs(everything), epochs, seed)
    figures = []
    for each in Abnormality:
        held = _drawn(measured_on, each, size_px, seed)
        if held:
            met = _pairs(held)
            found = _described(lambda images: _judged(network, images), met.images)
            figures.append(_figure(each, "a small network on the pixels", met, found[:, 0]))
    return figures


def _drawn(
    cells: Sequence[Sample], each: Abnormality, size_px: int, seed: int
) -> list[tuple[RGB, RGB]]:
    """Each cell as it is and after the decoy, preprocessed; cells without room are left out."""
    found = []
    for number, cell in enumerate(cells):
        rgb = read_crop(cell)
        decoy = draw(rgb, Edit(each, decoy=True), np.random.default_rng([seed, number]))
        if decoy is not None:
            found.append((preprocess(rgb, size_px), preprocess(decoy, size_px)))
    return found


def _pairs(found: Sequence[tuple[RGB, RGB]]) -> Pairs:
    untouched, decoys = zip(*found, strict=True)
    return Pairs(np.stack(untouched), np.stack(decoys))


def _described(describe: Embed, images: NDArray[np.uint8]) -> Array:
    parts = [describe(images[at : at + _BATCH]) for at in range(0, len(images), _BATCH)]
    return np.concatenate(parts)


def _probe(learnt: Pairs, inner: Array, outer: Array) -> Array:
    """Fit a penalised logistic regression, its strength chosen across cells; (N,) of `outer`."""
    folds = list(GroupKFold(_FOLDS).split(inner, learnt.edited, learnt.cells))
    regression = LogisticRegressionCV(
        Cs=_STRENGTHS,
        l1_ratios=(0,),
        cv=folds,
        scoring="roc_auc",
        max_iter=2000,
        use_legacy_attributes=False,
    )
    fitted = make_pipeline(StandardScaler(), regression).fit(inner, learnt.edited)
    return np.asarray(fitted.decision_function(outer))


def _figure(each: Abnormality, teller: str, met: Pairs, found: Array) -> Figure:
    present, absent = found[met.edited], found[~met.edited]
    value, interval = area_under_curve(present, absent)
    measure = f"{each.value}: decoys told from untouched cells by {teller}, ROC-AUC"
    return Figure(TABLE, measure, _IMAGES, f"{len(present)} / {len(absent)}", value, interval)


def _trained_on_pixels(pairs: Pairs, epochs: int, seed: int) -> SmearNetwork:
    """Train the published small network; its first output says "edited"."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build_network("braga-2025").train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_PIXEL_RATE)
    for _ in range(epochs):
        # A cell and its decoy stay in one batch: the probe is to look at nothing but the editing.
        order = rng.permutation(len(pairs.decoys))
        for at in range(0, len(order), _PIXEL_BATCH):
            chosen = order[at : at + _PIXEL_BATCH]
            images = np.concatenate([pairs.decoys[chosen], pairs.untouched[chosen]])
            truth = torch.cat([torch.ones(len(chosen)), torch.zeros(len(chosen))])
            logits = network.logits(_turned(images, rng))[:, 0]
            optimiser.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(logits, truth)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return network.eval()


def _turned(images: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """Turn and mirror a batch, which leaves every trace of editing as it is."""
    turned = np.rot90(images, int(rng.integers(4)), axes=(1, 2))
    flipped = turned[:, ::-1] if rng.random() < 0.5 else turned  # noqa: PLR2004 - a coin
    return torch.from_numpy(np.ascontiguousarray(flipped))


def _judged(network: SmearNetwork, images: NDArray[np.uint8]) -> Array:
    with torch.inference_mode():
        return network.logits(torch.from_numpy(images)).double().numpy()[:, :1]
