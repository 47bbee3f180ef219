"""Sums over the cases of a week, from which their share, their mean and their spread are told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app.domain.proportion import wilson_interval


@dataclass(frozen=True)
class CountSums:
    """Counts of a week's cases, added up over the cases: x of n cells in each.

    Parameters
    ----------
    case_count
        Cases with at least one cell.
    count, total
        Sums of x and of n.
    count_squares, products, total_squares
        Sums of x squared, x times n, n squared: how the cases differ.
    """

    case_count: int = 0
    count: float = 0.0
    total: float = 0.0
    count_squares: float = 0.0
    products: float = 0.0
    total_squares: float = 0.0

    @classmethod
    def of(cls, cases: Sequence[tuple[int, int]]) -> Self:
        """Add up the x and n of each case."""
        return cls(
            case_count=len(cases),
            count=sum(x for x, _ in cases),
            total=sum(n for _, n in cases),
            count_squares=sum(x * x for x, _ in cases),
            products=sum(x * n for x, n in cases),
            total_squares=sum(n * n for _, n in cases),
        )

    def __add__(self, other: "CountSums") -> "CountSums":
        """Both weeks together."""
        return CountSums(
            self.case_count + other.case_count,
            self.count + other.count,
            self.total + other.total,
            self.count_squares + other.count_squares,
            self.products + other.products,
            self.total_squares + other.total_squares,
        )

    @property
    def share(self) -> float | None:
        """Counted of all cells, 0-1."""
        return self.count / self.total if self.total else None

    @property
    def between_cases(self) -> float:
        """Sum over the cases of (x - p n) squared, p being the share of all."""
        p = self.share or 0.0
        squares = self.count_squares - 2 * p * self.products + p * p * self.total_squares
        return max(0.0, squares)


@dataclass(frozen=True)
class MeanSums:
    """One number of each case, added up over a week's cases."""

    case_count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Add the values up."""
        return cls(len(values), sum(values), sum(value * value for value in values))

    def __add__(self, other: "MeanSums") -> "MeanSums":
        """Both weeks together."""
        return MeanSums(
            self.case_count + other.case_count,
            self.total + other.total,
            self.squares + other.squares,
        )

    @property
    def mean(self) -> float | None:
        """Of the cases, each with the same weight."""
        return self.total / self.case_count if self.case_count else None

    @property
    def deviation(self) -> float:
        """Standard deviation between the cases; 0 of fewer than two."""
        if self.case_count < 2:  # noqa: PLR2004
            return 0.0
        spread = self.squares - self.total * self.total / self.case_count
        return math.sqrt(max(0.0, spread) / (self.case_count - 1))


def correlation_within(sums: CountSums) -> float:
    """The correlation of two cells of one case, by moments; 0 where they seem independent."""
    share = sums.share or 0.0
    binomial = share * (1 - share)
    pairs = sums.total_squares - sums.total
    if sums.case_count < 2 or binomial <= 0 or pairs <= 0:  # noqa: PLR2004
        return 0.0
    observed = sums.between_cases * sums.case_count / (sums.case_count - 1)
    return min(1.0, max(0.0, (observed - binomial * sums.total) / (binomial * pairs)))


def effective_total(sums: CountSums) -> float:
    """How many independent cells would say as much as these clustered ones.

    Kish's design effect, estimated from the cases themselves; never more than there are cells,
    and no less than there are cases.
    """
    share = sums.share
    if share is None or sums.case_count < 2 or not 0 < share < 1:  # noqa: PLR2004
        return sums.total
    observed = sums.between_cases * sums.case_count / (sums.case_count - 1)
    effect = observed / (share * (1 - share) * sums.total)
    return max(sums.total / max(1.0, effect), float(min(sums.case_count, sums.total)))


def clustered_interval(sums: CountSums) -> tuple[float, float] | None:
    """95 % interval of a share of clustered cells; None of nothing.

    Wilson's, with the effective number in place of the number (Korn and Graubard 1998, Survey
    Methodology 24:193, do so with the exact interval): cells of a case are alike, and as many
    independent ones would say more.
    """
    share, total = sums.share, effective_total(sums)
    return None if share is None else wilson_interval(share * total, total)
