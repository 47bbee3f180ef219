"""Cohen's kappa as people read it: on the page of the readers, and on a report."""

from app.domain.agreement import Kappa
from app.web.language import gettext, localised
from app.web.pages import wording


def kappa_text(kappa: Kappa) -> str:
    """With two decimals; where it is not defined, why."""
    if kappa.value is not None:
        return _two_decimals(kappa.value)
    if not kappa.total:
        return gettext("undefined: no cells")
    return gettext("undefined: both gave one answer")


def interval_text(kappa: Kappa) -> str:
    """The ends of the 95 % interval; a dash where there is none, as with perfect agreement."""
    if kappa.interval is None:
        return wording.DASH
    low, high = map(_two_decimals, kappa.interval)
    return gettext("{low} to {high}").format(low=low, high=high)


def kappa_with_interval(kappa: Kappa) -> str:
    """Kappa, its 95 % interval where there is one, and the number of cells."""
    if kappa.value is None:
        return kappa_text(kappa)
    value, cells = kappa_text(kappa), wording.counted(kappa.total, "cell", "cells")
    if kappa.interval is None:
        return gettext("{value} (no 95 % interval; {cells})").format(value=value, cells=cells)
    return gettext("{value} (95 % interval {interval}; {cells})").format(
        value=value, interval=interval_text(kappa), cells=cells
    )


def _two_decimals(value: float) -> str:
    text = f"{value:.2f}"
    # No sign before what is shown as zero.
    return localised("0.00" if text == "-0.00" else text).replace("-", wording.MINUS)
