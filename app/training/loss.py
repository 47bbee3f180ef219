"""The loss on what is known: a missing label costs nothing and teaches nothing."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_MOST_WEIGHT = 6.0


def masked_loss(
    logits: Tensor, labels: Tensor, positive_weight: Tensor, output_weight: Tensor
) -> Tensor:
    """Mean binary cross-entropy of each output over its known labels, then weighted and summed.

    Parameters
    ----------
    logits, labels
        (N, 5); NaN in `labels` means unknown.
    positive_weight
        (5,) How much more a positive counts than a negative.
    output_weight
        (5,)
    """
    known = ~torch.isnan(labels)
    # NaN must not even enter the arithmetic: NaN times 0 is NaN, in the gradient too.
    filled = torch.where(known, labels, torch.zeros_like(labels))
    each = functional.binary_cross_entropy_with_logits(
        logits, filled, pos_weight=positive_weight, reduction="none"
    )
    total = torch.where(known, each, torch.zeros_like(each)).sum(0)
    return (total / known.sum(0).clamp(min=1) * output_weight).sum()


def type_loss(logits: Tensor, types: Tensor) -> Tensor:
    """Mean cross-entropy of naming the cell's type; a negative type is unknown and costs nothing.

    Parameters
    ----------
    logits
        (N, types).
    types
        (N,) integers.
    """
    known = types >= 0
    if not known.any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits[known], types[known])


def positive_weights(labels: NDArray[np.float32]) -> Tensor:
    """Balance positives and negatives of each output, within limits.

    Parameters
    ----------
    labels
        (N, 5) of one epoch; NaN means unknown.
    """
    positives, negatives = (labels == 1).sum(0), (labels == 0).sum(0)
    ratio = np.sqrt(negatives / np.maximum(positives, 1))
    return torch.from_numpy(np.clip(ratio, 1.0, _MOST_WEIGHT).astype(np.float32))
