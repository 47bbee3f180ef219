"""Two bundles on the same cells."""

import pytest

from app.domain.abnormality import Abnormality
from app.domain.comparison import (
    CASES_FOR_BOOTSTRAP,
    PairedCounts,
    bootstrap_interval,
    compare,
    paired_interval,
)
from app.domain.finding import read_cell
from app.domain.screening import Recommendation
from tests.factories import make_cell, make_findings, make_manifest, make_rule

VACUOLE = Abnormality.VACUOLE
MANIFEST = make_manifest()


def pair(first, second, first_pmn=0.99, second_pmn=0.99):
    cell = make_cell()
    return tuple(
        read_cell(cell, make_findings(cell, shown, pmn=pmn), MANIFEST)
        for shown, pmn in ((first, first_pmn), (second, second_pmn))
    )


def test_the_interval_is_newcombes_of_his_own_table():
    """Newcombe 1998 (Stat Med 17:2635), table II, method 10: 36, 12, 2, 0."""
    low, high = paired_interval(PairedCounts(both=36, first_only=2, second_only=12, neither=0))
    assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)


def test_mcnemar_is_exact():
    counts = PairedCounts(both=20, first_only=1, second_only=9, neither=70)
    assert counts.mcnemar_p == pytest.approx(2 * (1 + 10) / 2**10)
    assert counts.difference == pytest.approx(0.08)
    assert counts.agreement == pytest.approx(0.9)
    assert PairedCounts(both=3, neither=4).mcnemar_p is None


def test_abnormalities_are_compared_on_cells_that_both_count():
    pairs = [
        pair({VACUOLE}, {VACUOLE}),
        pair({VACUOLE}, set()),
        pair(set(), set()),
        pair({VACUOLE}, {VACUOLE}, second_pmn=0.1),
    ]
    found = compare({"a": pairs}, (make_rule(), make_rule()))
    by_label = {item.label: item for item in found.labels}
    assert by_label[None].counts == PairedCounts(both=3, first_only=1)
    assert by_label[VACUOLE].counts == PairedCounts(both=1, first_only=1, neither=1)
    assert not by_label[VACUOLE].is_over_cases
    [case] = found.cases
    assert case.pmn_counts == (4, 3)
    assert case.scores == (None, None)
    assert case.recommendations == (Recommendation.INSUFFICIENT_CELLS,) * 2


def test_a_cell_that_one_could_not_read_is_left_out():
    cell = make_cell()
    failed = (read_cell(cell, make_findings(cell), MANIFEST), read_cell(cell, None, MANIFEST))
    found = compare({"a": [pair(set(), set()), failed]}, (make_rule(), make_rule()))
    assert (found.cell_count, found.failed) == (1, 1)


def test_from_ten_cases_on_cases_are_drawn_anew():
    """One case alone differs, in all of its cells: single cells would make that look certain."""
    groups = {str(number): [pair(set(), set())] * 20 for number in range(CASES_FOR_BOOTSTRAP)}
    groups["0"] = [pair(set(), {VACUOLE})] * 20
    found = compare(groups, (make_rule(), make_rule()))
    vacuole = next(item for item in found.labels if item.label is VACUOLE)
    assert vacuole.is_over_cases
    assert vacuole.counts.difference == pytest.approx(0.1)
    low, high = vacuole.interval
    assert low == 0
    assert high >= 0.3
    assert vacuole.interval == bootstrap_interval(
        [PairedCounts(second_only=20), *[PairedCounts(neither=20)] * 9]
    )
