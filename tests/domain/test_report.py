from dataclasses import replace

import pytest

from app.domain.abnormality import Abnormality
from app.domain.case import Progress
from app.domain.cell import QualityFlag
from app.domain.finding import CellFindings, Exclusion, read_cell, tally
from app.domain.report import STRONGEST_CELLS, compile_report
from app.domain.screening import Recommendation
from tests.factories import (
    NOW,
    make_case,
    make_cell,
    make_correction,
    make_findings,
    make_manifest,
    make_rule,
    make_tally,
    novelty_manifest,
)


def report_of(counted, *, pending=0, **rule):
    total = len(counted.cells) + pending
    progress = Progress(total, len(counted.cells), 0)
    return compile_report(make_case(), counted, make_manifest(), make_rule(**rule), progress, NOW)


def test_a_full_report_has_a_line_for_each_abnormality_and_reason():
    report = report_of(make_tally(200, vacuole=50))
    assert [line.label for line in report.abnormalities] == list(Abnormality)
    looked_for = [
        reason for reason in Exclusion if reason not in {Exclusion.UNFAMILIAR, Exclusion.BY_READER}
    ]
    assert [line.reason for line in report.exclusions] == looked_for
    line = next(line for line in report.abnormalities if line.label is Abnormality.VACUOLE)
    assert (line.proportion.count, line.proportion.total) == (50, 200)
    assert report.recommendation is Recommendation.NOT_RAISED_BY_SMEAR


def unfamiliar_report(familiar, unfamiliar, *, poor=0, others=0):
    """A case read by a bundle that measures novelty."""
    manifest = make_manifest(**novelty_manifest(2.0))
    cells = [make_cell() for _ in range(familiar + unfamiliar + others)]
    blurred = [make_cell(flags=[QualityFlag.BLURRED]) for _ in range(poor)]
    strange = [3.0] * unfamiliar
    novelty = [*strange, *[0.5] * (familiar + others)]
    pmn = [*[0.99] * (unfamiliar + familiar), *[0.01] * others]
    found = [
        make_findings(cell, novelty=value, pmn=p)
        for cell, value, p in zip(cells, novelty, pmn, strict=True)
    ]
    found += [make_findings(cell, novelty=3.0) for cell in blurred]
    read = [
        read_cell(cell, findings, manifest)
        for cell, findings in zip([*cells, *blurred], found, strict=True)
    ]
    progress = Progress(len(read), len(read), 0)
    return compile_report(make_case(), tally(read), manifest, make_rule(), progress, NOW)


def test_unfamiliar_cells_are_left_out_and_listed():
    report = unfamiliar_report(100, 7)
    assert report.pmn_count == 100
    assert {line.reason: line.count for line in report.exclusions} == {
        Exclusion.POOR_QUALITY: 0,
        Exclusion.NOT_PMN: 0,
        Exclusion.UNFAMILIAR: 7,
        Exclusion.NOT_CLASSIFIED: 0,
    }


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"familiar": 80, "unfamiliar": 20}, None),
        ({"familiar": 79, "unfamiliar": 21}, "21 of 100 cells that were taken for PMN (21%)"),
        ({"familiar": 79, "unfamiliar": 21, "others": 500}, "21 of 100 cells"),
        ({"familiar": 79, "unfamiliar": 21, "poor": 90}, "21 of 100 cells"),
        ({"familiar": 0, "unfamiliar": 30}, "30 of 30 cells"),
        ({"familiar": 0, "unfamiliar": 9}, None),
    ],
)
def test_many_unfamiliar_cells_warn_of_another_stain(counts, said):
    found = [text for text in unfamiliar_report(**counts).warnings if "another stain" in text]
    assert len(found) == bool(said)
    assert all(said in text for text in found)


def test_a_part_of_a_case_gets_no_score_and_no_advice():
    report = report_of(make_tally(200, vacuole=150), pending=1)
    assert report.score is None
    assert report.recommendation is None
    assert "1 of 201" in report.warnings[0]


