"""Two bundles on the same cells: where they agree, and by how much their shares differ."""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.abnormality import Abnormality
from app.domain.finding import ReadCell, tally
from app.domain.proportion import wilson_interval
from app.domain.screening import Recommendation, ScreeningRule, advise, score_value

# From so many cases on, cases are drawn again instead of cells: cells of one smear are alike.
CASES_FOR_BOOTSTRAP = 10
RESAMPLES = 2000
_LOW, _HIGH = 0.025, 0.975


@dataclass(frozen=True)
class PairedCounts:
    """How two bundles called the same cells."""

    both: int = 0
    first_only: int = 0
    second_only: int = 0
    neither: int = 0

    @property
    def total(self) -> int:
        """Cells."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def first(self) -> int:
        """Called by the first."""
        return self.both + self.first_only

    @property
    def second(self) -> int:
        """Called by the second."""
        return self.both + self.second_only

    @property
    def agreement(self) -> float | None:
        """Share of the cells that both called alike, 0-1; None without cells."""
        return (self.both + self.neither) / self.total if self.total else None

    @property
    def difference(self) -> float | None:
        """Share called by the second less that by the first; None without cells."""
        return (self.second_only - self.first_only) / self.total if self.total else None

    @property
    def mcnemar_p(self) -> float | None:
        """Exact two-sided p of McNemar's test; None where no cell was called differently."""
        differing = self.first_only + self.second_only
        if not differing:
            return None
        fewer = min(self.first_only, self.second_only)
        tail: int = sum(math.comb(differing, number) for number in range(fewer + 1))
        return min(1.0, float(2 * tail / 2**differing))


def paired_interval(counts: PairedCounts) -> tuple[float, float]:
    """The 95 % interval of `difference`: Newcombe 1998 (Stat Med 17:2635), method 10.

    Raises
    ------
    ValueError
        Without cells.
    """
    number = counts.total
    # Method 10 is of the first less the second; the names are exchanged for second less first.
    one, two = counts.second / number, counts.first / number
    low_one, high_one = wilson_interval(counts.second, number)
    low_two, high_two = wilson_interval(counts.first, number)
    phi = _phi(counts)
    below = _root(one - low_one, high_two - two, phi)
    above = _root(two - low_two, high_one - one, phi)
    return max(-1.0, one - two - below), min(1.0, one - two + above)


def _root(left: float, right: float, phi: float) -> float:
    return math.sqrt(max(0.0, left * left - 2 * phi * left * right + right * right))


def _phi(counts: PairedCounts) -> float:
    """Correlation of the two calls, with the method's continuity correction."""
    margins = counts.first * (counts.total - counts.first)
    margins *= counts.second * (counts.total - counts.second)
    if not margins:
        return 0.0
    product: float = counts.both * counts.neither - counts.first_only * counts.second_only
    if product > 0:
        product = max(product - counts.total / 2, 0.0)
    return product / math.sqrt(margins)


def bootstrap_interval(groups: Sequence[PairedCounts], seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the difference over all cells, from drawing cases anew."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    values = []
    pairs = [(item.second_only - item.first_only, item.total) for item in groups]
    for _ in range(RESAMPLES):
        drawn = rng.choices(pairs, k=len(pairs))
        total = sum(number for _, number in drawn)
        values.append(sum(change for change, _ in drawn) / total if total else 0.0)
    values.sort()
    return values[round(_LOW * (RESAMPLES - 1))], values[round(_HIGH * (RESAMPLES - 1))]


@dataclass(frozen=True)
class LabelComparison:
    """One label under two bundles.

    Parameters
    ----------
    label
        None: whether a cell is counted as a PMN at all.
    interval
        Of the difference, 95 %; None without cells.
    is_over_cases
        Whether the interval comes from drawing cases anew, not from single cells.
    """

    label: Abnormality | None
    counts: PairedCounts
    interval: tuple[float, float] | None
    is_over_cases: bool


@dataclass(frozen=True)
class CaseComparison:
    """One case, or one folder of images, under two bundles."""

    group: str
    cell_count: int
    pmn_counts: tuple[int, int]
    scores: tuple[float | None, float | None]
    recommendations: tuple[Recommendation, Recommendation]


@dataclass(frozen=True)
class Comparison:
    """All that was measured of two bundles on the same cells.

    Parameters
    ----------
    failed
        Cells that one of the two could not read; they are left out.
    """

    labels: tuple[LabelComparison, ...]
    cases: tuple[CaseComparison, ...]
    cell_count: int
    failed: int


Pair = tuple[ReadCell, ReadCell]


def compare(
    groups: Mapping[str, Sequence[Pair]], rules: tuple[ScreeningRule, ScreeningRule]
) -> Comparison:
    """Compare two bundles, group by group; each pair is one cell as either read it.

    Abnormalities are compared on the cells that both count as PMN.
    """
    read = {name: [pair for pair in pairs if _is_read(pair)] for name, pairs in groups.items()}
    pairs = sum(map(len, groups.values()))
    done = sum(map(len, read.values()))
    return Comparison(
        labels=tuple(_compare_label(label, read.values()) for label in (None, *Abnormality)),
        cases=tuple(_compare_case(name, found, rules) for name, found in read.items()),
        cell_count=done,
        failed=pairs - done,
    )


def _is_read(pair: Pair) -> bool:
    return all(item.findings is not None for item in pair)


def _compare_label(
    label: Abnormality | None, groups: Collection[Sequence[Pair]]
) -> LabelComparison:
    counted = [paired_counts(label, pairs) for pairs in groups]
    filled = [item for item in counted if item.total]
    counts = PairedCounts(
        both=sum(item.both for item in counted),
        first_only=sum(item.first_only for item in counted),
        second_only=sum(item.second_only for item in counted),
        neither=sum(item.neither for item in counted),
    )
    if not counts.total:
        return LabelComparison(label, counts, None, is_over_cases=False)
    over_cases = len(filled) >= CASES_FOR_BOOTSTRAP
    interval = bootstrap_interval(filled) if over_cases else paired_interval(counts)
    return LabelComparison(label, counts, interval, is_over_cases=over_cases)


def paired_counts(label: Abnormality | None, pairs: Sequence[Pair]) -> PairedCounts:
    """Count one label over cells that both have read; None asks which are counted as PMN."""
    asked = [pair for pair in pairs if label is None or _is_counted(pair)]
    calls = [(_calls(label, first), _calls(label, second)) for first, second in asked]
    return PairedCounts(
        both=calls.count((True, True)),
        first_only=calls.count((True, False)),
        second_only=calls.count((False, True)),
        neither=calls.count((False, False)),
    )


def _is_counted(pair: Pair) -> bool:
    return all(item.exclusion is None for item in pair)


def _calls(label: Abnormality | None, item: ReadCell) -> bool:
    return item.exclusion is None if label is None else label in item.abnormalities


def _compare_case(
    name: str, pairs: Sequence[Pair], rules: tuple[ScreeningRule, ScreeningRule]
) -> CaseComparison:
    tallies = [tally(pair[side] for pair in pairs) for side in (0, 1)]
    scores = [score_value(found, rule) for found, rule in zip(tallies, rules, strict=True)]
    advice = [advise(value, rule.cut_off) for value, rule in zip(scores, rules, strict=True)]
    return CaseComparison(
        group=name,
        cell_count=len(pairs),
        pmn_counts=(tallies[0].pmn_count, tallies[1].pmn_count),
        scores=(scores[0], scores[1]),
        recommendations=(advice[0], advice[1]),
    )
