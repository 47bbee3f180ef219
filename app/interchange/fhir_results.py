"""What a report measured, as the parts of FHIR Observations that hold its numbers.

Every number is the report's own, to the last digit: nothing is computed or rounded here.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from app.domain.abnormality import Abnormality
from app.domain.report import AbnormalityLine, CorrectedProportion, Report
from app.domain.screening import Recommendation, ScreeningScore
from app.interchange import fhir_keys
from app.interchange.codes import (
    INTERPRETATION,
    NEAREST_LOINC,
    NOT_KNOWN,
    NOT_KNOWN_YET,
    Code,
    Local,
    contribution,
    local,
)
from app.interchange.fhir_types import (
    Element,
    cells,
    concept,
    element,
    interval,
    log_odds,
    notes,
    proportion,
)

NEVER_RULED_OUT = "A clean smear never rules VEXAS syndrome out; UBA1 sequencing decides."


class Result(NamedTuple):
    """One thing that was measured.

    Parameters
    ----------
    measured
        Value, or why there is none, and components: what two versions are compared by.
    about
        Method and notes.
    key_cells
        Cells whose pictures show it best.
    derived_from
        Names of the results that it follows from.
    """

    code: Element
    measured: Element
    about: Element
    key_cells: tuple[UUID, ...] = ()
    derived_from: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The value as a person reads it, or why there is none."""
        told = self.measured
        if quantity := told.get("valueQuantity"):
            value = quantity["value"]
            return f"{value if isinstance(value, int) else format(value, '.4g')} {quantity['unit']}"
        known = told.get("valueCodeableConcept") or told.get("dataAbsentReason") or {}
        return str(told.get("valueString") or known.get("text"))

    @property
    def has_value(self) -> bool:
        """Whether something was found, and not only asked."""
        return "dataAbsentReason" not in self.measured


def results(report: Report) -> Mapping[str, Result]:
    """Everything that the report measured, by name; nothing for a case without cells."""
    if not report.progress.cell_count:
        return {}
    found = {Local.PMN_COUNT.value: _pmn_count(report)}
    found |= {line.label.value: _abnormality(report, line) for line in report.abnormalities}
    found[Local.EXCLUDED_CELLS.value] = _excluded(report)
    found[Local.SCREENING_SCORE.value] = _score(report)
    found[Local.RECOMMENDATION.value] = _recommendation(report)
    if report.interpretation:
        found[fhir_keys.INTERPRETATION] = _interpretation(report)
    return found


def _pmn_count(report: Report) -> Result:
    reviewed = _component(Local.REVIEWED_PMN_COUNT, valueQuantity=cells(report.reviewed_pmn_count))
    return Result(
        concept(local(Local.PMN_COUNT)),
        {"valueQuantity": cells(report.pmn_count), "component": [reviewed]},
        {"method": _method(report)},
    )


def _abnormality(report: Report, line: AbnormalityLine) -> Result:
    share = line.proportion
    counted = [
        _component(Local.COUNT, valueQuantity=cells(share.count)),
        _component(Local.TOTAL, valueQuantity=cells(share.total)),
    ]
    seen = element(dataAbsentReason=concept(_why_absent(report)))
    if share.value is not None and share.low is not None and share.high is not None:
        seen = {"valueQuantity": proportion(share.value)}
        counted.append(_component(Local.INTERVAL_95, valueRange=interval(share.low, share.high)))
    threshold = _component(Local.THRESHOLD, valueQuantity=proportion(line.threshold))
    corrected = _corrected(line.corrected) if line.corrected else []
    return Result(
        concept(local(line.label), NEAREST_LOINC[line.label], text=line.label.wording),
        {**seen, "component": [*counted, *corrected, threshold]},
        {
            "method": _method(report),
            "note": notes(
                f"{share.count} of {share.total} counted PMN. The proportion is of counted PMN; "
                "the interval is Wilson's, 95 %.",
                _sentence("The classifier learnt it from", line.basis),
                _sentence("Correction measured on", line.corrected.error.basis)
                if line.corrected
                else None,
            ),
        },
        key_cells=tuple(read.cell.id for read in line.strongest),
    )


