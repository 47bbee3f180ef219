"""How far two readers agree on the same cells."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.finding import ReadCell
from app.domain.proportion import Z_95

# Below it the formula gives zero, but for rounding.
SMALLEST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two readers on yes or no.

    Parameters
    ----------
    both, first_only, second_only, neither
        Cells on which both, one or none said yes.
    """

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def total(self) -> int:
        """Cells that both judged."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def observed(self) -> float | None:
        """Share of the cells on which they agree, 0-1; None without cells."""
        return (self.both + self.neither) / self.total if self.total else None

    @property
    def value(self) -> float | None:
        """Agreement beyond chance, at most 1 (Cohen 1960).

        None where it is undefined: without cells, and where both gave every cell one answer.
        """
        expected = self._expected
        if self.observed is None or expected is None or expected == 1:
            return None
        return (self.observed - expected) / (1 - expected)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval by the large-sample standard error (Fleiss, Cohen, Everitt 1969).

        None where the formula finds no error at all, as for a few cells without a disagreement:
        an interval of no width would claim certainty.
        """
        value, expected = self.value, self._expected
        if value is None or expected is None:
            return None
        variance = self._variance_factor(value, expected)
        if variance < SMALLEST_VARIANCE:
            return None
        error = math.sqrt(variance / self.total)
        half = Z_95 * error / (1 - expected)
        return max(-1.0, value - half), min(1.0, value + half)

    @property
    def _margins(self) -> tuple[float, float]:
        """Shares of yes of the first and of the second reader."""
        return (self.both + self.first_only) / self.total, (
            self.both + self.second_only
        ) / self.total

    @property
    def _expected(self) -> float | None:
        if not self.total:
            return None
        first, second = self._margins
        return first * second + (1 - first) * (1 - second)

    def _variance_factor(self, value: float, expected: float) -> float:
        first, second = self._margins
        n = self.total
        agree = (self.both / n) * (1 - (first + second) * (1 - value)) ** 2
        agree += (self.neither / n) * (1 - (2 - first - second) * (1 - value)) ** 2
        # Off the diagonal the column's and the row's margins are of opposite answers.
        differ = (self.first_only / n) * (second + 1 - first) ** 2
        differ += (self.second_only / n) * (1 - second + first) ** 2
        return agree + (1 - value) ** 2 * differ - (value - expected * (1 - value)) ** 2


@dataclass(frozen=True)
class Agreement:
    """Of two readers on the cells of a case.

    Parameters
    ----------
    counted
        On whether a cell is counted, of the cells that both looked at: on the others both would
        only repeat the classifier, and seem to agree.
    labels
        On each abnormality, of those of them that both count.
    disagreements
        Cells that they hold for different things, of all cells, by ordinal.
    """

    counted: Kappa
    labels: Mapping[Abnormality, Kappa]
    disagreements: tuple[UUID, ...]


def agreement(first: Sequence[ReadCell], second: Sequence[ReadCell]) -> Agreement:
    """Compare two readings of the same cells, in the same order.

    Raises
    ------
    ValueError
        If the cells are not the same.
    """
    if [cell.cell.id for cell in first] != [cell.cell.id for cell in second]:
        raise ValueError("two readings of different cells")
    pairs = list(zip(first, second, strict=True))
    seen = [(a, b) for a, b in pairs if a.is_reviewed and b.is_reviewed]
    both = [(a, b) for a, b in seen if a.exclusion is None and b.exclusion is None]
    return Agreement(
        counted=_kappa([(a.exclusion is None, b.exclusion is None) for a, b in seen]),
        labels={
            label: _kappa([(label in a.abnormalities, label in b.abnormalities) for a, b in both])
            for label in Abnormality
        },
        disagreements=tuple(a.cell.id for a, b in pairs if _differ(a, b)),
    )


def _differ(first: ReadCell, second: ReadCell) -> bool:
    """Whether the report would change with whom it followed; why a cell is left out does not."""
    if first.exclusion is None and second.exclusion is None:
        return first.abnormalities != second.abnormalities
    return (first.exclusion is None) != (second.exclusion is None)


def _kappa(answers: Sequence[tuple[bool, bool]]) -> Kappa:
    counts = Counter(answers)
    return Kappa(
        both=counts[True, True],
        first_only=counts[True, False],
        second_only=counts[False, True],
        neither=counts[False, False],
    )
