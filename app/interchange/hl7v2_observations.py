"""The OBX segments of a result: counts, score, recommendation, signature, PDF."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.order import PlacedOrder
from app.domain.report import AbnormalityLine, Report
from app.domain.screening import Recommendation, ScreeningScore
from app.domain.signing import Signature
from app.interchange.hl7v2 import components, escape, segment
from app.interchange.hl7v2_codes import (
    CELLS,
    INTERPRETATION,
    OUTCOMES,
    PERCENT,
    UBA1,
    UNITY,
    local,
    of_abnormality,
    share_of,
)
from app.interchange.hl7v2_times import collection_timestamp, timestamp

WILSON = local("WILSON-95", "Wilson score interval, 95 %")
BOOTSTRAP = local("BOOTSTRAP-95", "Percentile bootstrap over cells, 95 %")
_LEAST_DECIMALS = 4


@dataclass(frozen=True)
class Observation:
    """One OBX, its fields in their final form; `group` ties those of one abnormality together."""

    kind: str
    code: str
    value: str
    unit: str = ""
    method: str = ""
    group: str = ""


def observations(
    report: Report, order: PlacedOrder | None, status: str, pdf: bytes | None
) -> Iterator[str]:
    """Every OBX of a report, numbered."""
    collected = collection_timestamp(order.collected) if order and order.collected else ""
    for number, made in enumerate(_all(report, pdf), start=1):
        yield segment(
            "OBX",
            {
                1: str(number),
                2: made.kind,
                3: made.code,
                4: made.group,
                5: made.value,
                6: made.unit,
                11: status,
                14: collected,
                16: _observer(report.signature),
                17: made.method,
                18: escape(report.bundle.title),
                19: timestamp(report.created_at),
            },
        )


def _all(report: Report, pdf: bytes | None) -> Iterator[Observation]:
    yield Observation("NM", local("PMN", "PMN counted"), str(report.pmn_count), CELLS)
    for group, line in enumerate(report.abnormalities, start=1):
        yield from _of_line(line, str(group))
    if report.score:
        yield from _of_score(report.score)
    if report.recommendation:
        yield from _of_recommendation(report.recommendation)
    if report.interpretation:
        yield Observation("TX", INTERPRETATION, escape(report.interpretation.text))
    yield from _of_origin(report)
    if pdf is not None:
        data = base64.b64encode(pdf).decode("ascii")
        yield Observation("ED", local("REPORT-PDF", "Report as PDF"), f"^AP^PDF^Base64^{data}")


def _of_line(line: AbnormalityLine, group: str) -> Iterator[Observation]:
    label, share = line.label, line.proportion
    count = of_abnormality(label, "COUNT", "cells that show it")
    yield Observation("NM", count, str(share.count), CELLS, group=group)
    total = of_abnormality(label, "TOTAL", "PMN counted")
    yield Observation("NM", total, str(share.total), CELLS, group=group)
    if share.value is None or share.low is None or share.high is None:
        return
    percent = f"{100 * share.value:.2f}"
    yield Observation("NM", share_of(label), percent, PERCENT, group=group)
    interval = of_abnormality(label, "INTERVAL", "95 % interval of the share")
    low, high = f"{100 * share.low:.2f}", f"{100 * share.high:.2f}"
    yield Observation("SN", interval, f"^{low}^-^{high}", PERCENT, WILSON, group)


def _of_score(score: ScreeningScore) -> Iterator[Observation]:
    decimals = score.decimals(_LEAST_DECIMALS)
    value = local("SCORE", "Screening score (0-1; no probability)")
    yield Observation("NM", value, f"{score.value:.{decimals}f}", UNITY)
    interval = local("SCORE-INTERVAL", "95 % interval of the screening score")
    ends = f"^{score.interval_low:.4f}^-^{score.interval_high:.4f}"
    yield Observation("SN", interval, ends, UNITY, BOOTSTRAP)
    cut_off = local("SCORE-CUT-OFF", "Cut-off of the screening score")
    yield Observation("NM", cut_off, f"{score.cut_off:.{decimals}f}", UNITY)


def _of_recommendation(found: Recommendation) -> Iterator[Observation]:
    code = local("RECOMMENDATION", "Recommendation")
    yield Observation("CE", code, local(OUTCOMES[found], found.wording))
    if found is Recommendation.TEST_UBA1:
        yield Observation("CE", local("PROPOSED-TEST", "Proposed further test"), UBA1)


def _of_origin(report: Report) -> Iterator[Observation]:
    """What the numbers come from: classifier, rule, version, signature."""
    bundle = report.bundle
    classifier = f"{bundle.title}, digest {bundle.digest}"
    yield Observation("ST", local("CLASSIFIER", "Classifier"), escape(classifier))
    yield Observation("ST", local("SCREENING-RULE", "Screening rule"), escape(report.rule.name))
    if report.version is not None:
        code = local("REPORT-VERSION", "Version of the report")
        yield Observation("NM", code, str(report.version))
    if report.signature:
        code = local("SIGNATURE", "Signature")
        yield Observation("TX", code, escape(_signed(report.signature)))


def _signed(signature: Signature) -> str:
    """Printed name, time and meaning: 21 CFR 11.50."""
    at = f"{signature.at:%Y-%m-%d %H:%M:%S %Z}"
    return f"{signature.signer}, {at}: {signature.meaning.wording}"


def _observer(signature: Signature | None) -> str:
    return components(signature.account_name, signature.printed_name) if signature else ""
