"""What the templates of uploads may know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RefusalRow:
    """One file that was kept out, why, and when that was told."""

    file: str
    detail: str
    told: str


@dataclass(frozen=True)
class UnfinishedRow:
    """One file of which only a part has arrived.

    Parameters
    ----------
    arrived
        How much of how much, with its unit.
    waits
        Until when.
    """

    file: str
    arrived: str
    waits: str


@dataclass(frozen=True)
class DeliveriesPart:
    """deliveries.html, and a part of parts/upload.html.

    Parameters
    ----------
    summary
        What came of all deliveries, in numbers; None where there was none.
    being_read
        How many files have arrived and are not taken in yet; None where there is none.
    """

    path: str
    summary: str | None
    being_read: str | None
    unfinished: tuple[UnfinishedRow, ...]
    refused: tuple[RefusalRow, ...]
    duplicates: tuple[str, ...]


@dataclass(frozen=True)
class UploadPanel:
    """parts/upload.html.

    Parameters
    ----------
    path
        Where files go; None for who may send none, and sees what was sent.
    outcomes_path
        Where to ask what came of them.
    words
        The sentences of the script, as JSON.
    first
        Whether the case has no images yet.
    """

    path: str | None
    outcomes_path: str
    words: str
    first: bool
    deliveries: DeliveriesPart