def test_too_few_cells_say_so_instead_of_a_score():
    report = report_of(make_tally(20, vacuole=20))
    assert report.score is None
    assert report.recommendation is Recommendation.INSUFFICIENT_CELLS
    assert "20 PMN were counted" in report.warnings[0]


@pytest.mark.parametrize(("count", "warned"), [(50, True), (99, True), (100, False)])
def test_fewer_than_a_hundred_pmn_warn(count, warned):
    warnings = report_of(make_tally(count)).warnings
    assert any("intervals are wide" in text for text in warnings) is warned


@pytest.mark.parametrize(("failed", "said"), [(0, None), (1, "1 cell could"), (7, "7 cells could")])
def test_cells_that_failed_are_named_beside_the_numbers(failed, said):
    manifest = make_manifest()
    unread = [read_cell(make_cell(), None, manifest) for _ in range(failed)]
    # Another one that the classifier failed on, and that a reader has looked at and counts.
    looked_at = replace(read_cell(make_cell(), None, manifest), exclusion=None, is_reviewed=True)
    counted = tally([*make_tally(120).cells, *unread, looked_at])
    progress = Progress(121 + failed, 120, failed + 1)
    report = compile_report(make_case(), counted, manifest, make_rule(), progress, NOW)
    assert report.pmn_count == 121
    found = [text for text in report.warnings if "could not be classified" in text]
    assert len(found) == bool(failed)
    assert not failed or found[0].startswith(said)


def test_simulated_weights_are_named_on_the_report():
    assert "Demonstration weights, not fitted on patients." in report_of(make_tally(120)).warnings


def test_an_empty_case_has_no_proportions():
    report = report_of(make_tally(0))
    assert {line.proportion.value for line in report.abnormalities} == {None}
    assert report.recommendation is Recommendation.INSUFFICIENT_CELLS


def test_the_strongest_cells_come_first_and_only_counted_ones():
    manifest = make_manifest()
    reads = []
    for index in range(10):
        cell = make_cell(ordinal=index + 1)
        probabilities = dict.fromkeys(Abnormality, 0.0)
        probabilities[Abnormality.VACUOLE] = 0.5 + index / 100
        # The highest of all is no PMN.
        pmn = 0.0 if index == 9 else 0.9
        reads.append(read_cell(cell, CellFindings(cell.id, "d", pmn, probabilities), manifest))
    line = next(
        line for line in report_of(tally(reads)).abnormalities if line.label is Abnormality.VACUOLE
    )
    assert [read.cell.ordinal for read in line.strongest] == [9, 8, 7, 6, 5, 4]
    assert len(line.strongest) == STRONGEST_CELLS


def test_a_line_says_what_enters_the_score_where_the_rule_corrects():
    counted = make_tally(200, vacuole=40, nuclear_spike=4)
    report = report_of(counted, correction=make_correction(0.9, 0.95))
    lines = {line.label: line.corrected for line in report.abnormalities}
    assert lines[Abnormality.VACUOLE].value == pytest.approx(0.15 / 0.85)
    seen = counted.proportion(Abnormality.VACUOLE)
    assert lines[Abnormality.VACUOLE].low == pytest.approx((seen.low - 0.05) / 0.85)
    assert lines[Abnormality.VACUOLE].high == pytest.approx((seen.high - 0.05) / 0.85)
    assert lines[Abnormality.NUCLEAR_SPIKE].value == 0


def test_no_line_is_corrected_without_a_correction_or_without_cells():
    plain = report_of(make_tally(200, vacuole=40))
    empty = report_of(make_tally(0), correction=make_correction())
    assert {line.corrected for line in (*plain.abnormalities, *empty.abnormalities)} == {None}


def test_a_report_with_a_score_says_what_would_change_the_recommendation():
    report = report_of(make_tally(200, vacuole=50))
    # A quarter shows vacuoles, three tenths reach the cut-off.
    assert [turn.change for turn in report.outlook.turns] == [10] * 4
    assert report_of(make_tally(200), pending=1).outlook is None
    assert report_of(make_tally(20)).outlook is None
