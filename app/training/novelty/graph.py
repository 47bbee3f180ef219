"""Novelty as a part of the exported graph: the reference lies in it as constants."""

import torch
from torch import Tensor, nn

from app.training.novelty.reference import LOGIT_WEIGHT, MOST_LOGIT, NoveltyReference


class Novelty(nn.Module):
    """Maps embedding (N, D) and uncalibrated logits (N, 5), PMN first, to novelty (N,).

    The same as `reference.novelty`; a test holds both together.
    """

    neutrophils: Tensor

    def __init__(self, reference: NoveltyReference) -> None:
        super().__init__()
        self.register_buffer("neutrophils", torch.tensor(reference.neutrophils))
        self._reference = reference

    def forward(self, embedding: Tensor, logits: Tensor) -> Tensor:
        """Measure the novelty of N cells: (N,), 0 or more."""
        fitted = self._reference
        unit = embedding / embedding.norm(dim=1, keepdim=True).clamp(min=1e-12)
        distance = (1 - (unit @ self.neutrophils.T).amax(dim=1)) / fitted.distance_scale
        below = (fitted.logit_middle - logits[:, 0]) / fitted.logit_scale
        unlike: Tensor = distance + LOGIT_WEIGHT * below.clamp(0, MOST_LOGIT)
        return unlike / fitted.limit
