"""Whose calls the numbers are, and what was corrected: one wording for each case.

Nobody, somebody or everybody may have looked at the counted PMN. The correction is for the
classifier's error, and holds only for those that no reader has looked at.
"""

from app.domain.abnormality import Abnormality
from app.domain.report import AbnormalityLine, CorrectedProportion, Report
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.report_contexts import CorrectionRow


def is_partly_reviewed(report: Report) -> bool:
    """Whether readers have looked at some of the counted PMN, and not at others."""
    return 0 < report.reviewed_pmn_count < report.pmn_count


def _is_wholly_reviewed(report: Report) -> bool:
    return 0 < report.pmn_count == report.reviewed_pmn_count


def comparable_reference(label: Abnormality, report: Report) -> float:
    """The controls' mean (0-1), as it would be if they were read as this case is.

    The rule knows it as the classifier sees it, and as it is without the classifier's error.
    """
    rule = report.rule
    looked_at = report.reviewed_pmn_count / report.pmn_count if report.pmn_count else 0.0
    seen, actual = rule.apparent_reference_proportions[label], rule.reference_proportions[label]
    return looked_at * actual + (1 - looked_at) * seen


def seen_note(report: Report) -> str | None:
    """Whose calls the proportions are; None where nothing needs to be said."""
    is_corrected = report.rule.correction is not None
    if _is_wholly_reviewed(report):
        return gettext("A reader has looked at every counted PMN: these are the readers' calls.")
    if not is_partly_reviewed(report):
        return (
            gettext(
                "These are the proportions as the classifier called them; the score uses the "
                "corrected ones below."
            )
            if is_corrected
            else None
        )
    mixed = gettext(
        "Where a reader has looked at a cell, the reader's decision counts; elsewhere the "
        "classifier's call. The controls' means are joined in the same shares."
    )
    if not is_corrected:
        return mixed
    return f"{mixed} {gettext('The score uses the corrected proportions below.')}"


def interval_limits(report: Report) -> str:
    """What the score's interval does not hold."""
    return _limits(report).format(number=wording.count(report.pmn_count))


def _limits(report: Report) -> str:
    is_corrected = report.rule.correction is not None
    if _is_wholly_reviewed(report):
        return gettext(
            "The interval is a bootstrap over the {number} cells: it does not hold how surely a "
            "reader calls a cell."
        )
    if is_partly_reviewed(report):
        return gettext(
            "The interval is a bootstrap over the {number} cells: it holds neither the "
            "classifier's error nor how surely a reader calls a cell."
        )
    if is_corrected:
        return gettext(
            "The interval is a bootstrap over the {number} cells: it does not hold how well the "
            "classifier's error is known."
        )
    return gettext(
        "The interval is a bootstrap over the {number} cells: it does not hold the classifier's "
        "error."
    )


def correction_note(report: Report) -> str | None:
    """Which PMN the correction holds for; None where the rule has none, or nothing was counted."""
    if report.rule.correction is None or not report.pmn_count:
        return None
    read_count = wording.count(report.reviewed_pmn_count)
    if _is_wholly_reviewed(report):
        return gettext(
            "Readers have looked at all {read} counted PMN. Nothing is corrected: the score uses "
            "the readers' proportions as they are."
        ).format(read=read_count)
    alone = wording.count(report.pmn_count - report.reviewed_pmn_count)
    if not report.reviewed_pmn_count:
        return gettext("The correction holds for all {alone} counted PMN.").format(alone=alone)
    return gettext(
        "The correction holds for the {alone} PMN that only the classifier has read. The {read} "
        "PMN that a reader has looked at enter the score as the readers call them; “Enters the "
        "score” joins both in the shares of their numbers."
    ).format(alone=alone, read=read_count)


def correction_rows(report: Report) -> tuple[CorrectionRow, ...]:
    """One for each abnormality; none where there is nothing to correct."""
    return tuple(
        _row(line, line.corrected, report)
        for line in report.abnormalities
        if line.corrected and line.corrected.seen.total
    )


def _row(line: AbnormalityLine, corrected: CorrectedProportion, report: Report) -> CorrectionRow:
    return CorrectionRow(
        title=translated(line.label.wording),
        seen=wording.percent(corrected.seen.value),
        finds=wording.percent(corrected.error.sensitivity),
        false_calls=wording.percent(1 - corrected.error.specificity),
        reviewed=wording.percent(corrected.reviewed.value),
        corrected=wording.percent(corrected.value),
        interval=wording.percent_range(corrected.low, corrected.high),
        reference=wording.percent(report.rule.reference_proportions[line.label]),
        is_zeroed=_is_zeroed(corrected),
        basis=corrected.error.basis,
    )


def _is_zeroed(corrected: CorrectedProportion) -> bool:
    """Whether cells were called, and no more than false calls alone would explain."""
    seen = corrected.seen
    return bool(seen.count and seen.value is not None and not corrected.error.corrected(seen.value))
