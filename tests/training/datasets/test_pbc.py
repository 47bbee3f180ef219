"""What is known of each cell of healthy donors."""

import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused
from app.training.datasets.pbc import read_records, samples_of
from app.training.datasets.sample import Split
from tests.training.datasets.cells import write_pbc


def test_all_labels_are_decided_on_import(tmp_path):
    samples = list(samples_of(read_records(write_pbc(tmp_path))))
    vacuolated, lymphocyte, round_nucleus = samples[:3]
    assert [s.labels.pmn for s in samples[:4]] == [1, 0, 1, 0]
    assert vacuolated.labels.of(Abnormality.VACUOLE) == 1
    assert vacuolated.labels.of(Abnormality.HYPOGRANULARITY) == 0
    assert vacuolated.labels.of(Abnormality.PSEUDO_PELGER) == 0
    assert np.isnan(round_nucleus.labels.of(Abnormality.PSEUDO_PELGER))
    assert np.isnan(lymphocyte.labels.abnormalities).all()
    assert {(s.group, s.centre, s.patient) for s in samples} == {("healthy donor", "Barcelona", "")}
    assert [s.split for s in samples] == [Split.TRAIN] * 4 + [Split.VAL] * 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("file,split\na.jpg,train\n", "lacks the columns cell_type, nucleus_shape"),
        ("file,cell_type,split,nucleus_shape,cytoplasm_vacuole\na,b,side,,\n", "line 2: split is"),
    ],
)
def test_another_table_is_refused(tmp_path, content, words):
    (tmp_path / "cells.csv").write_text(content)
    with pytest.raises(DatasetRefused, match=words):
        read_records(tmp_path)


def test_the_real_cells_are_labelled(pbc):
    records = read_records(pbc)
    sides = {split: {r.path.name for r in records if r.split is split} for split in Split}
    assert not sides[Split.TRAIN] & sides[Split.VAL]
    pmn = [r for r in records if r.is_pmn][:60]
    spikes = [s.labels.of(Abnormality.NUCLEAR_SPIKE) for s in samples_of(pmn)]
    assert 1 not in spikes
    assert 0.3 < spikes.count(0.0) / len(spikes) < 0.95
