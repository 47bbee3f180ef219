"""What a classifier says of one cell, and the tally of many."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.abnormality import Abnormality


@dataclass(frozen=True)
class CellFindings:
    """One pass of one bundle over one cell; append-only.

    Parameters
    ----------
    bundle_digest
        Hexadecimal SHA-256 that names the bundle.
    pmn_probability
        That the cell is a polymorphonuclear neutrophil, 0-1.
    probabilities
        One for each abnormality, 0-1, each judged by itself (multilabel).
    """

    cell_id: UUID
    bundle_digest: str
    pmn_probability: float
    probabilities: dict[Abnormality, float]
