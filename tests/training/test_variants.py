"""A variant beside its network: what is measured, and what speaks against it."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.training.variants import Comparison, Group, compare, speed_ratio
from tests.bundles import SIZE_PX, write_bundle

GOOD = Comparison(1.5, {"vacuole, real": (0.97, 0.968)}, 0.04, 3, 400)
THRESHOLDS = dict.fromkeys(
    ("pmn", "pseudo_pelger", "nuclear_spike", "vacuole", "hypogranularity"), 0.5
)


def group(kind="real", count=40, seed=0):
    """Plain colours: the redder, the likelier a vacuole; labels follow, but for a tenth."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(60, 200, (count, 3), np.uint8)
    images = np.broadcast_to(colours[:, None, None], (count, SIZE_PX, SIZE_PX, 3)).copy()
    labels = np.full((count, 5), np.nan)
    labels[:, 3] = (colours[:, 0] > 127) != (rng.random(count) < 0.1)
    return Group(kind, images, labels)


class TestObjections:
    def test_a_faster_variant_that_answers_alike_may_be_shipped(self):
        assert GOOD.objections == ()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"speed_ratio": 1.1}, "1.10 times as fast, not 1.15"),
            ({"speed_ratio": float("nan")}, "nan times as fast"),
            ({"auc": {"pmn, real": (0.99, 0.98)}}, "pmn, real: its AUC is 0.9800"),
            ({"auc": {"pmn, real": (0.99, float("nan"))}}, "its AUC is nan"),
            ({"changed": 9}, "calls 9 of 400 cells otherwise"),
        ],
    )
    def test_each_of_three_faults_speaks_against_it(self, changes, said):
        objections = replace(GOOD, **changes).objections
        assert len(objections) == 1
        assert said in objections[0]

    def test_one_label_is_enough(self):
        auc = {"pmn, real": (0.99, 0.99), "vacuole, edited": (0.9, 0.8)}
        assert len(replace(GOOD, auc=auc).objections) == 1


class TestCompare:
    @pytest.fixture
    def bundle(self, tmp_path):
        # Of these colours a hard sigmoid keeps the order, and moves the probabilities.
        return write_bundle(tmp_path, variant_ending="HardSigmoid", novelty_threshold=0.9)

    def measured(self, bundle, groups, thresholds=THRESHOLDS):
        return compare(bundle / "model.onnx", bundle / "model-int8.onnx", groups, thresholds)

    def test_the_same_order_is_the_same_area(self, bundle):
        found = self.measured(bundle, [group()])
        full, variant = found.auc["vacuole, real"]
        assert 0.7 < full < 1
        assert variant == pytest.approx(full, abs=1e-9)
        assert 0.03 < found.largest_shift < 0.1
        assert found.speed_ratio > 0

    def test_a_network_calls_as_itself(self, bundle):
        path = bundle / "model.onnx"
        found = compare(path, path, [group()], THRESHOLDS)
        assert (found.largest_shift, found.changed, found.cells) == (0, 0, 40)

    def test_calls_between_both_answers_change(self, bundle):
        # sigmoid(-2.1) = 0.11, hard sigmoid 0.08: a threshold of 0.1 lies between.
        thresholds = dict.fromkeys(THRESHOLDS, 0.1)
        images = np.full((3, SIZE_PX, SIZE_PX, 3), 61, np.uint8)
        found = self.measured(bundle, [Group("real", images, np.full((3, 5), np.nan))], thresholds)
        assert (found.changed, found.cells) == (3, 3)
        assert found.auc == {}

    def test_novelty_counts_as_a_call_where_it_has_a_threshold(self, tmp_path):
        full, variant = (
            write_bundle(tmp_path / ending, novelty_threshold=0.3, novelty_ending=ending)
            / "model.onnx"
            for ending in ("Identity", "Sqrt")
        )
        # 61 of 255 is a novelty of 0.24, and its root 0.49.
        groups = [
            Group("real", np.full((3, SIZE_PX, SIZE_PX, 3), 61, np.uint8), np.full((3, 5), np.nan))
        ]
        assert compare(full, variant, groups, THRESHOLDS).changed == 0
        assert compare(full, variant, groups, {**THRESHOLDS, "novelty": 0.3}).changed == 3

    def test_kinds_are_not_mixed_and_groups_of_one_kind_are(self, bundle):
        groups = [group("real"), group("edited", 20, 1), group("edited", 20, 2)]
        found = self.measured(bundle, groups)
        assert list(found.auc) == ["vacuole, real", "vacuole, edited"]
        assert found.cells == 80

    def test_a_label_with_few_cells_of_a_class_is_left_out(self, bundle):
        some = group()
        some.labels[:, 3] = 0
        some.labels[:3, 3] = 1
        assert self.measured(bundle, [some]).auc == {}

    def test_figures_go_into_json_by_name(self):
        assert GOOD.figures() == {
            "speed_ratio": 1.5,
            "auc": {"vacuole, real": {"fp32": 0.97, "variant": 0.968}},
            "largest_shift": 0.04,
            "cells_called_otherwise": 3,
            "cells": 400,
        }


def test_the_speed_is_the_median_of_rounds_in_turns():
    now, turns = [0.0], []

    def work(name, seconds):
        def run():
            turns.append(name)
            # Other work on the machine slows a few rounds, of whichever is running.
            now[0] += seconds * (10 if len(turns) in {3, 8} else 1)

        return run

    assert speed_ratio(work("a", 3.0), work("b", 2.0), lambda: now[0]) == pytest.approx(1.5)
    assert turns[:4] == ["a", "b", "a", "b"]
