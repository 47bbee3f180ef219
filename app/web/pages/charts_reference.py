"""The geometry of a case's proportion among the patients of a cohort."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.abnormality import Abnormality
from app.domain.proportion import Proportion
from app.domain.reference import ReferenceGroup
from app.web.pages.charts import MARGIN, Scale, Span, Tick, proportion_axis, proportion_scale

# Of one group: its name, and below it the box.
_TEXT_BASE, _BOX_TOP, _BOX_HEIGHT, _GROUP_HEIGHT = 12.0, 17.0, 10.0, 32.0
_TICK_BASE, _AXIS_HEIGHT = 13.0, 18.0


@dataclass(frozen=True)
class GroupBox:
    """The distribution of one group, in units of the strip.

    Parameters
    ----------
    text, text_x, text_y
        The group's name and size, and where its base line begins.
    low_x, high_x
        Ends of the whisker: 5 % and 95 %.
    box_x, box_width
        The middle half: 25 % to 75 %.
    is_positive
        Whether it is a group to be found: its box is filled, that of controls is not.
    """

    text: str
    text_x: float
    text_y: float
    low_x: float
    box_x: float
    box_width: float
    median_x: float
    high_x: float
    box_y: float
    box_height: float
    centre_y: float
    is_positive: bool


@dataclass(frozen=True)
class DistributionStrip:
    """One abnormality: a box for each group, the case across all of them.

    Parameters
    ----------
    ticks, tick_y
        Per cent, and the base line of their texts.
    plot_height
        Down to where the boxes, the grid and the case's line reach.
    span
        The case's proportion and its 95 % interval; None where no PMN was counted.
    """

    width: float
    height: float
    ticks: tuple[Tick, ...]
    tick_y: float
    plot_height: float
    boxes: tuple[GroupBox, ...]
    span: Span | None


def reference_scale(groups: Sequence[ReferenceGroup], proportions: Sequence[Proportion]) -> Scale:
    """The shortest scale from 0 % that holds the whiskers and intervals of all abnormalities."""
    ends = [group.quantile(label, 95) for group in groups for label in Abnormality]
    return proportion_scale(proportions, ends)


def distribution_strip(
    label: Abnormality,
    groups: Sequence[tuple[ReferenceGroup, str]],
    proportion: Proportion,
    scale: Scale,
) -> DistributionStrip:
    """Draw one abnormality; each group comes with the text that names it."""
    plot_height = len(groups) * _GROUP_HEIGHT
    return DistributionStrip(
        width=scale.width,
        height=plot_height + _AXIS_HEIGHT,
        ticks=proportion_axis(scale).ticks,
        tick_y=plot_height + _TICK_BASE,
        plot_height=plot_height,
        boxes=tuple(
            _box(group, text, label, index * _GROUP_HEIGHT, scale)
            for index, (group, text) in enumerate(groups)
        ),
        span=proportion_span(proportion, scale),
    )


def proportion_span(proportion: Proportion, scale: Scale) -> Span | None:
    """A proportion and its interval on a scale; None where nothing was counted."""
    if proportion.value is None or proportion.low is None or proportion.high is None:
        return None
    return Span(scale.at(proportion.low), scale.at(proportion.value), scale.at(proportion.high))


def _box(
    group: ReferenceGroup, text: str, label: Abnormality, top: float, scale: Scale
) -> GroupBox:
    low, start, median, end, high = (
        scale.at(group.quantile(label, level)) for level in (5, 25, 50, 75, 95)
    )
    return GroupBox(
        text=text,
        text_x=MARGIN,
        text_y=top + _TEXT_BASE,
        low_x=low,
        box_x=start,
        box_width=round(end - start, 2),
        median_x=median,
        high_x=high,
        box_y=top + _BOX_TOP,
        box_height=_BOX_HEIGHT,
        centre_y=top + _BOX_TOP + _BOX_HEIGHT / 2,
        is_positive=group.is_positive,
    )
