"""What differs between two reports, from the domain's values to a table before and after."""

from collections.abc import Iterator
from datetime import datetime

from app.domain.abnormality import Abnormality
from app.domain.difference import CellChange, Difference
from app.domain.finding import Exclusion
from app.domain.report import Report
from app.domain.review import Decision
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.present import case_head, case_path
from app.web.pages.present_comparison import (
    recommendation_text,
    score_with_interval,
    share_with_interval,
)
from app.web.pages.present_signing import lines_of
from app.web.pages.signing_contexts import CellChangeRow, ChangeRow, DifferencesPage


def differences_page(
    found: Difference, before: Report, after: Report, now: datetime
) -> DifferencesPage:
    """Both reports side by side."""
    path = case_path(before.case.id)
    return DifferencesPage(
        head=case_head(after.case, now),
        versions_path=f"{path}/report/versions",
        before_title=_title(before),
        after_title=_title(after),
        rows=tuple(_rows(found, before, after)),
        text_is_changed=found.interpretation[0] != found.interpretation[1],
        before_text=lines_of(found.interpretation[0]),
        after_text=lines_of(found.interpretation[1]),
        cells=tuple(_cell_row(change, path) for change in found.cells),
    )


def _title(report: Report) -> str:
    if report.version is None or report.signature is None:
        return gettext("Draft, not signed")
    return gettext("Version {number}, {name}, {time}").format(
        number=report.version,
        name=report.signature.signer,
        time=wording.date_time(report.signature.at),
    )


def _rows(found: Difference, before: Report, after: Report) -> Iterator[ChangeRow]:
    yield _row(gettext("Recommendation"), *map(recommendation_text, found.recommendation))
    yield _row(gettext("Score"), *map(score_with_interval, found.score))
    yield _row(gettext("PMN counted"), *map(wording.count, found.pmn_count))
    for share in found.proportions:
        texts = (share_with_interval(share.before), share_with_interval(share.after))
        yield _row(translated(share.label.wording), *texts)
    for exclusion in found.exclusions:
        counts = (wording.count(exclusion.before), wording.count(exclusion.after))
        yield _row(translated(exclusion.reason.wording), *counts)
    yield _row(
        gettext("Cells"), *(wording.count(each.progress.cell_count) for each in (before, after))
    )
    titles = found.bundle_title
    yield ChangeRow(gettext("Classifier"), *titles, is_changed=found.bundle_changed)


def _row(name: str, before: str, after: str) -> ChangeRow:
    return ChangeRow(name, before, after, before != after)


def _cell_row(change: CellChange, path: str) -> CellChangeRow:
    return CellChangeRow(
        ordinal=change.ordinal,
        path=f"{path}/cells/{change.cell_id}",
        before=_decision_text(change.before),
        after=_decision_text(change.after),
    )


def _decision_text(decision: Decision | None) -> str:
    """What a cell is held for, in words."""
    if decision is None:
        return gettext("Not in this version")
    if decision.exclusion is Exclusion.BY_READER:
        return translated(decision.exclusion.wording)
    if decision.exclusion is not None:
        return gettext("Left out: {reason}").format(reason=translated(decision.exclusion.wording))
    shown = [label for label in Abnormality if label in decision.abnormalities]
    return ", ".join(translated(label.wording) for label in shown) or gettext("Normal")
