"""A score's surroundings, from the domain's values to what pages and papers show."""

import math
from collections.abc import Mapping, Sequence

from app.domain.abnormality import Abnormality
from app.domain.outlook import MOST_MORE_CELLS, Outlook, Turn
from app.domain.proportion import Proportion
from app.domain.reference import ReferenceGroup
from app.domain.report import AbnormalityLine, Report
from app.domain.screening import Basis, ScreeningScore
from app.web.language import gettext, localised, ngettext, translated
from app.web.pages import wording
from app.web.pages.charts_reference import distribution_strip, reference_scale
from app.web.pages.outlook_contexts import OutlookPart, ReferenceChart, ReferencePart, TurnRow

# The strip has room for a name of so many letters, with the number of patients behind it.
_LONGEST_NAME = 30
# Scores are shown with six decimals at most.
_NO_DISTANCE = 5e-7


def reference_part(report: Report) -> ReferencePart | None:
    """The case among the patients of the rule's cohort; None where the rule has no distributions.

    The cohort's proportions are what a classifier called. So are the case's here, uncorrected,
    whatever readers have changed: like stands beside like.
    """
    groups = report.rule.reference
    if not groups:
        return None
    made_up = report.rule.basis is Basis.SIMULATED
    called = _classifier_proportions(report)
    scale = reference_scale(groups, list(called.values()))
    named = [(group, _group_text(group)) for group in groups]
    return ReferencePart(
        charts=tuple(
            ReferenceChart(
                title=translated(label.wording),
                figures=_figures(proportion),
                description=_reference_description(label, proportion, groups),
                strip=distribution_strip(label, named, proportion, scale),
            )
            for label, proportion in called.items()
        ),
        basis_notice=gettext("These patients are simulated: made up by assumption, not measured.")
        if made_up
        else None,
    )


def _classifier_proportions(report: Report) -> Mapping[Abnormality, Proportion]:
    if report.review is not None:
        # A stored report has lost the order.
        return {label: report.review.classifier_proportions[label] for label in Abnormality}
    return {line.label: line.proportion for line in report.abnormalities}


def _figures(proportion: Proportion) -> str:
    if proportion.value is None:
        return wording.DASH
    return f"{wording.percent(proportion.value)} ({wording.percent_interval(proportion)})"


def _group_text(group: ReferenceGroup) -> str:
    name = group.name
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 1].rstrip()}…"
    return f"{name}, n = {wording.count(group.patient_count)}"


def _reference_description(
    label: Abnormality, proportion: Proportion, groups: Sequence[ReferenceGroup]
) -> str:
    first = gettext("{abnormality}: {figures} in this smear.").format(
        abnormality=translated(label.wording), figures=_figures(proportion)
    )
    return " ".join([first, *(_group_description(label, group) for group in groups)])


def _group_description(label: Abnormality, group: ReferenceGroup) -> str:
    low, median, high = (group.quantile(label, level) for level in (5, 50, 95))
    sentence = (
        gettext("{group}, to be found, {n} patients: median {median}, 90 % of them {range}.")
        if group.is_positive
        else gettext("{group}, controls, {n} patients: median {median}, 90 % of them {range}.")
    )
    return sentence.format(
        group=group.name,
        n=wording.count(group.patient_count),
        median=wording.percent(median),
        range=wording.percent_range(low, high),
    )


def outlook_part(report: Report) -> OutlookPart | None:
    """What would change the recommendation; None where there is no score."""
    if report.outlook is None or report.score is None:
        return None
    lines = {line.label: line for line in report.abnormalities}
    return OutlookPart(
        distance=_distance(report.outlook, report.score),
        settling=_settling(report.outlook),
        turns=tuple(_turn_row(turn, lines[turn.label]) for turn in report.outlook.turns),
    )


def _distance(found: Outlook, score: ScreeningScore) -> str:
    if abs(found.distance) < _NO_DISTANCE:
        sentence = gettext("The score lies at its cut-off, {cut_off}.")
    elif found.distance > 0:
        sentence = gettext(
            "The score {score} lies {distance} above its cut-off {cut_off} "
            "({log_odds} in log-odds)."
        )
    else:
        sentence = gettext(
            "The score {score} lies {distance} below its cut-off {cut_off} "
            "({log_odds} in log-odds)."
        )
    return sentence.format(
        score=wording.score(score.value, score.cut_off),
        cut_off=wording.threshold(score.cut_off),
        distance=_size(found.distance),
        log_odds=_size(found.log_odds_distance),
    )


def _size(value: float) -> str:
    """Two decimals, as the score beside it has; three digits of what would then be 0."""
    text = f"{abs(value):.2f}"
    return localised(text) if float(text) else wording.number(abs(value))


def _settling(found: Outlook) -> str:
    if found.is_settled:
        return gettext(
            "The whole 95 % interval lies on this side of the cut-off: more PMN of the same smear "
            "are unlikely to turn the recommendation."
        )
    if found.more_cells is None:
        return gettext(
            "The 95 % interval reaches across the cut-off. More than {n} more PMN would be needed: "
            "the score lies too near its cut-off for counting to settle it."
        ).format(n=wording.count(MOST_MORE_CELLS))
    return gettext(
        "The 95 % interval reaches across the cut-off. About {n} more PMN of the same smear would "
        "settle it, if the proportions stayed as they are."
    ).format(n=wording.count(rounded_up(found.more_cells)))


def rounded_up(number: int) -> int:
    """To two digits, and to tens at least: an estimate must not look exact."""
    step = max(10, int(10 ** (len(str(number)) - 2)))
    return math.ceil(number / step) * step


def _turn_row(turn: Turn, line: AbnormalityLine) -> TurnRow:
    counted = gettext("{count} of {total}").format(
        count=wording.count(line.proportion.count), total=wording.count(line.proportion.total)
    )
    return TurnRow(translated(line.label.wording), counted, _change(turn.change))


def _change(change: int | None) -> str:
    if change is None:
        return gettext("No number of cells")
    number = abs(change)
    sentence = (
        ngettext("{n} cell more", "{n} cells more", number)
        if change > 0
        else ngettext("{n} cell fewer", "{n} cells fewer", number)
    )
    return sentence.format(n=wording.count(number))
