"""Analysis: classify a batch of a case's cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from app.domain.cell import Cell
from app.domain.errors import ImageRefused, NotFound
from app.domain.finding import CellFindings
from app.imaging.preprocess import cut, preprocess
from app.imaging.stored import decode_stored
from app.ports import BlobStore, Classifier, Prediction, Transaction
from app.services.intake import blob_name


@dataclass(frozen=True)
class CellFailure:
    """A cell that could not be classified."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class BatchResult:
    """Every cell of the batch stands in exactly one of the two."""

    findings: tuple[CellFindings, ...]
    failures: tuple[CellFailure, ...]


def classify_cells(cells: Sequence[Cell], classifier: Classifier, blobs: BlobStore) -> BatchResult:
    """Classify stored cells; one that fails does so alone.

    Raises
    ------
    StorageUnavailable
        If the store does not answer: the whole batch is to be tried again, no cell is at fault.
    """
    prepared: list[tuple[Cell, NDArray[np.uint8]]] = []
    failures: list[CellFailure] = []
    for cell in cells:
        try:
            prepared.append((cell, _prepared(cell, classifier, blobs)))
        except (ImageRefused, NotFound) as error:
            failures.append(CellFailure(cell, str(error)))
    findings: list[CellFindings] = []
    for cell, outcome in _predict(prepared, classifier):
        if isinstance(outcome, Prediction):
            findings.append(_findings(cell, outcome, classifier.bundle.manifest.digest))
        else:
            failures.append(CellFailure(cell, str(outcome)))
    return BatchResult(tuple(findings), tuple(failures))


def record(transaction: Transaction, result: BatchResult, digest: str, now: datetime) -> None:
    """Append a batch's findings and failures; a second run of the batch changes nothing."""
    transaction.cells.add_findings(result.findings, now)
    for failure in result.failures:
        transaction.cells.add_failure(failure.cell.id, digest, failure.reason, now)


def _prepared(cell: Cell, classifier: Classifier, blobs: BlobStore) -> NDArray[np.uint8]:
    rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
    return preprocess(cut(rgb, cell.location.crop), classifier.bundle.manifest.size_px)


def _predict(
    prepared: Sequence[tuple[Cell, NDArray[np.uint8]]], classifier: Classifier
) -> list[tuple[Cell, Prediction | Exception]]:
    if not prepared:
        return []
    try:
        predictions = classifier.classify(np.stack([image for _, image in prepared]))
        pairs = zip((cell for cell, _ in prepared), predictions, strict=True)
        return list(pairs)
    except Exception as error:
        if len(prepared) == 1:
            return [(prepared[0][0], error)]
        # One image may have spoilt the batch: each gets its own chance.
        return [pair for item in prepared for pair in _predict([item], classifier)]


def _findings(cell: Cell, prediction: Prediction, digest: str) -> CellFindings:
    return CellFindings(cell.id, digest, prediction.pmn_probability, prediction.probabilities)
