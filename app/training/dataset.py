"""The public single-cell data set under its earlier names; `datasets/` has taken over."""

from app.training.datasets.pbc import Record, label, read_records
from app.training.datasets.sample import UNKNOWN, Labels, Sample, Split, read_rgb

__all__ = [
    "UNKNOWN",
    "Labels",
    "Record",
    "Sample",
    "Split",
    "label",
    "read_records",
    "read_rgb",
    "real_samples",
]


def real_samples(records: list[Record]) -> list[Sample]:
    """Label the untouched images."""
    return [Sample(record.path, label(record)) for record in records]
