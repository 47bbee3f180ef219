"""Novelty as a part of the exported graph: the reference lies in it as constants."""

import torch
from torch import Tensor, nn

from app.training.novelty.reference import (
    LOGIT_WEIGHT,
    MOST_LOGIT,
    MOST_STRANGE,
    STEEPNESS,
    TORN,
    NoveltyReference,
)


class Novelty(nn.Module):
    """Maps embedding (N, D) and uncalibrated logits (N, 5), PMN first, to novelty (N,).

    The same as `reference.novelty`; a test holds both together.
    """

    neutrophils: Tensor
    others: Tensor

    def __init__(self, reference: NoveltyReference) -> None:
        super().__init__()
        self.register_buffer("neutrophils", torch.tensor(reference.neutrophils))
        self.register_buffer("others", torch.tensor(reference.others))
        self._reference = reference

    def forward(self, embedding: Tensor, logits: Tensor) -> Tensor:
        """Measure the novelty of N cells: (N,), 0 to 4."""
        fitted, pmn = self._reference, logits[:, 0]
        unit = embedding / embedding.norm(dim=1, keepdim=True).clamp(min=1e-12)
        near = _distance(unit, self.neutrophils) / fitted.distance_scale
        below = ((fitted.logit_middle - pmn) / fitted.logit_scale).clamp(0, MOST_LOGIT)
        unlike = (near + LOGIT_WEIGHT * below) / fitted.limit
        strange = _distance(unit, self.others) / fitted.others_limit
        torn = TORN * (pmn + 2).clamp(0, 1)
        beyond = (STEEPNESS * (unlike - 1)).clamp(0, 1)
        return unlike.clamp(max=1) + beyond * torch.maximum(strange.clamp(max=MOST_STRANGE), torn)


def _distance(unit: Tensor, vectors: Tensor) -> Tensor:
    """One minus the largest cosine similarity of unit vectors (N, D) to (K, D): (N,)."""
    return 1 - (unit @ vectors.T).amax(dim=1)
