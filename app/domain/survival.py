"""Times until something happens, where some have not happened yet."""

from collections.abc import Iterable, Mapping
from itertools import groupby


def quantiles(
    times: Iterable[tuple[float, bool]], levels: Iterable[float]
) -> Mapping[float, float | None]:
    """The times by which given shares have come to an end, open ones taken into account.

    Kaplan and Meier 1958 (J Am Stat Assoc 53:457): leaving open cases out would call a laboratory
    quick that finishes the easy ones and lets the others lie. The quantile is the first time at
    which the estimated share that is still open is no more than 1 - level.

    Parameters
    ----------
    times
        In any unit; True where it ended then, False where it was still open then.
    levels
        Shares, above 0 and below 1.

    Returns
    -------
    By level; None where the share has not ended yet, as far as can be told.
    """
    steps = _open_shares(times)
    return {
        level: next((at for at, left in steps if left <= 1 - level + 1e-12), None)
        for level in levels
    }


def _open_shares(times: Iterable[tuple[float, bool]]) -> list[tuple[float, float]]:
    """(time, share that is open after it), for each time at which something ended."""
    ordered = sorted(times)
    at_risk, left, steps = len(ordered), 1.0, []
    for at, group in groupby(ordered, key=lambda item: item[0]):
        outcomes = [ended for _, ended in group]
        if ended := sum(outcomes):
            left *= 1 - ended / at_risk
            steps.append((at, left))
        at_risk -= len(outcomes)
    return steps
