"""What differs between two reports of one case: the later beside the earlier."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput
from app.domain.finding import Exclusion
from app.domain.message import message
from app.domain.proportion import Proportion
from app.domain.report import CellLine, Interpretation, Report
from app.domain.review import Decision
from app.domain.screening import Recommendation, ScreeningScore


@dataclass(frozen=True)
class ProportionChange:
    """Of one abnormality."""

    label: Abnormality
    before: Proportion
    after: Proportion


@dataclass(frozen=True)
class ExclusionChange:
    """How many cells were left out for one reason."""

    reason: Exclusion
    before: int
    after: int


@dataclass(frozen=True)
class CellChange:
    """One cell that is held for something else; None where one of the reports has no such cell."""

    cell_id: UUID
    ordinal: int
    before: Decision | None
    after: Decision | None


@dataclass(frozen=True)
class Difference:
    """Two reports beside each other.

    Parameters
    ----------
    pmn_count, score, recommendation, interpretation, bundle_title
        Before and after, whether or not they differ.
    bundle_changed
        Whether another classifier or rule stands behind the later one, of whatever title.
    proportions
        One for each abnormality, whether or not they differ.
    exclusions
        One for each reason that either report gives.
    cells
        Only those that differ, by ordinal.
    """

    pmn_count: tuple[int, int]
    proportions: tuple[ProportionChange, ...]
    score: tuple[ScreeningScore | None, ScreeningScore | None]
    recommendation: tuple[Recommendation | None, Recommendation | None]
    exclusions: tuple[ExclusionChange, ...]
    interpretation: tuple[str, str]
    bundle_title: tuple[str, str]
    bundle_changed: bool
    cells: tuple[CellChange, ...]


def difference(before: Report, after: Report) -> Difference:
    """Compare two reports of one case.

    Raises
    ------
    InvalidInput
        If they are of two cases.
    """
    if before.case.id != after.case.id:
        raise InvalidInput(message("Only two reports of the same case can be compared."))
    return Difference(
        pmn_count=(before.pmn_count, after.pmn_count),
        proportions=_proportions(before, after),
        score=(before.score, after.score),
        recommendation=(before.recommendation, after.recommendation),
        exclusions=_exclusions(before, after),
        interpretation=(_text(before.interpretation), _text(after.interpretation)),
        bundle_title=(before.bundle.title, after.bundle.title),
        bundle_changed=before.bundle.digest != after.bundle.digest,
        cells=tuple(_cells(before, after)),
    )


def _proportions(before: Report, after: Report) -> tuple[ProportionChange, ...]:
    later = {line.label: line.proportion for line in after.abnormalities}
    return tuple(
        ProportionChange(line.label, line.proportion, later[line.label])
        for line in before.abnormalities
    )


def _exclusions(before: Report, after: Report) -> tuple[ExclusionChange, ...]:
    earlier, later = (
        {line.reason: line.count for line in each.exclusions} for each in (before, after)
    )
    return tuple(
        ExclusionChange(reason, earlier.get(reason, 0), later.get(reason, 0))
        for reason in Exclusion
        if reason in earlier or reason in later
    )


def _text(interpretation: Interpretation | None) -> str:
    return interpretation.text if interpretation else ""


def _cells(before: Report, after: Report) -> Iterator[CellChange]:
    earlier, later = _by_id(before), _by_id(after)
    lines = sorted({**earlier, **later}.values(), key=lambda line: line.ordinal)
    for line in lines:
        old, new = (_decision(cells.get(line.cell_id)) for cells in (earlier, later))
        if old != new:
            yield CellChange(line.cell_id, line.ordinal, old, new)


def _by_id(report: Report) -> Mapping[UUID, CellLine]:
    return {line.cell_id: line for line in report.cells}


def _decision(line: CellLine | None) -> Decision | None:
    return Decision(line.exclusion, frozenset(line.abnormalities)) if line else None
