"""Analysis: classify a batch of a case's cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain.cell import Cell, Location
from app.domain.errors import ImageRefused, NotFound, StorageUnavailable
from app.domain.finding import CellFindings
from app.domain.message import message
from app.imaging.embedding import project
from app.imaging.preprocess import cut, preprocess
from app.imaging.stored import decode_stored
from app.ports import BlobStore, CellEmbedding, Classifier, Prediction, Transaction
from app.services.intake import Rgb, blob_name

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CellFailure:
    """A cell that could not be classified."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class BatchResult:
    """Every cell of the batch has findings with an embedding, or a failure."""

    findings: tuple[CellFindings, ...]
    embeddings: tuple[CellEmbedding, ...]
    failures: tuple[CellFailure, ...]


def classify_cells(cells: Sequence[Cell], classifier: Classifier, blobs: BlobStore) -> BatchResult:
    """Classify stored cells; one that fails does so alone.

    Raises
    ------
    StorageUnavailable
        If the store does not answer: the whole batch is to be tried again, no cell is at fault.
    """
    prepared: list[tuple[Cell, Rgb]] = []
    failures: list[CellFailure] = []
    for cell in cells:
        try:
            prepared.append((cell, _prepared(cell, classifier, blobs)))
        except StorageUnavailable:
            raise
        except (ImageRefused, NotFound) as error:
            failures.append(CellFailure(cell, str(error)))
        # Whatever one image does, the others of its batch are still to be read.
        except Exception as error:
            _log.exception("cell not prepared", cell=str(cell.id))
            reason = message(
                "The image could not be prepared ({error}). Send another one.",
                error=type(error).__name__,
            )
            failures.append(CellFailure(cell, reason))
    findings: list[CellFindings] = []
    embeddings: list[CellEmbedding] = []
    digest = classifier.bundle.manifest.digest
    outcomes = predict([image for _, image in prepared], classifier)
    for (cell, _), outcome in zip(prepared, outcomes, strict=True):
        if isinstance(outcome, Prediction):
            findings.append(_findings(cell, outcome, digest))
            if outcome.embedding is not None:
                embeddings.append(CellEmbedding(cell.id, digest, project(outcome.embedding)))
        else:
            failures.append(CellFailure(cell, str(outcome)))
    return BatchResult(tuple(findings), tuple(embeddings), tuple(failures))


def record(transaction: Transaction, result: BatchResult, digest: str, now: datetime) -> None:
    """Append findings, embeddings and failures of a batch; a second run of it changes nothing."""
    transaction.cells.add_findings(result.findings, now)
    transaction.embeddings.add(result.embeddings)
    for failure in result.failures:
        transaction.cells.add_failure(failure.cell.id, digest, failure.reason, now)


def prepare(rgb: Rgb, location: Location, size_px: int) -> Rgb:
    """Cut the cell out of an upright image and bring it to the classifier's size."""
    return preprocess(cut(rgb, location.crop), size_px)


def _prepared(cell: Cell, classifier: Classifier, blobs: BlobStore) -> Rgb:
    rgb = decode_stored(blobs.get(blob_name(cell.pixel_sha256)))
    return prepare(rgb, cell.location, classifier.bundle.manifest.size_px)


def predict(images: Sequence[Rgb], classifier: Classifier) -> list[Prediction | Exception]:
    """One outcome for each prepared image, in order."""
    if not images:
        return []
    try:
        return list(_all_at_once(images, classifier))
    except Exception as error:
        if len(images) == 1:
            return [error]
        # One image may have spoilt the batch: each gets its own chance.
        return [outcome for image in images for outcome in predict([image], classifier)]


def _all_at_once(images: Sequence[Rgb], classifier: Classifier) -> list[Prediction]:
    predictions = classifier.classify(images)
    if len(predictions) != len(images):
        raise RuntimeError(f"{len(images)} images gave {len(predictions)} predictions")
    return predictions


def _findings(cell: Cell, prediction: Prediction, digest: str) -> CellFindings:
    return CellFindings(
        cell_id=cell.id,
        bundle_digest=digest,
        pmn_probability=prediction.pmn_probability,
        probabilities=prediction.probabilities,
        novelty=prediction.novelty,
    )
