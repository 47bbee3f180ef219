"""The geometry of the page's charts; the template only draws it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.training.evaluation.intervals import Estimate
from app.training.evaluation.labels import Bin, Curve
from app.training.evaluation.patients import Spread
from app.training.evaluation.screening import DepthPoint

_LEFT, _TOP, _RIGHT, _BOTTOM = 34.0, 8.0, 10.0, 30.0
_SIDE = 176.0
_GROUP_WIDTH = 74.0
_DEPTH_WIDTH = 260.0
_GOLDEN = 0.6180339887
_ENDS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Tick:
    """One labelled place of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point, drawn in one of the style sheet's kinds."""

    x: float
    y: float
    radius: float
    kind: str


@dataclass(frozen=True)
class Stroke:
    """A line through points, as an SVG path."""

    path: str
    kind: str


@dataclass(frozen=True)
class Block:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Plot:
    """One chart in the units of its view box; `wording` is read aloud instead of it."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    blocks: tuple[Block, ...]
    strokes: tuple[Stroke, ...]
    marks: tuple[Mark, ...]
    wording: str


@dataclass(frozen=True)
class _Frame:
    """From values to places."""

    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    @property
    def right(self) -> float:
        return self.width - _RIGHT

    @property
    def bottom(self) -> float:
        return self.height - _BOTTOM

    def x(self, value: float) -> float:
        low, high = self.x_range
        return round(_LEFT + (value - low) / (high - low) * (self.right - _LEFT), 2)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return round(self.bottom - (value - low) / (high - low) * (self.bottom - _TOP), 2)

    def path(self, x: Sequence[float], y: Sequence[float]) -> str:
        return "M" + " L".join(f"{self.x(a):g} {self.y(b):g}" for a, b in zip(x, y, strict=True))

    def plot(
        self,
        titles: tuple[str, str],
        x_ticks: Sequence[Tick],
        y_ticks: Sequence[Tick],
        wording: str,
        *,
        blocks: Sequence[Block] = (),
        strokes: Sequence[Stroke] = (),
        marks: Sequence[Mark] = (),
    ) -> Plot:
        return Plot(
            width=self.width,
            height=self.height,
            left=_LEFT,
            right=self.right,
            top=_TOP,
            bottom=self.bottom,
            x_title=titles[0],
            y_title=titles[1],
            x_ticks=tuple(x_ticks),
            y_ticks=tuple(y_ticks),
            blocks=tuple(blocks),
            strokes=tuple(strokes),
            marks=tuple(marks),
            wording=wording,
        )


def roc_plot(curve: Curve, sensitivity: Estimate, specificity: Estimate) -> Plot:
    """The ROC curve with the threshold's place on it."""
    frame = _unit()
    strokes = [Stroke(frame.path((0, 1), (0, 1)), "chance"), _line(frame, curve)]
    marks = []
    if sensitivity.value is not None and specificity.value is not None:
        marks = [Mark(frame.x(1 - specificity.value), frame.y(sensitivity.value), 4, "point")]
    titles = ("1 - specificity", "sensitivity")
    wording = "ROC curve; the dot is the threshold in use."
    return frame.plot(titles, *_unit_ticks(frame), wording, strokes=strokes, marks=marks)


def precision_recall_plot(curve: Curve, sensitivity: Estimate, ppv: Estimate, base: float) -> Plot:
    """The precision-recall curve with the threshold's place; dashed is the prevalence."""
    frame = _unit()
    strokes = [Stroke(frame.path((0, 1), (base, base)), "chance"), _line(frame, curve)]
    marks = []
    if sensitivity.value is not None and ppv.value is not None:
        marks = [Mark(frame.x(sensitivity.value), frame.y(ppv.value), 4, "point")]
    wording = "Precision-recall curve; the dot is the threshold in use, dashed the prevalence."
    titles = ("sensitivity (recall)", "PPV (precision)")
    return frame.plot(titles, *_unit_ticks(frame), wording, strokes=strokes, marks=marks)


def reliability_plot(bins: Sequence[Bin]) -> Plot:
    """Share of positives over mean probability, with exact intervals; below, cells in each bin."""
    frame = _unit()
    strokes = [Stroke(frame.path((0, 1), (0, 1)), "chance")]
    marks, blocks = [], []
    most = max(each.n for each in bins)
    for each in bins:
        if each.mean_probability is None or each.observed.value is None:
            continue
        height = 0.22 * each.n / most
        blocks.append(_block(frame, (each.low + 0.01, each.high - 0.01), (0, height), "count"))
        x = each.mean_probability
        if each.observed.low is not None and each.observed.high is not None:
            ends = (each.observed.low, each.observed.high)
            strokes.append(Stroke(frame.path((x, x), ends), "whisker"))
        marks.append(Mark(frame.x(x), frame.y(each.observed.value), 3, "point"))
    return frame.plot(
        ("mean probability", "share positive"),
        *_unit_ticks(frame),
        "Reliability plot; on the dashed line, probabilities are right. Bars: cells in each bin.",
        blocks=blocks,
        strokes=strokes,
        marks=marks,
    )


