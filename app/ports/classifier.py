"""What runs a bundle, and what is kept of the bundles that ran."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.screening import ScreeningRule


@dataclass(frozen=True)
class Bundle:
    """A classifier's manifest and the screening rule that goes with it."""

    manifest: BundleManifest
    rule: ScreeningRule


@dataclass(frozen=True)
class Prediction:
    """One forward pass over one cell; probabilities 0-1.

    `novelty` says how unlike the learnt neutrophils the cell is, in the network's own unit; None
    where the bundle measures none. `embedding` (D,) is what the network's last layer reads.
    """

    pmn_probability: float
    probabilities: Mapping[Abnormality, float]
    novelty: float | None = None
    # Arrays have no equality that is one truth value.
    embedding: NDArray[np.float32] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class CellEmbedding:
    """Where a cell lies among the others, under one bundle: neighbours look alike to it.

    Parameters
    ----------
    vector
        (64,), as `app.imaging.embedding.project` makes it.
    """

    cell_id: UUID
    bundle_digest: str
    vector: NDArray[np.float16] = field(compare=False)


class Classifier(Protocol):
    """Runs one bundle."""

    @property
    def bundle(self) -> Bundle:
        """What runs."""

    @property
    def provider(self) -> str:
        """The execution provider that really runs, for example ``CPUExecutionProvider``."""

    def classify(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Classify n images (size_px, size_px, 3), 0-255, RGB order; n predictions in order."""

    def explain(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where the log-odds of one image (size_px, size_px, 3) come from, for each abnormality.

        Returns
        -------
        (4, h, w), over the whole square of the image, in units of the calibrated logit: the mean
        of a label's map, plus a constant of the label, is its log-odds.
        """


class BundleRepository(Protocol):
    """Bundles that ever read a cell: an old report stays readable without its weights."""

    def remember(self, bundle: Bundle, files: Mapping[str, str], seen_at: datetime) -> None:
        """Keep manifest and rule under their digest."""

    def get(self, digest: str) -> Bundle:
        """A bundle by digest; raises `NotFound`."""

    def digests(self) -> Sequence[str]:
        """Of all bundles, the one that was seen here last first."""


class EmbeddingRepository(Protocol):
    """Where cells lie among each other."""

    def add(self, embeddings: Sequence[CellEmbedding]) -> None:
        """Append; what is there already under the same bundle stays as it is."""

    def of_case(self, case_id: UUID, digest: str) -> Sequence[CellEmbedding]:
        """Those of a case's cells under one bundle, by ordinal."""

    def latest_elsewhere(
        self, case_id: UUID, digest: str, limit: int, site_ids: Collection[UUID]
    ) -> Sequence[CellEmbedding]:
        """The newest cells of the sites' other cases under one bundle, newest first."""
