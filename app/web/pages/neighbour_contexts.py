"""Contexts of what is loaded beside one cell on demand: similar cells, and the heat map."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SimilarCard:
    """One similar cell.

    Parameters
    ----------
    name
        Its number; of another case with the accession number.
    origin
        That its case is not a patient's, in a word or two; None for a patient's.
    calls
        What it was called, in words.
    """

    path: str
    thumbnail_path: str
    name: str
    origin: str | None
    similarity: str
    calls: str
    same_picture: bool


@dataclass(frozen=True)
class SimilarGroup:
    """Similar cells of one place; `searched` says among how many they were found."""

    title: str
    searched: str
    cards: tuple[SimilarCard, ...]


@dataclass(frozen=True)
class SimilarPart:
    """similar.html: without groups, `missing` says why."""

    groups: tuple[SimilarGroup, ...]
    missing: str | None
    bundle_title: str


@dataclass(frozen=True)
class HeatNote:
    """What stands beside the choice of a heat map.

    Parameters
    ----------
    statement
        What a map is, and is not.
    scale
        What faint and strong mean.
    missing
        Why a cell has no map.
    """

    statement: str
    scale: str
    missing: str
