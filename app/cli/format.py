"""How `vexascope predict` prints its verdicts."""

from enum import StrEnum


class Format(StrEnum):
    """A form of output."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
