"""The reader's numbers beside the classifier's, from the domain's values to what a report shows."""

from app.domain.agreement import Agreement
from app.domain.proportion import Proportion
from app.domain.report import Report, ReviewSummary
from app.domain.screening import Recommendation, ScreeningScore
from app.web.language import gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Named
from app.web.pages.present_kappa import kappa_with_interval
from app.web.pages.report_contexts import ComparisonRow, ReviewPart
from app.web.pages.wording import counted


def review_part(report: Report) -> ReviewPart:
    """What readers looked at and changed."""
    review = report.review
    if review is None or not review.reviewed_count:
        sentence = gettext("No reader has looked at a cell: these are the classifier's numbers.")
        return ReviewPart(sentence, (), (), ())
    return ReviewPart(
        sentence=_sentence(report, review),
        readers=tuple(
            Named(reader.name, counted(reader.cell_count, "cell", "cells"))
            for reader in review.readers
        ),
        comparisons=(
            _counted_row(report, review),
            *_proportion_rows(report, review),
            _score_row(report, review),
            _recommendation_row(report, review),
        ),
        agreement=_agreement(review.agreement) if review.agreement else (),
    )


def _sentence(report: Report, review: ReviewSummary) -> str:
    looked_at = ngettext(
        "{n} of {all} cells was looked at by a reader.",
        "{n} of {all} cells were looked at by a reader.",
        review.reviewed_count,
    ).format(n=wording.count(review.reviewed_count), all=wording.count(report.progress.cell_count))
    changed = ngettext(
        "{n} is held for something else than by the classifier.",
        "{n} are held for something else than by the classifier.",
        review.changed_count,
    ).format(n=wording.count(review.changed_count))
    return f"{looked_at} {changed}"


def _counted_row(report: Report, review: ReviewSummary) -> ComparisonRow:
    return ComparisonRow(
        title=gettext("PMN counted"),
        reviewed=wording.count(report.pmn_count),
        reviewed_interval="",
        classifier=wording.count(review.classifier_pmn_count),
        classifier_interval="",
        is_changed=report.pmn_count != review.classifier_pmn_count,
    )


def _proportion_rows(report: Report, review: ReviewSummary) -> list[ComparisonRow]:
    rows = []
    for line in report.abnormalities:
        alone = review.classifier_proportions[line.label]
        rows.append(
            ComparisonRow(
                title=translated(line.label.wording),
                reviewed=share(line.proportion),
                reviewed_interval=wording.percent_interval(line.proportion),
                classifier=share(alone),
                classifier_interval=wording.percent_interval(alone),
                is_changed=line.proportion != alone,
            )
        )
    return rows


def share(proportion: Proportion) -> str:
    """A count out of a number, and the same in per cent."""
    return gettext("{count} of {total}, {percent}").format(
        count=wording.count(proportion.count),
        total=wording.count(proportion.total),
        percent=wording.percent(proportion.value),
    )


def share_with_interval(proportion: Proportion) -> str:
    """The same with its 95 % interval."""
    if proportion.value is None:
        return share(proportion)
    return f"{share(proportion)} ({wording.percent_interval(proportion)})"


def _score_row(report: Report, review: ReviewSummary) -> ComparisonRow:
    return ComparisonRow(
        title=gettext("Score"),
        reviewed=score_text(report.score),
        reviewed_interval=_score_interval(report.score),
        classifier=score_text(review.classifier_score),
        classifier_interval=_score_interval(review.classifier_score),
        is_changed=report.score != review.classifier_score,
    )


def score_text(score: ScreeningScore | None) -> str:
    """The score; a dash where there is none."""
    return wording.score(score.value, score.cut_off) if score else wording.DASH


def score_with_interval(score: ScreeningScore | None) -> str:
    """The score, its 95 % interval and its cut-off; a dash where there is none."""
    if score is None:
        return wording.DASH
    return gettext("{score} ({interval}), cut-off {cut_off}").format(
        score=score_text(score),
        interval=_score_interval(score),
        cut_off=wording.threshold(score.cut_off),
    )


def _score_interval(score: ScreeningScore | None) -> str:
    if score is None:
        return ""
    ends = (wording.score(end, score.cut_off) for end in (score.interval_low, score.interval_high))
    return wording.DASH.join(ends)


def _recommendation_row(report: Report, review: ReviewSummary) -> ComparisonRow:
    return ComparisonRow(
        title=gettext("Recommendation"),
        reviewed=recommendation_text(report.recommendation),
        reviewed_interval="",
        classifier=recommendation_text(review.classifier_recommendation),
        classifier_interval="",
        is_changed=report.recommendation != review.classifier_recommendation,
    )


def recommendation_text(recommendation: Recommendation | None) -> str:
    """The recommendation in words; a dash where there is none yet."""
    return translated(recommendation.wording) if recommendation else wording.DASH


def _agreement(agreement: Agreement) -> tuple[Named, ...]:
    questions = {gettext("Counted or left out"): agreement.counted} | {
        translated(label.wording): kappa for label, kappa in agreement.labels.items()
    }
    return tuple(Named(title, kappa_with_interval(kappa)) for title, kappa in questions.items())
