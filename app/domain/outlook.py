"""What would change a recommendation: more cells, or other calls on the cells that were read."""

import math
from bisect import bisect_left
from dataclasses import dataclass

from app.domain.abnormality import Abnormality
from app.domain.finding import Tally
from app.domain.proportion import Proportion
from app.domain.screening import ScreeningRule, ScreeningScore, entering_score, logistic

MOST_MORE_CELLS = 2000
"""Nobody reads more of one smear: a score that needs more lies too near its cut-off."""


@dataclass(frozen=True)
class Turn:
    """The least change of one abnormality's count that turns the recommendation.

    Parameters
    ----------
    change
        Cells that would have to be called otherwise by whoever has read them, the other
        abnormalities unchanged: more where positive, fewer where negative. None where no number
        turns it.
    """

    label: Abnormality
    change: int | None


@dataclass(frozen=True)
class Outlook:
    """How firmly a score lies on its side of the cut-off.

    Parameters
    ----------
    distance, log_odds_distance
        Score less cut-off, and the same of their log-odds; below 0 where the score is below.
    is_settled
        Whether the score's 95 % interval lies wholly on the score's side. It holds the chance of
        which cells were read, and no more.
    more_cells
        About how many more PMN of the same smear would settle it, if the proportions stayed as
        they are. None where it is settled, and where more than `MOST_MORE_CELLS` are needed.
    turns
        One for each abnormality.
    """

    distance: float
    log_odds_distance: float
    is_settled: bool
    more_cells: int | None
    turns: tuple[Turn, ...]


def outlook_of(score: ScreeningScore, tally: Tally, rule: ScreeningRule) -> Outlook:
    """Look at what would turn the recommendation of a score.

    Parameters
    ----------
    score
        What `screen` gave for this tally and this rule.
    """
    is_settled = (_nearer_end(score) >= score.cut_off) == _is_above(score)
    return Outlook(
        distance=score.value - score.cut_off,
        log_odds_distance=_log_odds(score.value) - _log_odds(score.cut_off),
        is_settled=is_settled,
        more_cells=None if is_settled else _more_cells(score),
        turns=tuple(Turn(label, _change(label, score, tally, rule)) for label in Abnormality),
    )


def _is_above(score: ScreeningScore) -> bool:
    return score.value >= score.cut_off


def _nearer_end(score: ScreeningScore) -> float:
    """The end of the interval on the side of the cut-off."""
    return score.interval_low if _is_above(score) else score.interval_high


def _log_odds(share: float) -> float:
    if share in {0.0, 1.0}:
        return math.copysign(math.inf, share - 0.5)
    return math.log(share / (1 - share))


def _more_cells(score: ScreeningScore) -> int | None:
    """By the root: four times the cells halve the interval, which is nearly even in log-odds."""
    half_width = abs(_log_odds(_nearer_end(score)) - _log_odds(score.value))
    distance = abs(_log_odds(score.cut_off) - _log_odds(score.value))
    # Nearer than this the ratio would overflow, and it is far beyond the cap in any case.
    if distance * 1000 <= half_width:
        return None
    more = math.ceil(score.cell_count * ((half_width / distance) ** 2 - 1))
    return max(more, 1) if more <= MOST_MORE_CELLS else None


def _change(
    label: Abnormality, score: ScreeningScore, tally: Tally, rule: ScreeningRule
) -> int | None:
    """The more cells are called otherwise, the further the score moves: the least is bisected."""
    is_above = _is_above(score)
    step = 1 if (rule.coefficients[label] > 0) != is_above else -1
    unread, reviewed = _both_proportions(label, tally)
    rooms = (_room(unread, step), _room(reviewed, step))
    until_clipped = _until_clipped(label, unread, rule, step)
    entering = {each: entering_score(tally, rule, each) for each in Abnormality}

    def is_turned(number: int) -> bool:
        for part in _parts(number, rooms, until_clipped):
            changes = {"change": step * part, "reviewed_change": step * (number - part)}
            changed = entering | {label: entering_score(tally, rule, label, **changes)}
            if (logistic(rule.log_odds(changed)) >= rule.cut_off) != is_above:
                return True
        return False

    found = bisect_left(range(1, sum(rooms) + 1), x=True, key=is_turned) + 1
    return step * found if found <= sum(rooms) else None


def _both_proportions(label: Abnormality, tally: Tally) -> tuple[Proportion, Proportion]:
    """Among the cells that only the classifier has read, and among those of a reader."""
    whole, reviewed = tally.proportion(label), tally.reviewed_proportion(label)
    return Proportion(whole.count - reviewed.count, whole.total - reviewed.total), reviewed


def _room(proportion: Proportion, step: int) -> int:
    """How many cells can be called otherwise in one direction."""
    return proportion.total - proportion.count if step > 0 else proportion.count


def _until_clipped(label: Abnormality, unread: Proportion, rule: ScreeningRule, step: int) -> int:
    """After how many changes the corrected share stays at 1, or at 0."""
    if rule.correction is None:
        return 0
    error = rule.correction[label]
    limit = error.sensitivity if step > 0 else 1 - error.specificity
    return max(0, math.floor(step * (limit * unread.total - unread.count)))


def _parts(number: int, rooms: tuple[int, int], until_clipped: int) -> set[int]:
    """How many of the changed cells to take from those that only the classifier has read.

    A changed cell among them counts more than one that a reader has looked at, but nothing where
    the correction is clipped: the most is moved by none of them, by all, or by those up to there.
    """
    least, most = max(0, number - rooms[1]), min(number, rooms[0])
    tried = (least, most, until_clipped, until_clipped + 1)
    return {min(max(part, least), most) for part in tried}
