"""Other laboratories' stains and cameras, imitated."""

import numpy as np
import pytest

from app.training.augment import NAMED_CASTS, augment, other_stain, random_change
from app.training.stains import StainChange, borrowed, recolour, stain_profile
from tests.training.drawing import drawn_neutrophil

BLUE = NAMED_CASTS["blue"]


@pytest.fixture
def profiles():
    """Three cells, each in another stain."""
    found = [stain_profile(recolour(drawn_neutrophil(), c)) for c in NAMED_CASTS.values()]
    return [profile for profile in found if profile is not None]


@pytest.mark.parametrize("seed", range(5))
def test_augmentation_keeps_the_form_and_obeys_its_seed(seed, profiles):
    rgb = drawn_neutrophil()
    one, two = (augment(rgb, 96, np.random.default_rng(seed), profiles) for _ in range(2))
    assert one.shape == (96, 96, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)


def test_recolouring_changes_colour_but_not_structure():
    rgb = drawn_neutrophil()
    for change in NAMED_CASTS.values():
        changed = recolour(rgb, change)
        assert np.abs(changed.astype(int) - rgb).mean() > 5
        assert np.corrcoef(changed[:, :, 0].ravel(), rgb[:, :, 0].ravel())[0, 1] > 0.9


def test_changing_nothing_changes_nothing():
    rgb = drawn_neutrophil()
    nothing = StainChange(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    np.testing.assert_allclose(recolour(rgb, nothing).astype(int), rgb, atol=1)


def test_two_changes_are_one():
    rgb = drawn_neutrophil()
    first, second = (random_change(np.random.default_rng(seed), most=0.3) for seed in (1, 2))
    at_once = recolour(rgb, first.then(second)).astype(int)
    np.testing.assert_allclose(at_once, recolour(recolour(rgb, first), second), atol=6)


class TestStainProfile:
    def test_a_borrowed_stain_comes_near_to_the_one_it_was_taken_from(self):
        rgb = drawn_neutrophil()
        target = recolour(rgb, BLUE)
        own, wanted = stain_profile(rgb), stain_profile(target)
        got = recolour(rgb, borrowed(own, wanted)).astype(int)
        before = np.abs(rgb.astype(int) - target).mean()
        assert np.abs(got - target).mean() < 0.35 * before

    def test_the_stain_that_takes_up_more_red_comes_first(self):
        profile = stain_profile(drawn_neutrophil())
        assert profile.vectors[0, 0] > profile.vectors[1, 0]
        np.testing.assert_allclose(np.linalg.norm(profile.vectors, axis=1), 1, atol=1e-5)

    def test_an_empty_picture_has_no_stain(self):
        assert stain_profile(np.full((80, 80, 3), 240, np.uint8)) is None

    def test_nothing_is_borrowed_where_there_is_nothing(self, profiles):
        rng = np.random.default_rng(0)
        assert other_stain(drawn_neutrophil(), [], rng) is None
        assert other_stain(np.full((80, 80, 3), 240, np.uint8), profiles, rng) is None
        assert other_stain(drawn_neutrophil(), profiles, rng) is not None
