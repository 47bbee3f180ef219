"""Numbers, times and sizes as people read them."""

import math
from datetime import datetime, timedelta

from app.domain.proportion import Proportion
from app.web.pages.contexts import Moment

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
# Between a number and its unit: narrow, and never broken over two lines.
THIN = "\N{NARROW NO-BREAK SPACE}"
SHORT_DIGEST = 12
_STEPS = (
    (timedelta(days=2), timedelta(days=1), "d"),
    (timedelta(hours=1), timedelta(hours=1), "h"),
    (timedelta(minutes=1), timedelta(minutes=1), "min"),
)
_MOST_DECIMALS = 6


def percent(share: float | None) -> str:
    """One decimal; a dash where nothing is known."""
    return DASH if share is None else f"{share * 100:.1f}{THIN}%"


def percent_interval(proportion: Proportion) -> str:
    """Both ends of the 95 % interval."""
    if proportion.low is None or proportion.high is None:
        return DASH
    return percent_range(proportion.low, proportion.high)


def percent_range(low: float, high: float) -> str:
    """Both ends of an interval."""
    return f"{low * 100:.1f}{DASH}{high * 100:.1f}{THIN}%"


def probability(value: float, decimals: int = 2) -> str:
    """Rounded down, so that a cell below a threshold never seems to reach it."""
    step = 10**decimals
    # The small addition undoes binary fractions such as 0.29 * 100 = 28.999999999999996.
    return f"{math.floor(value * step + 1e-9) / step:.{decimals}f}"


def threshold(value: float) -> str:
    """At least two decimals, and as many as it has up to four."""
    text = f"{value:.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def score(value: float, cut_off: float) -> str:
    """Two decimals, or as many more as it takes to tell it from the cut-off, 0 and 1."""
    for decimals in range(2, _MOST_DECIMALS):
        text = f"{value:.{decimals}f}"
        same_side = (float(text) >= cut_off) == (value >= cut_off)
        if same_side and 0 < float(text) < 1:
            return text
    return f"{value:.{_MOST_DECIMALS}f}"


def signed(value: float) -> str:
    """Two decimals with a sign, for what is added up."""
    text = f"{abs(value):.2f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def number(value: float) -> str:
    """A measured number with three significant digits."""
    text = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004
    return text.replace("-", MINUS)


def moment(at: datetime, now: datetime) -> Moment:
    """A time in UTC, to the minute, and how long ago it was."""
    return Moment(at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC", age(at, now))


def age(at: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    passed = now - at
    for least, unit, name in _STEPS:
        if passed >= least:
            return f"{passed // unit}{THIN}{name} ago"
    return "just now"


def counted(count: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def measure_name(name: str) -> tuple[str, str]:
    """``crop_width_px`` to ("Crop width", "px"); a name without unit gives an empty one."""
    words = name.split("_")
    unit = words.pop() if words[-1] in {"px", "um"} else ""
    return " ".join(words).capitalize(), unit
