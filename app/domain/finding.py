"""What a classifier says of one cell, and the tally of a case's cells."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest
from app.domain.cell import Cell
from app.domain.message import message
from app.domain.proportion import Proportion


@dataclass(frozen=True)
class CellFindings:
    """One pass of one bundle over one cell; append-only.

    Parameters
    ----------
    bundle_digest
        Hexadecimal SHA-256 that names the bundle.
    pmn_probability
        That the cell is a polymorphonuclear neutrophil, 0-1.
    probabilities
        One for each abnormality, 0-1, each judged by itself (multilabel).
    novelty
        How unlike the learnt neutrophils the cell is, in the network's own unit; None where the
        bundle measures none.
    """

    cell_id: UUID
    bundle_digest: str
    pmn_probability: float
    probabilities: Mapping[Abnormality, float]
    novelty: float | None = None


class Exclusion(StrEnum):
    """Why a cell is left out of the count."""

    POOR_QUALITY = "poor_quality"
    NOT_PMN = "not_pmn"
    UNFAMILIAR = "unfamiliar"
    NOT_CLASSIFIED = "not_classified"
    BY_READER = "by_reader"

    @property
    def wording(self) -> str:
        """The reason in words."""
        return _EXCLUSION_TITLES[self]


_EXCLUSION_TITLES = {
    Exclusion.POOR_QUALITY: message("Poor picture quality"),
    Exclusion.NOT_PMN: message("Not a neutrophil (PMN)"),
    Exclusion.UNFAMILIAR: message("Unlike the neutrophils that the classifier has learnt"),
    Exclusion.NOT_CLASSIFIED: message("Could not be classified"),
    Exclusion.BY_READER: message("Left out by the reader"),
}


@dataclass(frozen=True)
class ReadCell:
    """A cell beside what was found in it; `findings` is None where classification failed.

    Parameters
    ----------
    exclusion, abnormalities
        The reader's where `is_reviewed`, else the classifier's.
    is_reviewed
        Whether a reader has looked at the cell and agreed or decided otherwise.
    """

    cell: Cell
    findings: CellFindings | None
    exclusion: Exclusion | None
    abnormalities: frozenset[Abnormality]
    is_reviewed: bool = False


@dataclass(frozen=True)
class Tally:
    """The counts of a case.

    Parameters
    ----------
    patterns
        How many counted PMN show exactly each set of abnormalities; the empty set is a PMN
        without any. Proportions and the bootstrap both come from it.
    reviewed_patterns
        The same of those PMN that a reader has looked at; a part of `patterns`.
    """

    cells: tuple[ReadCell, ...]
    patterns: Mapping[frozenset[Abnormality], int]
    excluded: Mapping[Exclusion, int]
    reviewed_patterns: Mapping[frozenset[Abnormality], int] = field(default_factory=dict)

    @property
    def pmn_count(self) -> int:
        """Counted PMN: the denominator of every proportion."""
        return sum(self.patterns.values())

    @property
    def reviewed_pmn_count(self) -> int:
        """Counted PMN that a reader has looked at."""
        return sum(self.reviewed_patterns.values())

    def proportion(self, label: Abnormality) -> Proportion:
        """Share of the counted PMN that show the abnormality."""
        return Proportion(_showing(label, self.patterns), self.pmn_count)

    def reviewed_proportion(self, label: Abnormality) -> Proportion:
        """The same among those PMN that a reader has looked at."""
        return Proportion(_showing(label, self.reviewed_patterns), self.reviewed_pmn_count)


def _showing(label: Abnormality, patterns: Mapping[frozenset[Abnormality], int]) -> int:
    return sum(n for pattern, n in patterns.items() if label in pattern)


def called(
    probabilities: Mapping[Abnormality, float], manifest: BundleManifest
) -> frozenset[Abnormality]:
    """Abnormalities at or above their thresholds, whether or not the cell is counted."""
    return frozenset(
        label
        for label, probability in probabilities.items()
        if probability >= manifest.thresholds[label]
    )


def is_unfamiliar(novelty: float | None, manifest: BundleManifest) -> bool:
    """Tell whether a cell's novelty reaches the bundle's threshold; False without one."""
    threshold = manifest.novelty_threshold
    return novelty is not None and threshold is not None and novelty >= threshold


def read_cell(cell: Cell, findings: CellFindings | None, manifest: BundleManifest) -> ReadCell:
    """Judge one cell: left out and why, or counted with its abnormalities."""
    abnormalities = called(findings.probabilities, manifest) if findings else frozenset()
    return ReadCell(cell, findings, _exclusion(cell, findings, manifest), abnormalities)


def _exclusion(
    cell: Cell, findings: CellFindings | None, manifest: BundleManifest
) -> Exclusion | None:
    if not cell.quality.acceptable:
        return Exclusion.POOR_QUALITY
    if findings is None:
        return Exclusion.NOT_CLASSIFIED
    # First what the PMN output rejects by itself: a lymphocyte is far from neutrophils, too.
    if findings.pmn_probability < manifest.pmn_threshold:
        return Exclusion.NOT_PMN
    if is_unfamiliar(findings.novelty, manifest):
        return Exclusion.UNFAMILIAR
    return None


def tally(cells: Iterable[ReadCell]) -> Tally:
    """Count a case's cells."""
    cells = tuple(cells)
    counted = [cell for cell in cells if cell.exclusion is None]
    return Tally(
        cells=cells,
        patterns=Counter(cell.abnormalities for cell in counted),
        excluded=Counter(cell.exclusion for cell in cells if cell.exclusion),
        reviewed_patterns=Counter(cell.abnormalities for cell in counted if cell.is_reviewed),
    )
