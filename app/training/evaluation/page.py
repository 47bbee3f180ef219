"""`index.html`: one page that holds all it shows; nothing is loaded from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.screening import Basis, Recommendation
from app.training.evaluation.charts import (
    Plot,
    depth_plot,
    group_plot,
    precision_recall_plot,
    reliability_plot,
    roc_plot,
)
from app.training.evaluation.checklist import Item
from app.training.evaluation.labels import LabelResult
from app.training.evaluation.pictures import Confusions
from app.training.evaluation.run import Evaluation, Facts, OriginResult
from app.training.evaluation.wording import ORIGIN_TITLES, area, p_value, percent, plain

PAGE_NAME = "index.html"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class LabelPart:
    """One label of one origin, with its charts and its worst errors."""

    result: LabelResult
    plots: tuple[tuple[str, Plot], ...]
    confusions: Confusions


@dataclass(frozen=True)
class OriginPart:
    """All that one origin shows.

    Parameters
    ----------
    group_plots
        A title and a chart for each abnormality, and for the score.
    depth_plots
        A title and a chart for area, sensitivity and specificity.
    """

    key: str
    title: str
    notice: str
    result: OriginResult
    labels: tuple[LabelPart, ...]
    group_plots: tuple[tuple[str, Plot], ...]
    score_plot: Plot | None
    depth_plots: tuple[tuple[str, Plot], ...]


@dataclass(frozen=True)
class Page:
    """What the template shows."""

    facts: Facts
    notice: str
    basis_notice: str | None
    origins: tuple[OriginPart, ...]
    limits: tuple[str, ...]
    checklist: tuple[Item, ...]
    exclusions: Mapping[str, str]
    outcomes: Mapping[str, str]
    abnormalities: Mapping[str, str]


def render(evaluation: Evaluation, checklist: Sequence[Item], limits: Sequence[str]) -> str:
    """The page as HTML."""
    page = Page(
        facts=evaluation.facts,
        notice=RESEARCH_USE_NOTICE,
        basis_notice=Basis(evaluation.facts.rule_basis).notice,
        origins=tuple(_origin(origin, evaluation) for origin in evaluation.origins),
        limits=tuple(limits),
        checklist=tuple(checklist),
        exclusions={reason.value: reason.wording for reason in Exclusion},
        outcomes={outcome.value: outcome.wording for outcome in Recommendation},
        abnormalities={label.value: label.wording for label in Abnormality},
    )
    style = Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own
    return _environment().get_template("report.html").render(page=page, style=style)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(area=area, percent=percent, plain=plain, p_value=p_value)
    return environment


def _origin(origin: OriginResult, evaluation: Evaluation) -> OriginPart:
    title, notice = ORIGIN_TITLES[origin.origin]
    screening = origin.screening
    score_plot = None
    if screening and screening.roc:
        score_plot = roc_plot(screening.roc, screening.sensitivity, screening.specificity)
    return OriginPart(
        key=origin.origin,
        title=title,
        notice=notice,
        result=origin,
        labels=tuple(
            _label(each, evaluation.confusions[origin.origin, each.label]) for each in origin.labels
        ),
        group_plots=tuple(_group_plots(origin, evaluation.facts.rule_cut_off)),
        score_plot=score_plot,
        depth_plots=tuple(_depth_plots(origin)),
    )


def _label(result: LabelResult, confusions: Confusions) -> LabelPart:
    if result.roc is None or result.precision_recall is None:
        return LabelPart(result, (), confusions)
    measures = result.measures
    prevalence = cast("float", measures["prevalence"].value)
    plots = (
        ("ROC", roc_plot(result.roc, measures["sensitivity"], measures["specificity"])),
        (
            "Precision and recall",
            precision_recall_plot(
                result.precision_recall, measures["sensitivity"], measures["ppv"], prevalence
            ),
        ),
        ("Reliability", reliability_plot(result.bins)),
    )
    return LabelPart(result, plots, confusions)


def _group_plots(origin: OriginResult, cut_off: float) -> list[tuple[str, Plot]]:
    if not origin.groups:
        return []
    plots = [
        (
            label.wording,
            group_plot(
                [(g.group, g.positive, g.proportions[label.value]) for g in origin.groups],
                "share of PMN",
            ),
        )
        for label in Abnormality
    ]
    scores = [(g.group, g.positive, g.scores) for g in origin.groups]
    return [*plots, ("Screening score", group_plot(scores, "score", cut_off))]


def _depth_plots(origin: OriginResult) -> list[tuple[str, Plot]]:
    depths = origin.screening.depths if origin.screening else ()
    if not depths:
        return []
    return [
        ("Area under the ROC curve", depth_plot(depths, "auc", "ROC-AUC")),
        ("Sensitivity at the cut-off", depth_plot(depths, "sensitivity", "sensitivity")),
        ("Specificity at the cut-off", depth_plot(depths, "specificity", "specificity")),
    ]
