import pytest

from app.domain.abnormality import Abnormality
from app.domain.cell import QualityFlag
from app.domain.finding import CellFindings, Exclusion, read_cell, tally
from tests.factories import (
    make_cell,
    make_findings,
    make_manifest,
    make_read,
    make_tally,
    novelty_manifest,
)


def test_a_probability_at_its_threshold_is_called():
    manifest = make_manifest(
        thresholds={"pmn": 0.5, **{label.value: 0.5 for label in Abnormality}, "vacuole": 0.7}
    )
    cell = make_cell()
    probabilities = dict.fromkeys(Abnormality, 0.69) | {Abnormality.VACUOLE: 0.7}
    probabilities[Abnormality.PSEUDO_PELGER] = 0.49999
    read = read_cell(cell, CellFindings(cell.id, "d", 0.5, probabilities), manifest)
    assert read.exclusion is None
    assert read.abnormalities == {
        Abnormality.VACUOLE,
        Abnormality.NUCLEAR_SPIKE,
        Abnormality.HYPOGRANULARITY,
    }


def test_a_cell_is_left_out_for_the_first_reason_that_holds():
    manifest = make_manifest()
    poor, good = make_cell(flags=[QualityFlag.BLURRED]), make_cell()
    assert (
        read_cell(poor, make_findings(poor, pmn=0.1), manifest).exclusion is Exclusion.POOR_QUALITY
    )
    assert read_cell(good, None, manifest).exclusion is Exclusion.NOT_CLASSIFIED
    assert read_cell(good, make_findings(good, pmn=0.49), manifest).exclusion is Exclusion.NOT_PMN
    assert read_cell(good, make_findings(good, pmn=0.5), manifest).exclusion is None


@pytest.mark.parametrize(
    ("novelty", "pmn", "exclusion"),
    [
        (1.999, 0.99, None),
        (1.999, 0.1, Exclusion.NOT_PMN),
        (2.0, 0.99, Exclusion.UNFAMILIAR),
        # A lymphocyte is unlike the neutrophils, and recognised as none: that tells more.
        (2.0, 0.1, Exclusion.NOT_PMN),
        (None, 0.99, None),
    ],
)
def test_a_cell_that_seems_a_pmn_but_is_unlike_the_learnt_ones_is_left_out(novelty, pmn, exclusion):
    manifest = make_manifest(**novelty_manifest(2.0))
    cell, poor = make_cell(), make_cell(flags=[QualityFlag.BLURRED])
    read = read_cell(cell, make_findings(cell, novelty=novelty, pmn=pmn), manifest)
    assert read.exclusion is exclusion
    blurred = read_cell(poor, make_findings(poor, novelty=novelty, pmn=pmn), manifest)
    assert blurred.exclusion is Exclusion.POOR_QUALITY


def test_a_bundle_without_a_threshold_finds_nothing_unfamiliar():
    cell = make_cell()
    assert read_cell(cell, make_findings(cell, novelty=99.0), make_manifest()).exclusion is None


def test_only_counted_cells_stand_in_the_proportions():
    vacuole = [Abnormality.VACUOLE]
    counted = tally([make_read(vacuole), make_read(), make_read(vacuole, pmn=0.1)])
    assert counted.pmn_count == 2
    assert counted.proportion(Abnormality.VACUOLE).count == 1
    assert counted.proportion(Abnormality.VACUOLE).total == 2
    assert counted.excluded == {Exclusion.NOT_PMN: 1}


def test_a_cell_with_two_abnormalities_counts_once_for_each():
    counted = make_tally(10, vacuole=3, hypogranularity=2)
    assert counted.pmn_count == 10
    assert counted.proportion(Abnormality.VACUOLE).count == 3
    assert counted.proportion(Abnormality.HYPOGRANULARITY).count == 2
    assert counted.patterns[frozenset({Abnormality.VACUOLE, Abnormality.HYPOGRANULARITY})] == 2
