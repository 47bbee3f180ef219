"""The geometry of the charts, in the units of their view boxes; templates only draw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.proportion import Proportion
from app.web.language import localised

BAR_WIDTH = 320.0
BAR_HEIGHT = 22.0
SCORE_WIDTH = 420.0
DIVERGING_WIDTH = 240.0
# Room for half of a mark or a tick's text at either end.
MARGIN = 10.0
_AXIS_ENDS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_TICK_COUNT = 4


@dataclass(frozen=True)
class Scale:
    """A linear scale: `low` lies at the left margin of a drawing, `high` at its right one."""

    low: float
    high: float
    width: float

    def at(self, value: float) -> float:
        """Where a value lies; values beyond the ends lie at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(MARGIN + share * (self.width - 2 * MARGIN), 2)


@dataclass(frozen=True)
class Tick:
    """One labelled place of an axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Axis:
    """The scale that all bars of a table share."""

    width: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Span:
    """A value between the ends of its interval."""

    low_x: float
    value_x: float
    high_x: float


@dataclass(frozen=True)
class IntervalBar:
    """One proportion; `span` is None where nothing was read.

    Parameters
    ----------
    grid
        Where the axis's ticks lie.
    reference_x
        The controls' mean.
    """

    width: float
    height: float
    grid: tuple[float, ...]
    zero_x: float
    reference_x: float
    span: Span | None


@dataclass(frozen=True)
class ScoreScale:
    """The score between 0 and 1, with its cut-off."""

    width: float
    ticks: tuple[Tick, ...]
    start_x: float
    end_x: float
    cut_off_x: float
    span: Span


@dataclass(frozen=True)
class DivergingBar:
    """One number left or right of zero."""

    width: float
    height: float
    zero_x: float
    x: float
    length: float
    is_negative: bool


def proportion_scale(proportions: Sequence[Proportion], references: Sequence[float]) -> Scale:
    """The shortest common scale, from 0 %, that holds every interval and reference."""
    highest = max(
        *(proportion.high or 0.0 for proportion in proportions), *references, _AXIS_ENDS[0]
    )
    return Scale(0.0, min(end for end in _AXIS_ENDS if end >= highest), BAR_WIDTH)


def proportion_axis(scale: Scale) -> Axis:
    """Ticks in per cent, evenly spaced."""
    values = [scale.high * step / _TICK_COUNT for step in range(_TICK_COUNT + 1)]
    return Axis(
        scale.width, tuple(Tick(scale.at(value), localised(f"{value * 100:g}")) for value in values)
    )


def interval_bar(proportion: Proportion, reference: float, scale: Scale) -> IntervalBar:
    """Draw one proportion on the common scale."""
    span = None
    if proportion.value is not None and proportion.low is not None and proportion.high is not None:
        span = Span(scale.at(proportion.low), scale.at(proportion.value), scale.at(proportion.high))
    return IntervalBar(
        width=scale.width,
        height=BAR_HEIGHT,
        grid=tuple(tick.x for tick in proportion_axis(scale).ticks),
        zero_x=scale.at(0),
        reference_x=scale.at(reference),
        span=span,
    )


def score_scale(value: float, low: float, high: float, cut_off: float) -> ScoreScale:
    """Draw a score and its interval between 0 and 1."""
    scale = Scale(0.0, 1.0, SCORE_WIDTH)
    ticks = tuple(Tick(scale.at(step / 5), localised(f"{step / 5:g}")) for step in range(6))
    return ScoreScale(
        width=SCORE_WIDTH,
        ticks=ticks,
        start_x=scale.at(0),
        end_x=scale.at(1),
        cut_off_x=scale.at(cut_off),
        span=Span(scale.at(low), scale.at(value), scale.at(high)),
    )


def diverging_bars(values: Sequence[float]) -> tuple[DivergingBar, ...]:
    """Draw numbers left and right of one common zero, on one scale."""
    low, high = min(0.0, *values), max(0.0, *values)
    if low == high:
        high = 1.0
    scale = Scale(low, high, DIVERGING_WIDTH)
    return tuple(_diverging_bar(value, scale) for value in values)


def _diverging_bar(value: float, scale: Scale) -> DivergingBar:
    zero_x, end_x = scale.at(0), scale.at(value)
    return DivergingBar(
        width=scale.width,
        height=BAR_HEIGHT,
        zero_x=zero_x,
        x=min(zero_x, end_x),
        length=round(abs(end_x - zero_x), 2),
        is_negative=value < 0,
    )
