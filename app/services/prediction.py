"""Prediction without a case: files in, verdicts out, by the path that the server takes."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from app.domain.abnormality import Abnormality
from app.domain.errors import RefusedFile, StorageUnavailable, TooLarge
from app.domain.finding import called, is_unfamiliar
from app.ports import Classifier, Prediction
from app.services.analysis import predict, prepare
from app.services.intake import (
    Candidate,
    Examined,
    IncomingFile,
    IntakeLimits,
    Rgb,
    examine_candidate,
    in_memory_batches,
    unpacked,
    unreadable,
)


@dataclass(frozen=True)
class Verdict:
    """What was found in one file that was accepted.

    Parameters
    ----------
    findings
        Labels at or above their thresholds.
    unfamiliar
        Whether the cell is unlike the neutrophils that the classifier has learnt.
    """

    examined: Examined
    prediction: Prediction
    findings: tuple[Abnormality, ...]
    unfamiliar: bool


def predict_files(
    files: Iterable[IncomingFile | RefusedFile],
    limits: IntakeLimits,
    classifier: Classifier,
    threads: Executor,
) -> Iterator[Verdict | RefusedFile]:
    """Judge and classify files in their order; nothing is stored.

    A file that is refused already is handed on; one that cannot be read, and an archive that is
    too large, is refused alone.
    """
    size_px = classifier.bundle.manifest.size_px
    for batch in in_memory_batches(_candidates(files, limits)):
        outcomes = list(threads.map(lambda item: _prepared(item, limits, size_px), batch))
        images = [item[1] for item in outcomes if not isinstance(item, RefusedFile)]
        predictions = iter(predict(images, classifier))
        for outcome in outcomes:
            if isinstance(outcome, RefusedFile):
                yield outcome
            else:
                yield _verdict(outcome[0], next(predictions), classifier)


def cannot_be_read(file: str, error: OSError) -> RefusedFile:
    """Refuse a file that the operating system does not hand out."""
    why = error.strerror or type(error).__name__
    return RefusedFile(file, "unreadable", f"The file cannot be read: {why}.")


def _candidates(
    files: Iterable[IncomingFile | RefusedFile], limits: IntakeLimits
) -> Iterator[Candidate]:
    for file in files:
        if isinstance(file, RefusedFile):
            yield file
            continue
        try:
            yield from unpacked([file], limits)
        except TooLarge as error:
            yield RefusedFile(file.file, "too_large", error.detail)
        except OSError as error:
            yield cannot_be_read(file.file, error)


def _prepared(
    item: Candidate, limits: IntakeLimits, size_px: int
) -> tuple[Examined, Rgb] | RefusedFile:
    """Examine one file and keep the classifier's input alone: whole images would fill memory."""
    outcome = examine_candidate(item, limits.image)
    if isinstance(outcome, RefusedFile):
        return outcome
    examined, rgb = outcome
    try:
        return examined, prepare(rgb, examined.location, size_px)
    except StorageUnavailable:
        raise
    except Exception:
        return unreadable(examined.file_name)


def _verdict(
    examined: Examined, prediction: Prediction | Exception, classifier: Classifier
) -> Verdict | RefusedFile:
    if isinstance(prediction, Exception):
        return RefusedFile(examined.file_name, "not_classified", str(prediction))
    manifest = classifier.bundle.manifest
    found = called(prediction.probabilities, manifest)
    findings = tuple(label for label in Abnormality if label in found)
    unfamiliar = is_unfamiliar(prediction.novelty, manifest)
    return Verdict(examined, prediction, findings, unfamiliar)
