"""Prediction without a case: files in, verdicts out, by the path that the server takes."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

from app.domain.abnormality import Abnormality
from app.domain.errors import RefusedFile
from app.ports import Classifier, Prediction
from app.services.analysis import predict, prepare
from app.services.intake import (
    CELLS_PER_JOB,
    Examined,
    IncomingFile,
    IntakeLimits,
    batches,
    examine_candidate,
    unpacked,
)


@dataclass(frozen=True)
class Verdict:
    """What was found in one file that was accepted.

    Parameters
    ----------
    findings
        Labels at or above their thresholds.
    """

    examined: Examined
    prediction: Prediction
    findings: tuple[Abnormality, ...]


def predict_files(
    files: Iterable[IncomingFile], limits: IntakeLimits, classifier: Classifier, threads: Executor
) -> Iterator[Verdict | RefusedFile]:
    """Judge and classify files in their order; nothing is stored."""
    size_px = classifier.bundle.manifest.size_px
    for batch in batches(unpacked(files, limits), CELLS_PER_JOB):
        outcomes = list(threads.map(lambda item: examine_candidate(item, limits.image), batch))
        images = [
            prepare(rgb, examined.location, size_px)
            for examined, rgb in (item for item in outcomes if not isinstance(item, RefusedFile))
        ]
        predictions = iter(predict(images, classifier))
        for outcome in outcomes:
            if isinstance(outcome, RefusedFile):
                yield outcome
            else:
                yield _verdict(outcome[0], next(predictions), classifier)


def _verdict(
    examined: Examined, prediction: Prediction | Exception, classifier: Classifier
) -> Verdict | RefusedFile:
    if isinstance(prediction, Exception):
        return RefusedFile(examined.file_name, "not_classified", str(prediction))
    thresholds = classifier.bundle.manifest.thresholds
    findings = tuple(
        label for label in Abnormality if prediction.probabilities[label] >= thresholds[label]
    )
    return Verdict(examined, prediction, findings)
