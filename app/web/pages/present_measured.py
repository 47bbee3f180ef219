"""Two bundles on the same cells, and control slides, from the domain's values to the pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from app.domain.bundle import BundleManifest
from app.domain.comparison import CaseComparison, Comparison, LabelComparison
from app.domain.control import ControlSet, SetRun
from app.web.language import gettext, localised, translated
from app.web.pages import wording
from app.web.pages.bundle_contexts import (
    ComparisonRunRow,
    ComparisonsPage,
    LabelRow,
    MeasuredCase,
    MeasuredPart,
    RunProgress,
    SetComparisonPage,
)
from app.web.pages.contexts import Choice, FormField
from app.web.pages.present import case_path
from app.web.pages.present_bundles import bundle_field, bundle_text
from app.web.pages.set_names import set_title

COMPARISONS_PATH = "/administration/comparisons"
SMALLEST_P = 0.0001
Accessions = Mapping[str, str]
"""Accession numbers by the key of the case, as far as cases are still there."""


def measured_part(
    found: Comparison, manifests: Sequence[BundleManifest], accessions: Accessions
) -> MeasuredPart:
    """Labels, cases, and how it was counted."""
    notes = [
        gettext("Abnormalities: on the cells that both count as PMN. Interval: 95 %."),
        gettext("Cases were drawn anew for the intervals, not single cells.")
        if any(item.is_over_cases for item in found.labels)
        else gettext(
            "Intervals by Newcombe's method for pairs, p by McNemar's exact test, as if cells were "
            "independent; those of one smear are alike, so both look surer than they are."
        ),
        gettext("How the bundles differ here says nothing of which one is right."),
    ]
    if found.failed:
        text = gettext("{number} cells that one of them could not read are left out.")
        notes.append(text.format(number=wording.count(found.failed)))
    return MeasuredPart(
        first=bundle_text(manifests[0]),
        second=bundle_text(manifests[1]),
        labels=tuple(_label(item) for item in found.labels),
        cases=tuple(_case(item, accessions) for item in found.cases),
        notes=tuple(notes),
    )


def _label(item: LabelComparison) -> LabelRow:
    counts = item.counts
    title = gettext("Counted as PMN") if item.label is None else translated(item.label.wording)
    return LabelRow(
        title=title,
        cells=wording.count(counts.total),
        first=_share(counts.first, counts.total),
        second=_share(counts.second, counts.total),
        agreement=wording.percent(counts.agreement),
        differing=f"{wording.count(counts.first_only)} / {wording.count(counts.second_only)}",
        difference=_points(counts.difference),
        interval=f"{_points(item.interval[0])} … {_points(item.interval[1])}"
        if item.interval
        else wording.DASH,
        p_value=_p(counts.mcnemar_p),
    )


def _share(count: int, total: int) -> str:
    share = count / total if total else None
    return f"{wording.count(count)} ({wording.percent(share)})"


def _points(share: float | None) -> str:
    """Percentage points with their sign."""
    if share is None:
        return wording.DASH
    text = localised(f"{abs(share) * 100:.1f}")
    sign = "" if float(f"{share * 100:.1f}") == 0 else "+" if share > 0 else wording.MINUS
    return sign + text


def _p(value: float | None) -> str:
    if value is None:
        return wording.DASH
    if value < SMALLEST_P:
        return "< " + localised(f"{SMALLEST_P:g}")
    return localised(f"{value:.4f}" if value < 0.01 else f"{value:.2f}")  # noqa: PLR2004


def _case(item: CaseComparison, accessions: Accessions) -> MeasuredCase:
    first, second = item.recommendations
    accession = accessions.get(item.group)
    scores = [wording.DASH if value is None else localised(f"{value:.3f}") for value in item.scores]
    return MeasuredCase(
        title=accession or _group(item.group),
        path=case_path(UUID(item.group)) if accession else None,
        cells=wording.count(item.cell_count),
        pmn=" / ".join(wording.count(number) for number in item.pmn_counts),
        scores=" / ".join(scores),
        first_advice=translated(first.wording),
        second_advice=translated(second.wording),
        is_other=first is not second,
    )


def _group(name: str) -> str:
    """A folder's name; a case that is gone has none."""
    try:
        UUID(name)
    except ValueError:
        return name
    return gettext("A case that is erased")


def comparisons_page(
    runs: Sequence[SetRun],
    sets: Sequence[ControlSet],
    names: Mapping[UUID, str],
    titles: Mapping[str, str],
    installed: Sequence[BundleManifest],
    form: Mapping[str, str],
    error: str | None,
    now: datetime,
) -> ComparisonsPage:
    """Those that were made, the latest first, and the form."""
    return ComparisonsPage(
        runs=tuple(
            ComparisonRunRow(
                path=f"{COMPARISONS_PATH}/{run.id}",
                at=wording.moment(run.started_at, now),
                by=run.started_by,
                set_name=set_title(names[run.set_id]),
                bundles=" / ".join(titles[digest] for digest in run.digests),
                state=_run_state(run),
            )
            for run in runs
        ),
        fields=_comparison_fields(sets, installed, form) if len(installed) > 1 else (),
        error=error,
    )


def _comparison_fields(
    sets: Sequence[ControlSet], installed: Sequence[BundleManifest], form: Mapping[str, str]
) -> tuple[FormField, ...]:
    chosen = form.get("set_id", "")
    none = Choice("", gettext("The cases named below"), not chosen)
    choices = (none, *(Choice(str(it.id), it.name, str(it.id) == chosen) for it in sets))
    second = form.get("second") or installed[1].digest
    return (
        bundle_field("first", gettext("First bundle"), installed, form.get("first", "")),
        bundle_field("second", gettext("Second bundle"), installed, second),
        FormField(
            "set_id",
            gettext("Set"),
            "select",
            chosen,
            None,
            None,
            None,
            required=False,
            choices=choices,
        ),
        cases_field(form.get("cases", "")),
    )


def cases_field(value: str) -> FormField:
    """Accession numbers, one a line."""
    hint = gettext("Accession numbers, one a line. Their cells are copied into a set of its own.")
    return FormField(
        "cases", gettext("Cases"), "area", value, None, hint, None, required=False, choices=()
    )


def _run_state(run: SetRun) -> str:
    if run.problem:
        return gettext("Given up")
    return gettext("Done") if run.finished_at else gettext("Running")


def run_progress(run: SetRun, fixed: ControlSet, settled: int) -> RunProgress:
    """How far a set is read."""
    return RunProgress(
        path=f"{COMPARISONS_PATH}/{run.id}/progress",
        settled=settled,
        total=fixed.cell_count * len(run.digests),
        is_done=run.finished_at is not None,
    )


def comparison_page(
    run: SetRun,
    fixed: ControlSet,
    settled: int,
    manifests: Sequence[BundleManifest],
    found: Comparison | None,
    accessions: Accessions,
    now: datetime,
) -> SetComparisonPage:
    """One comparison, as far as it is."""
    return SetComparisonPage(
        set_name=set_title(fixed.name),
        first=bundle_text(manifests[0]),
        second=bundle_text(manifests[1]),
        at=wording.moment(run.started_at, now),
        by=run.started_by,
        progress=run_progress(run, fixed, settled),
        problem=translated(run.problem) if run.problem else None,
        measured=measured_part(found, manifests, accessions) if found else None,
    )
