"""Drawn nuclei of known geometry give the numbers they were drawn with."""

import cv2
import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.lobes import find_lobes, without_debris
from app.imaging.morphometry import Examined, NotMeasured, examine, measure, weak_labels
from app.imaging.protrusions import longest_protrusion_px, protrusions
from tests.training.drawing import drawn_neutrophil

SIDE = 150


def nucleus(*discs, lines=()):
    """A mask (150, 150) of discs (x, y, radius) and lines (start, end, thickness)."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for x, y, radius in discs:
        cv2.circle(mask, (x, y), radius, 1, -1)
    for start, end, thickness in lines:
        cv2.line(mask, start, end, 1, thickness)
    return mask.astype(bool)


def cell(vacuoles=(), granules=200, tone=(212, 172, 184)):
    """A round cell with one round nucleus in its middle."""
    rng = np.random.default_rng(0)
    rgb = np.full((SIDE, SIDE, 3), (253, 229, 203), np.uint8)
    cv2.circle(rgb, (75, 75), 70, tone, -1, cv2.LINE_AA)
    for _ in range(granules):
        x, y = (int(v) for v in rng.integers(15, 135, 2))
        if np.hypot(x - 75, y - 75) < 60:
            cv2.circle(rgb, (x, y), 1, (165, 105, 165), -1, cv2.LINE_AA)
    for x, y, radius in vacuoles:
        cv2.circle(rgb, (x, y), radius, (253, 229, 203), -1, cv2.LINE_AA)
    cv2.circle(rgb, (75, 75), 34, (70, 36, 130), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(rgb, (0, 0), 0.7)


class TestLobes:
    def test_discs_on_thin_filaments_are_lobes(self):
        mask = nucleus((40, 75, 16), (110, 75, 16), lines=[((40, 75), (110, 75), 3)])
        lobes = find_lobes(mask)
        assert lobes.count == 2
        assert lobes.narrowest_neck < 0.2

    def test_pieces_without_a_visible_filament_have_no_neck_left(self):
        lobes = find_lobes(nucleus((40, 75, 16), (110, 75, 16), (75, 30, 14)))
        assert (lobes.count, lobes.narrowest_neck) == (3, 0.0)

    def test_a_broad_isthmus_joins_but_is_measured(self):
        mask = nucleus((45, 75, 20), (105, 75, 20), lines=[((45, 75), (105, 75), 19)])
        lobes = find_lobes(mask)
        assert lobes.count == 1
        assert 0.35 < lobes.narrowest_neck < 0.65

    def test_a_disc_has_no_neck(self):
        lobes = find_lobes(nucleus((75, 75, 25)))
        assert (lobes.count, lobes.narrowest_neck) == (1, None)

    def test_every_pixel_belongs_to_one_lobe(self):
        mask = nucleus((40, 75, 16), (110, 75, 16), lines=[((40, 75), (110, 75), 3)])
        labels = find_lobes(mask).labels
        assert set(np.unique(labels[mask])) == {1, 2}
        assert not labels[~mask].any()
        assert labels[75, 40] != labels[75, 110]

    def test_a_drumstick_is_no_lobe(self):
        mask = nucleus((75, 75, 30), (75, 30, 4), lines=[((75, 75), (75, 30), 2)])
        assert find_lobes(mask).count == 1

    def test_heaps_of_granules_are_left_out(self):
        mask = nucleus((75, 75, 25), (20, 20, 2))
        assert not without_debris(mask)[20, 20]
        assert without_debris(mask)[75, 75]


class TestProtrusions:
    def test_a_spike_is_as_long_as_it_was_drawn(self):
        mask = nucleus((75, 75, 25), lines=[((75, 75), (75, 38), 3)])
        [found] = [p for p in protrusions(mask) if p.length_px > 2]
        assert 10 < found.length_px < 14
        assert abs(found.tip[0] - 75) <= 2
        assert 36 <= found.tip[1] <= 39

    def test_a_filament_between_lobes_is_none(self):
        mask = nucleus((40, 75, 18), (110, 75, 18), lines=[((40, 75), (110, 75), 3)])
        assert longest_protrusion_px(mask) < 2.6

    def test_a_drumstick_counts_with_its_head(self):
        mask = nucleus((75, 75, 28), (75, 34, 4), lines=[((75, 75), (75, 34), 2)])
        assert longest_protrusion_px(mask) > 12


class TestMeasures:
    def test_areas_are_shares_of_the_cell(self):
        measures = measure(cell())
        assert abs(measures.nucleus_share - (34 / 70) ** 2) < 0.03
        assert abs(measures.cell_diameter_px - 140) < 5
        share = measures.nucleus_share
        assert measures.nucleus_to_cytoplasm == pytest.approx(share / (1 - share))
        assert measures.solidity > 0.95
        assert measures.circularity > 0.85
        assert (measures.lobe_count, measures.hole_count) == (1, 0)

    def test_size_does_not_matter(self):
        small = measure(drawn_neutrophil(150))
        large = measure(drawn_neutrophil(300))
        assert large.cell_diameter_px == pytest.approx(2 * small.cell_diameter_px, rel=0.05)
        assert large.nucleus_share == pytest.approx(small.nucleus_share, abs=0.03)
        assert large.lobe_count == small.lobe_count

    def test_the_light_does_not_matter(self):
        rgb = cell()
        cast = (rgb * np.array([0.9, 0.85, 0.95])).astype(np.uint8)
        plain, other = measure(rgb), measure(cast)
        assert other.cytoplasm_density == pytest.approx(plain.cytoplasm_density, abs=0.01)
        assert other.chromatin_density == pytest.approx(plain.chromatin_density, abs=0.03)

    def test_vacuoles_are_holes_where_they_are(self):
        examined = examine(cell([(25, 75, 4), (110, 110, 5)], granules=0))
        assert isinstance(examined, Examined)
        assert examined.morphometry.hole_count == 2
        largest = examined.outlines.holes[0]
        assert np.hypot(largest.x - 110.5, largest.y - 110.5) < 2
        assert 3 < largest.radius_px < 6

    def test_granules_stand_out_and_pale_cytoplasm_is_pale(self):
        full, none = measure(cell()), measure(cell(granules=0))
        pale = measure(cell(tone=(232, 200, 194)))
        assert none.granule_contrast < 0.5 * full.granule_contrast
        assert none.granules_per_area < 0.2 * full.granules_per_area
        assert pale.cytoplasm_density < 0.75 * full.cytoplasm_density

    def test_outlines_lie_on_what_was_measured(self):
        examined = examine(drawn_neutrophil(300))
        assert isinstance(examined, Examined)
        assert len(examined.outlines.lobes) == examined.morphometry.lobe_count
        for lines in (examined.outlines.cell, *examined.outlines.lobes):
            points = np.concatenate(lines)
            assert points.min() >= 0
            assert points.max() <= 300
        assert np.ptp(np.concatenate(examined.outlines.cell), axis=0).min() > 240

    @pytest.mark.parametrize("shape", [(80, 80, 3), (20, 150, 3)])
    def test_what_cannot_be_measured_says_why(self, shape):
        blank = np.full(shape, 240, np.uint8)
        examined = examine(blank)
        assert isinstance(examined, NotMeasured)
        assert examined.reason.endswith(".")
        assert measure(blank) is None


def test_geometry_rules_out_spikes_of_smooth_nuclei_and_nothing_else():
    smooth = cell()
    spiked = smooth.copy()
    cv2.line(spiked, (75, 75), (75, 28), (70, 36, 130), 3, cv2.LINE_AA)
    assert weak_labels(measure(smooth)) == {Abnormality.NUCLEAR_SPIKE: 0.0}
    assert measure(spiked).protrusion_count == 1
    assert weak_labels(measure(spiked)) == {}
