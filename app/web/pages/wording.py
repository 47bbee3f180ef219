"""Numbers, times and sizes as people read them, in the language of the request."""

import math
from datetime import UTC, datetime, timedelta

from babel.dates import format_date, format_datetime

from app.domain.message import message
from app.domain.proportion import Proportion
from app.web.language import THIN, gettext, locale, localised, ngettext, translated
from app.web.pages.contexts import Moment

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
SHORT_DIGEST = 12
_MOST_DECIMALS = 6
# The month in letters: no country reads the day for the month.
_DATE, _DATE_TIME = "d MMM y", "d MMM y, HH:mm"
# Names in `Quality.measures`; those of another bundle's time are shown as they are called.
_MEASURE_NAMES = {
    "sharpness": message("Sharpness"),
    "mean_brightness": message("Mean brightness"),
    "saturated_share": message("Saturated share"),
    "background_brightness": message("Background brightness"),
    "background_red_log_ratio": message("Background red log ratio"),
    "background_blue_log_ratio": message("Background blue log ratio"),
    "nucleus_purple_density": message("Nucleus purple density"),
    "border_contact_share": message("Border contact share"),
    "crop_width_px": message("Crop width"),
    "crop_height_px": message("Crop height"),
}


def count(value: int) -> str:
    """A whole number, in groups of three digits."""
    return localised(f"{value:,}")


def percent(share: float | None) -> str:
    """One decimal; a dash where nothing is known."""
    return DASH if share is None else localised(f"{share * 100:.1f}") + f"{THIN}%"


def axis_percent(share: float) -> str:
    """As many decimals as the share has, for the ticks of an axis."""
    return localised(f"{share * 100:g}") + f"{THIN}%"


def axis_number(value: float) -> str:
    """As many decimals as the number has, for the ticks of an axis."""
    return localised(f"{value:g}")


def percent_interval(proportion: Proportion) -> str:
    """Both ends of the 95 % interval."""
    if proportion.low is None or proportion.high is None:
        return DASH
    return percent_range(proportion.low, proportion.high)


def percent_range(low: float, high: float) -> str:
    """Both ends of an interval."""
    return localised(f"{low * 100:.1f}{DASH}{high * 100:.1f}") + f"{THIN}%"


def probability(value: float, decimals: int = 2) -> str:
    """Rounded down, so that a cell below a threshold never seems to reach it."""
    step = 10**decimals
    # The small addition undoes binary fractions such as 0.29 * 100 = 28.999999999999996.
    return localised(f"{math.floor(value * step + 1e-9) / step:.{decimals}f}")


def threshold(value: float) -> str:
    """At least two decimals, and as many as it has up to four."""
    text = f"{value:.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return localised(f"{whole}.{decimals:0<2}")


def score(value: float, cut_off: float) -> str:
    """Two decimals, or as many more as it takes to tell it from the cut-off, 0 and 1."""
    for decimals in range(2, _MOST_DECIMALS):
        text = f"{value:.{decimals}f}"
        same_side = (float(text) >= cut_off) == (value >= cut_off)
        if same_side and 0 < float(text) < 1:
            return localised(text)
    return localised(f"{value:.{_MOST_DECIMALS}f}")


def signed(value: float) -> str:
    """Two decimals with a sign, for what is added up."""
    text = f"{abs(value):.2f}"
    if float(text) == 0:
        return localised(text)
    return f"{MINUS if value < 0 else '+'}{localised(text)}"


def number(value: float) -> str:
    """A measured number with three significant digits."""
    text = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004
    return localised(text).replace("-", MINUS)


def moment(at: datetime, now: datetime) -> Moment:
    """A time in UTC, to the minute, and how long ago it was."""
    return Moment(at.isoformat(), date_time(at), age(at, now))


def date_time(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{format_datetime(at, _DATE_TIME, locale=locale())} UTC"


def date(at: datetime) -> str:
    """A day in UTC."""
    return format_date(at.astimezone(UTC), _DATE, locale=locale())


def age(at: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    passed = now - at
    if passed >= timedelta(days=2):
        return gettext("{time} ago").format(time=f"{passed.days}{THIN}{gettext('d')}")
    if passed >= timedelta(hours=1):
        hours = passed // timedelta(hours=1)
        return gettext("{time} ago").format(time=f"{hours}{THIN}{gettext('h')}")
    if passed >= timedelta(minutes=1):
        minutes = passed // timedelta(minutes=1)
        return gettext("{time} ago").format(time=f"{minutes}{THIN}{gettext('min')}")
    return gettext("just now")


def counted(value: int, one: str, many: str) -> str:
    """A number with its noun; both nouns are sentences of the catalogue."""
    return f"{count(value)} {ngettext(one, many, value)}"


def measure_name(name: str) -> tuple[str, str]:
    """``crop_width_px`` to ("Crop width", "px"); a name without unit gives an empty one."""
    words = name.split("_")
    unit = words.pop() if words[-1] in {"px", "um"} else ""
    known = _MEASURE_NAMES.get(name)
    return translated(known) if known else " ".join(words).capitalize(), unit