def group_plot(
    groups: Sequence[tuple[str, bool, Spread]], y_title: str, line: float | None = None
) -> Plot:
    """Each patient as a dot, each group as a box of quartiles; numbered as in the table.

    Parameters
    ----------
    groups
        Name, whether the group is one to find, and its patients' values, 0-1.
    line
        A cut-off to draw across.
    """
    highest = max((v for _, _, s in groups for v in s.values), default=0.0)
    top = min(end for end in _ENDS if end >= min(1.0, max(highest, line or 0.0)))
    width = _LEFT + _RIGHT + _GROUP_WIDTH * len(groups)
    frame = _Frame(width, _SIDE + 24, (0, len(groups)), (0, top))
    blocks, strokes, marks = [], [], []
    for index, (_, positive, values) in enumerate(groups):
        kind = "find" if positive else "other"
        boxes, lines = _box(frame, index + 0.5, values, kind)
        blocks += boxes
        strokes += lines
        marks += [
            Mark(frame.x(index + 0.5 + _jitter(i)), frame.y(value), 2.5, kind)
            for i, value in enumerate(values.values)
        ]
    if line is not None:
        strokes.append(Stroke(frame.path((0, len(groups)), (line, line)), "chance"))
    x_ticks = [Tick(frame.x(i + 0.5), str(i + 1)) for i in range(len(groups))]
    y_ticks = [Tick(frame.y(top * step / 4), f"{top * step / 4:.3g}") for step in range(5)]
    wording = f"{y_title} of each patient by group; the numbers are in the table."
    return frame.plot(
        ("group", y_title), x_ticks, y_ticks, wording, blocks=blocks, strokes=strokes, marks=marks
    )


def depth_plot(depths: Sequence[DepthPoint], measure: str, y_title: str) -> Plot:
    """One measure over the number of PMN read (logarithmic), with its interval as a band."""
    points = [(math.log2(each.pmn), getattr(each, measure), each.pmn) for each in depths]
    low, high = points[0][0], points[-1][0]
    frame = _Frame(_DEPTH_WIDTH, _SIDE, (low - 0.2, max(high, low + 1) + 0.2), (0, 1))
    known = [(x, e) for x, e, _ in points if e.value is not None and e.low is not None]
    xs = [x for x, _ in known]
    around = [e.high for _, e in known] + [e.low for _, e in reversed(known)]
    strokes = [
        Stroke(frame.path(xs + xs[::-1], around) + " Z", "band"),
        Stroke(frame.path(xs, [e.value for _, e in known]), "line"),
    ]
    marks = [Mark(frame.x(x), frame.y(e.value), 3, "point") for x, e in known]
    x_ticks = _apart([Tick(frame.x(x), str(pmn)) for x, _, pmn in points])
    wording = f"{y_title} by the number of PMN read; the numbers are in the table."
    return frame.plot(
        ("PMN read of each patient", y_title),
        x_ticks,
        _unit_ticks(frame)[1],
        wording,
        strokes=strokes if known else (),
        marks=marks,
    )


def _unit() -> _Frame:
    return _Frame(_SIDE + _LEFT - _BOTTOM, _SIDE, (0, 1), (0, 1))


def _unit_ticks(frame: _Frame) -> tuple[list[Tick], list[Tick]]:
    values = (0, 0.25, 0.5, 0.75, 1)
    texts = ("0", "", "0.5", "", "1")
    across = [Tick(frame.x(v), text) for v, text in zip(values, texts, strict=True)]
    up = [Tick(frame.y(v), text) for v, text in zip(values, texts, strict=True)]
    return across, up


def _line(frame: _Frame, curve: Curve) -> Stroke:
    return Stroke(frame.path(curve.x, curve.y), "line")


def _block(frame: _Frame, x: tuple[float, float], y: tuple[float, float], kind: str) -> Block:
    left, top = frame.x(x[0]), frame.y(y[1])
    return Block(
        left, top, round(frame.x(x[1]) - left, 2), round(max(frame.y(y[0]) - top, 0.6), 2), kind
    )


def _box(
    frame: _Frame, middle: float, values: Spread, kind: str
) -> tuple[list[Block], list[Stroke]]:
    if values.median is None or values.quarter is None or values.three_quarters is None:
        return [], []
    edges = (middle - 0.3, middle + 0.3)
    box = _block(frame, edges, (values.quarter, values.three_quarters), f"box {kind}")
    return [box], [Stroke(frame.path(edges, (values.median, values.median)), "median")]


def _jitter(index: int) -> float:
    """A place beside the middle, the same in every run."""
    return (index * _GOLDEN % 1 - 0.5) * 0.5


def _apart(ticks: Sequence[Tick]) -> list[Tick]:
    """Leave out texts that would touch the one before; the last one always stands."""
    kept = [ticks[-1]]
    for tick in reversed(ticks[:-1]):
        near = kept[-1].at - tick.at < 20  # noqa: PLR2004 - three digits at this size
        kept.append(Tick(tick.at, "") if near else tick)
    return kept[::-1]
