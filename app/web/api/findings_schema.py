"""The findings of a report, one row a cell: as JSON, and as rows of CSV."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.report import CellLine, Report
from app.web.api.schemas import BundleRead, Probability

# What a spreadsheet takes for the start of a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class FindingRead(BaseModel):
    """One cell as the report counts it, and as the classifier alone would."""

    ordinal: int = Field(description="1, 2, ... in the order of acceptance.")
    cell_id: UUID = Field(description="Key of the cell.")
    file: str = Field(description="Name as sent.")
    pixel_sha256: str = Field(description="Of the upright pixels.")
    counted: bool = Field(description="Whether it stands in the report's denominator.")
    exclusion: Exclusion | None = Field(description="Why it does not.")
    abnormalities: list[Abnormality] = Field(
        description="The reader's, where one has looked, else the classifier's; they count only "
        "where `counted`."
    )
    reader: str | None = Field(description="Who looked at it; null where nobody has.")
    classifier_exclusion: Exclusion | None = Field(description="Why the classifier left it out.")
    classifier_abnormalities: list[Abnormality] | None = Field(
        description="What the classifier called; null where it could not read the cell."
    )
    pmn_probability: Probability | None = Field(description="The classifier's, that it is a PMN.")
    probabilities: dict[Abnormality, Probability] | None = Field(
        description="The classifier's, for each abnormality."
    )

    @classmethod
    def of(cls, line: CellLine) -> Self:
        """From the domain."""
        is_read = line.pmn_probability is not None
        return cls(
            ordinal=line.ordinal,
            cell_id=line.cell_id,
            file=line.file_name,
            pixel_sha256=line.pixel_sha256,
            counted=line.exclusion is None,
            exclusion=line.exclusion,
            abnormalities=list(line.abnormalities),
            reader=line.reader_name,
            classifier_exclusion=line.classifier_exclusion,
            classifier_abnormalities=list(line.classifier_abnormalities) if is_read else None,
            pmn_probability=line.pmn_probability,
            probabilities=dict(line.probabilities) if is_read else None,
        )


class FindingsRead(BaseModel):
    """Every cell that was read, by ordinal."""

    case_id: UUID = Field(description="Key of the case.")
    version: int | None = Field(description="The signed version; null for a draft.")
    created_at: datetime = Field(description="When the report was compiled, UTC.")
    bundle: BundleRead = Field(description="The classifier behind the findings.")
    cells: list[FindingRead] = Field(description="Cells by ordinal.")

    @classmethod
    def of(cls, report: Report) -> Self:
        """From the domain."""
        return cls(
            case_id=report.case.id,
            version=report.version,
            created_at=report.created_at,
            bundle=BundleRead.of(report.bundle),
            cells=[FindingRead.of(line) for line in report.cells],
        )


def findings_csv(report: Report) -> str:
    """One row a cell, comma-separated, with a header.

    Probabilities are 0-1; what is yes or no is 1 or 0, and empty where nobody decided. Columns
    that begin with `reader_` are empty where no reader has looked at the cell.
    """
    table = StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    rows = [_row(report, line) for line in report.cells]
    writer.writerow(_row_names())
    writer.writerows([[guarded(value) for value in row.values()] for row in rows])
    return table.getvalue()


def _row_names() -> list[str]:
    return [
        "case_id",
        "report_version",
        "bundle_digest",
        "cell_ordinal",
        "cell_id",
        "file_name",
        "pixel_sha256",
        "counted",
        "exclusion",
        *(f"{label}_reported" for label in Abnormality),
        "reader_name",
        "reader_exclusion",
        *(f"reader_{label}" for label in Abnormality),
        "classifier_exclusion",
        *(f"classifier_{label}" for label in Abnormality),
        "pmn_probability",
        *(f"{label}_probability" for label in Abnormality),
    ]


def _row(report: Report, line: CellLine) -> dict[str, Any]:
    values = [
        report.case.id,
        report.version,
        report.bundle.digest,
        line.ordinal,
        line.cell_id,
        line.file_name,
        line.pixel_sha256,
        int(line.exclusion is None),
        line.exclusion,
        *_shown(line.abnormalities),
        *_of_reader(line),
        line.classifier_exclusion,
        *_of_classifier(line),
    ]
    return dict(zip(_row_names(), values, strict=True))


def _of_reader(line: CellLine) -> Iterator[Any]:
    yield line.reader_name
    yield line.exclusion if line.reader_name else None
    yield from _shown(line.abnormalities) if line.reader_name else [None] * len(Abnormality)


def _of_classifier(line: CellLine) -> Iterator[Any]:
    is_read = line.pmn_probability is not None
    yield from _shown(line.classifier_abnormalities) if is_read else [None] * len(Abnormality)
    yield line.pmn_probability
    yield from (line.probabilities.get(label) for label in Abnormality)


def _shown(abnormalities: tuple[Abnormality, ...]) -> list[int]:
    return [int(label in abnormalities) for label in Abnormality]


def guarded(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it."""
    text = str(value) if isinstance(value, str) else ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else value
