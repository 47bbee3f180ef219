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
        # Plain numbers: the exporter keeps those of numpy as tensors, which a clamp cannot take.
        self.middle, self.scale = float(reference.logit_middle), float(reference.logit_scale)
        self.distance_scale, self.limit = float(reference.distance_scale), float(reference.limit)

    def forward(self, embedding: Tensor, logits: Tensor) -> Tensor:
        """Measure the novelty of N cells: (N,), 0 or more."""
        unit = embedding / embedding.norm(dim=1, keepdim=True).clamp(min=1e-12)
        distance = (1 - (unit @ self.neutrophils.T).amax(dim=1)) / self.distance_scale
        below = torch.relu((self.middle - logits[:, 0]) / self.scale)
        # No clamp with two ends: the exporter turns one of them into a tensor, and then fails.
        capped = below - torch.relu(below - MOST_LOGIT)
        novelty: Tensor = (distance + LOGIT_WEIGHT * capped) / self.limit
        return novelty