def _sentence(title: str, text: str) -> str:
    """Words of a bundle, which may end in a full stop or not."""
    return f"{title}: {text.rstrip('.')}."


def _corrected(corrected: CorrectedProportion) -> list[Element]:
    error = corrected.error
    ends = interval(corrected.low, corrected.high)
    return [
        _component(Local.CORRECTED_PROPORTION, valueQuantity=proportion(corrected.value)),
        _component(Local.CORRECTED_INTERVAL_95, valueRange=ends),
        _component(Local.SENSITIVITY, valueQuantity=proportion(error.sensitivity)),
        _component(Local.SPECIFICITY, valueQuantity=proportion(error.specificity)),
    ]


def _excluded(report: Report) -> Result:
    return Result(
        concept(local(Local.EXCLUDED_CELLS)),
        {
            "valueQuantity": cells(sum(line.count for line in report.exclusions)),
            "component": [
                _component(line.reason, valueQuantity=cells(line.count))
                for line in report.exclusions
            ],
        },
        {"method": _method(report)},
    )


def _score(report: Report) -> Result:
    rule = report.rule
    measured = (
        _scored(report.score)
        if report.score
        else {"dataAbsentReason": concept(_why_absent(report), text=_why_no_score(report))}
    )
    basis = f"Rule {rule.name}, fitted on {rule.basis.value}: {rule.cohort_description}"
    return Result(
        concept(local(Local.SCREENING_SCORE)),
        measured,
        {
            "method": concept(text=f"Logistic rule {rule.name} over the four proportions"),
            "note": notes(
                "The score ranks cases; it is not a probability of VEXAS syndrome.",
                basis,
                rule.basis.notice,
            ),
        },
        derived_from=tuple(label.value for label in Abnormality),
    )


def _scored(score: ScreeningScore) -> Element:
    parts = [
        _component(Local.INTERVAL_95, valueRange=interval(score.interval_low, score.interval_high)),
        _component(Local.CUT_OFF, valueQuantity=proportion(score.cut_off)),
        _component(Local.BASELINE_LOG_ODDS, valueQuantity=log_odds(score.baseline_log_odds)),
        *(
            {
                "code": concept(contribution(item.label)),
                "valueQuantity": log_odds(item.log_odds),
            }
            for item in score.contributions
        ),
    ]
    return {"valueQuantity": proportion(score.value), "component": parts}


def _recommendation(report: Report) -> Result:
    outcome = report.recommendation
    measured = (
        {"valueCodeableConcept": concept(local(outcome))}
        if outcome
        else {"dataAbsentReason": concept(NOT_KNOWN_YET)}
    )
    return Result(
        concept(local(Local.RECOMMENDATION)),
        measured,
        {"note": notes(NEVER_RULED_OUT, *report.warnings)},
        derived_from=(Local.SCREENING_SCORE.value,),
    )


def _interpretation(report: Report) -> Result:
    written = report.interpretation
    assert written is not None  # noqa: S101 - asked for only where there is one
    return Result(
        concept(INTERPRETATION),
        {"valueString": written.text},
        {"note": notes(f"Written by {written.author_name}.")},
    )


def _component(code: Local | Code | str, **values: Element) -> Element:
    known = code if isinstance(code, Code) else local(code)
    return {"code": concept(known), **values}


def _method(report: Report) -> Element:
    seen = report.reviewed_pmn_count
    code = Local.CLASSIFIER_AND_READER if seen else Local.CLASSIFIER
    text = f"Image classifier {report.bundle.title}"
    if seen:
        text += f"; a reader has looked at {seen} of {report.pmn_count} counted PMN"
    return concept(local(code), text=text)


def _why_absent(report: Report) -> Code:
    return NOT_KNOWN if report.complete else NOT_KNOWN_YET


def _why_no_score(report: Report) -> str:
    if not report.complete:
        return f"{report.progress.pending_count} cells wait for classification"
    return str(Recommendation.INSUFFICIENT_CELLS.wording)
