"""The numbers that change with every decision: the classifier's beside the readers'."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.finding import Tally, tally
from app.domain.screening import (
    Recommendation,
    ScreeningRule,
    ScreeningScore,
    advise,
    score_value,
    screen,
)
from app.services.reading import CaseAsRead
from app.services.reporting import changed_count


@dataclass(frozen=True)
class ReviewCount:
    """What a case counts now.

    Parameters
    ----------
    classifier
        The tally of the classifier's calls alone.
    reviewed
        The tally of the cells as the readers hold them.
    value
        The screening score, 0-1; None while cells wait, and where too few PMN are counted.
    recommendation
        None while cells wait.
    looked_at_count, changed_count, unreviewed_count
        Cells that a reader has looked at; of these, those that are held for something else; cells
        that a reader must still look at.
    """

    classifier: Tally
    reviewed: Tally
    value: float | None
    recommendation: Recommendation | None
    cut_off: float
    looked_at_count: int
    changed_count: int
    unreviewed_count: int


def review_count(as_read: CaseAsRead) -> ReviewCount:
    """Count a case, without what takes long: the interval of the score."""
    reviewed, rule = tally(as_read.cells), as_read.bundle.rule
    done = as_read.progress.done
    value = score_value(reviewed, rule) if done else None
    return ReviewCount(
        classifier=tally(as_read.read),
        reviewed=reviewed,
        value=value,
        recommendation=advise(value, rule.cut_off) if done else None,
        cut_off=rule.cut_off,
        looked_at_count=sum(item.is_reviewed for item in as_read.cells),
        changed_count=changed_count(as_read.read, as_read.cells),
        unreviewed_count=len(as_read.unreviewed),
    )


def score_of(tallied: Tally, rule: ScreeningRule, bundle_digest: str) -> ScreeningScore | None:
    """The score with its interval; the same counts under the same bundle are scored once."""
    return _score(_Scored(tallied, rule, bundle_digest))


class _Scored:
    """A tally and a rule, equal to others by what the score depends on."""

    def __init__(self, tallied: Tally, rule: ScreeningRule, bundle_digest: str) -> None:
        self.tallied, self.rule = tallied, rule
        # In the order of the patterns too: the resampling draws in it.
        self._key = (bundle_digest, _counts(tallied.patterns), _counts(tallied.reviewed_patterns))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Scored) and self._key == other._key


def _counts(
    patterns: Mapping[frozenset[Abnormality], int],
) -> tuple[tuple[frozenset[Abnormality], int], ...]:
    return tuple(patterns.items())


@lru_cache(maxsize=128)
def _score(item: _Scored) -> ScreeningScore | None:
    return screen(item.tallied, item.rule)


def cells_since(as_read: CaseAsRead, sequence: int) -> frozenset[UUID]:
    """Cells that were decided on after an event, as the viewer may see it."""
    return frozenset(
        event.cell_id for event in as_read.visible_reviews if event.sequence > sequence
    )


def others_since(as_read: CaseAsRead, sequence: int, viewer_id: UUID) -> list[tuple[str, int]]:
    """Who else decided on how many cells after an event, by name."""
    cells: dict[str, set[UUID]] = {}
    for event in as_read.visible_reviews:
        if event.sequence > sequence and event.reader_id != viewer_id:
            cells.setdefault(event.reader_name, set()).add(event.cell_id)
    return sorted((name, len(found)) for name, found in cells.items())
