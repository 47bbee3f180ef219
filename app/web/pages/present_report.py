"""The report, from the domain's value to what the page shows."""

import math
from collections.abc import Sequence
from datetime import datetime

from app.domain.finding import ReadCell
from app.domain.history import CasePoint
from app.domain.report import AbnormalityLine, Report
from app.domain.screening import Recommendation, ScreeningScore
from app.services.signing import UNSIGNED, Standing
from app.web.language import gettext, translated
from app.web.pages import charts, wording
from app.web.pages.contexts import Named
from app.web.pages.present import case_head, case_path, progress_part
from app.web.pages.present_cells import cell_path, thumbnail_path
from app.web.pages.present_comparison import review_part
from app.web.pages.present_correction import (
    comparable_reference,
    correction_note,
    correction_rows,
    interval_limits,
    is_partly_reviewed,
    seen_note,
)
from app.web.pages.present_outlook import outlook_part, reference_part
from app.web.pages.present_signing import (
    amendment_part,
    editor_part,
    interpretation_part,
    may_be_amended,
    may_be_signed,
    signature_part,
    status_part,
    versions_path,
)
from app.web.pages.present_trend import trend_part
from app.web.pages.report_contexts import (
    AbnormalityRow,
    Addend,
    KeyPicture,
    ReportPage,
    ScorePart,
    Verdict,
)

MARKS = {
    Recommendation.TEST_UBA1: "▲",
    Recommendation.NOT_RAISED_BY_SMEAR: "○",
    Recommendation.INSUFFICIENT_CELLS: wording.DASH,
}


def report_page(
    report: Report,
    now: datetime,
    standing: Standing = UNSIGNED,
    points: Sequence[CasePoint] = (),
) -> ReportPage:
    """Everything that the report shows; `points` are those of the patient's cases."""
    notice = report.rule.basis.notice
    api, path = f"/api/v1/cases/{report.case.id}", case_path(report.case.id)
    version = f"?version={report.version}" if report.version else ""
    return ReportPage(
        head=case_head(report.case, now),
        status=status_part(report, standing),
        signature=signature_part(report, standing, now),
        amendment=amendment_part(standing, now),
        interpretation=interpretation_part(report.interpretation, now),
        editor=editor_part(report, standing),
        review=review_part(report),
        created_at=wording.moment(report.created_at, now),
        progress=progress_part(report.case.id, report.progress),
        pmn_count=report.pmn_count,
        verdict=_verdict(report),
        basis_notice=translated(notice) if notice else None,
        reference_title=gettext("Simulated controls") if notice else gettext("Controls"),
        # The notice stands beside the score already.
        warnings=tuple(translated(text) for text in report.warnings if text != notice),
        score=_score_part(report, report.score) if report.score else None,
        axis=charts.proportion_axis(_scale(report)),
        rows=tuple(_row(line, report) for line in report.abnormalities),
        seen_note=seen_note(report),
        corrections=correction_rows(report),
        is_partly_reviewed=is_partly_reviewed(report),
        correction_note=correction_note(report),
        reference=reference_part(report),
        trend=trend_part(points, report.case.id),
        outlook=outlook_part(report),
        exclusions=tuple(
            Named(translated(item.reason.wording), wording.count(item.count))
            for item in report.exclusions
        ),
        bundle_title=report.bundle.title,
        bundle_digest=report.bundle.digest,
        bundle_network=report.bundle.network,
        training_data=report.bundle.training_data,
        rule_name=report.rule.name,
        cohort=report.rule.cohort_description,
        json_path=f"{api}/report{version}",
        pdf_path=f"{api}/report.pdf{version}",
        findings_path=f"{api}/findings.csv{version}",
        versions_path=versions_path(report, standing),
        sign_path=f"{path}/sign" if may_be_signed(report, standing) else None,
        amend_path=f"{path}/amend" if may_be_amended(report, standing) else None,
    )


def _verdict(report: Report) -> Verdict:
    recommendation = report.recommendation
    if recommendation is None:
        return Verdict(
            "incomplete",
            "…",
            gettext("No recommendation yet"),
            gettext("The score follows when every cell is read."),
        )
    return Verdict(
        recommendation.value,
        MARKS[recommendation],
        translated(recommendation.wording),
        _explanation(recommendation, report),
    )


def _explanation(recommendation: Recommendation, report: Report) -> str:
    if recommendation is Recommendation.INSUFFICIENT_CELLS:
        return gettext("There is no score. This smear neither raises nor lowers the suspicion.")
    if recommendation is Recommendation.TEST_UBA1:
        text = gettext("The score is at or above its cut-off, from {number} counted PMN.")
    else:
        text = gettext("The score is below its cut-off, from {number} counted PMN.")
    return text.format(number=wording.count(report.pmn_count))


def _score_part(report: Report, score: ScreeningScore) -> ScorePart:
    low = wording.score(score.interval_low, score.cut_off)
    high = wording.score(score.interval_high, score.cut_off)
    return ScorePart(
        value=wording.score(score.value, score.cut_off),
        interval=f"{low}{wording.DASH}{high}",
        cut_off=wording.threshold(score.cut_off),
        cut_off_log_odds=wording.signed(math.log(score.cut_off / (1 - score.cut_off))),
        limits=interval_limits(report),
        scale=charts.score_scale(
            score.value, score.interval_low, score.interval_high, score.cut_off
        ),
        addends=_addends(score),
    )


def _addends(score: ScreeningScore) -> tuple[Addend, ...]:
    """Baseline, contributions and their sum: what a reader can add up."""
    total = score.baseline_log_odds + sum(item.log_odds for item in score.contributions)
    lines = [
        ("baseline", gettext("Baseline (controls' mean)"), score.baseline_log_odds),
        *(("part", translated(item.label.wording), item.log_odds) for item in score.contributions),
        ("total", gettext("Log-odds of the score"), total),
    ]
    bars = charts.diverging_bars([value for _, _, value in lines])
    return tuple(
        Addend(kind, name, wording.signed(value), bar)
        for (kind, name, value), bar in zip(lines, bars, strict=True)
    )


def _scale(report: Report) -> charts.Scale:
    return charts.proportion_scale(
        [line.proportion for line in report.abnormalities],
        [comparable_reference(line.label, report) for line in report.abnormalities],
    )


def _row(line: AbnormalityLine, report: Report) -> AbnormalityRow:
    reference = comparable_reference(line.label, report)
    return AbnormalityRow(
        title=translated(line.label.wording),
        count=line.proportion.count,
        total=line.proportion.total,
        proportion=wording.percent(line.proportion.value),
        interval=wording.percent_interval(line.proportion),
        threshold=wording.threshold(line.threshold),
        reference=wording.percent(reference),
        basis=line.basis,
        bar=charts.interval_bar(line.proportion, reference, _scale(report)),
        strongest=tuple(_picture(read, line) for read in line.strongest),
    )


def _picture(read: ReadCell, line: AbnormalityLine) -> KeyPicture:
    value = read.findings.probabilities[line.label] if read.findings else 0.0
    return KeyPicture(
        path=cell_path(read.cell),
        thumbnail_path=thumbnail_path(read.cell),
        ordinal=read.cell.ordinal,
        probability=wording.probability(value),
    )
