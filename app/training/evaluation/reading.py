"""Cells of a data set, read as the server reads them: decode, locate, judge, prepare, classify."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from uuid import NAMESPACE_OID, UUID, uuid5

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN
from app.domain.cell import Box, Cell, Framing, Location
from app.domain.errors import DatasetRefused, ImageRefused
from app.domain.finding import CellFindings, ReadCell, read_cell
from app.imaging.decode import ImageLimits, decode, pixel_sha256
from app.imaging.locate import locate
from app.imaging.preprocess import cut
from app.imaging.quality import assess
from app.ports import Classifier, Prediction
from app.services.analysis import predict, prepare
from app.services.intake import CELLS_PER_JOB, Examined, Rgb, batches
from app.training.datasets.folder import Sample, read_crop

LABELS = (PMN, *(each.value for each in Abnormality))
"""The five labels by name, in the order of `Labels.array()`."""


@dataclass(frozen=True)
class EvaluatedCell:
    """One line of the data set beside what the product made of it.

    Parameters
    ----------
    number
        1, 2, ... in the order of the evaluated lines; pictures and predictions name it.
    read
        None where the image was refused or could not be classified.
    refusal
        Why `read` is None; else empty.
    """

    number: int
    sample: Sample
    read: ReadCell | None
    refusal: str = ""

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Five probabilities in the order of `LABELS`; NaN where the cell was not read."""
        findings = self.read.findings if self.read else None
        if findings is None:
            return (float("nan"),) * len(LABELS)
        return (findings.pmn_probability, *(findings.probabilities[each] for each in Abnormality))


def read_samples(
    samples: Sequence[Sample], classifier: Classifier, limits: ImageLimits, threads: Executor
) -> Iterator[EvaluatedCell]:
    """Read samples in their order; what cannot be read is refused alone, as the server would."""
    size_px = classifier.bundle.manifest.size_px
    for batch in batches(enumerate(samples, start=1), CELLS_PER_JOB):
        outcomes = list(threads.map(lambda item: _prepared(item[1], limits, size_px), batch))
        images = [item[1] for item in outcomes if not isinstance(item, str)]
        predictions = iter(predict(images, classifier))
        for (number, sample), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, str):
                yield EvaluatedCell(number, sample, None, outcome)
            else:
                yield _evaluated(number, sample, outcome[0], next(predictions), classifier)


def crop_of(sample: Sample, limits: ImageLimits) -> Rgb:
    """The part of a sample's image that the classifier read: (height, width, 3), 0-255, RGB."""
    examined, rgb = _examine(sample, limits)
    return cut(rgb, examined.location.crop)


def origin_of(sample: Sample) -> str:
    """The table that a cell belongs to: ``real``, ``synthetic`` or ``edited``."""
    origin = sample.origin.strip().lower()
    if origin in {"", "real"}:
        return "real"
    return "synthetic" if origin.startswith("synthetic") else "edited"


def patients_of(cells: Iterable[EvaluatedCell]) -> list[str]:
    """The patient of each cell, empty where the data set names none."""
    return [cell.sample.patient for cell in cells]


def _prepared(sample: Sample, limits: ImageLimits, size_px: int) -> tuple[Examined, Rgb] | str:
    """Keep the classifier's input alone: whole images would fill memory."""
    try:
        examined, rgb = _examine(sample, limits)
        return examined, prepare(rgb, examined.location, size_px)
    except ImageRefused as error:
        return f"{error.reason}: {error.detail}"
    except DatasetRefused as error:
        return f"box_or_image: {error.detail}"
    except OSError as error:
        return f"unreadable: The file cannot be read: {error.strerror or type(error).__name__}."


def _examine(sample: Sample, limits: ImageLimits) -> tuple[Examined, Rgb]:
    if sample.box is None:
        rgb = decode(sample.path.read_bytes(), limits).rgb
        location = locate(rgb)
    else:
        # The label belongs to the boxed cell, which need not be the one that `locate` would take.
        rgb = read_crop(sample)
        location = Location(Framing.TIGHT, Box(0, 0, rgb.shape[1], rgb.shape[0]))
    digest = pixel_sha256(rgb)
    return Examined(
        file_name=sample.path.name,
        content_sha256=digest,
        pixel_sha256=digest,
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        location=location,
        quality=assess(rgb, location),
    ), rgb


def _evaluated(
    number: int,
    sample: Sample,
    examined: Examined,
    prediction: Prediction | Exception,
    classifier: Classifier,
) -> EvaluatedCell:
    if isinstance(prediction, Exception):
        return EvaluatedCell(number, sample, None, f"not_classified: {prediction}")
    manifest = classifier.bundle.manifest
    case_id = _id(f"patient {sample.patient}")
    cell = Cell(
        id=_id(f"cell {number}"),
        case_id=case_id,
        upload_id=case_id,
        ordinal=number,
        **vars(examined),
    )
    findings = CellFindings(
        cell_id=cell.id,
        bundle_digest=manifest.digest,
        pmn_probability=prediction.pmn_probability,
        probabilities=prediction.probabilities,
        novelty=prediction.novelty,
    )
    return EvaluatedCell(number, sample, read_cell(cell, findings, manifest))


def _id(name: str) -> UUID:
    """An id that a second run gives again."""
    return uuid5(NAMESPACE_OID, f"vexascope evaluation {name}")
