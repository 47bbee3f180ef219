import math

import cv2
import numpy as np
import pytest

from app.domain.abnormality import Abnormality
from app.imaging.synthetic import (
    GIEMSA_BLUE,
    WRIGHT_MAGENTA,
    CaseProfile,
    CellKind,
    SyntheticCell,
    random_case,
    render_cell,
    render_frame,
)

SEEDS = range(12)


def drawn(seed, *abnormalities, **more):
    return render_cell(SyntheticCell(frozenset(abnormalities), seed, **more))


def nucleus_of(rgb):
    """Dark in green; closed, for the light specks of chromatin belong to it."""
    return cv2.morphologyEx((rgb[..., 1] < 105).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))


def cytoplasm_of(rgb):
    """The inner part of the cell, well away from nucleus and border."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width]
    inner = (2 * x / width - 1) ** 2 + (2 * y / height - 1) ** 2 < 0.75
    return inner & (cv2.dilate(nucleus_of(rgb), np.ones((9, 9))) == 0)


def largest_contour(mask):
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=cv2.contourArea)


def solidity(mask):
    contour = largest_contour(mask)
    return cv2.contourArea(contour) / cv2.contourArea(cv2.convexHull(contour))


def blobs(mask):
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [stats[i, cv2.CC_STAT_AREA] for i in range(1, count) if stats[i, 4] > 100]


def sharpness(rgb):
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


class TestPicture:
    def test_equal_descriptions_give_equal_pixels(self):
        one = SyntheticCell(frozenset(Abnormality), seed=5)
        other = SyntheticCell(frozenset(Abnormality), seed=5)
        assert np.array_equal(render_cell(one), render_cell(other))
        assert np.array_equal(render_frame(one), render_frame(other))

    def test_another_seed_gives_another_cell(self):
        assert drawn(1).shape != drawn(2).shape or not np.array_equal(drawn(1), drawn(2))

    def test_crops_vary_in_size_like_real_ones(self):
        sizes = np.array([drawn(seed).shape[:2] for seed in range(40)])
        assert sizes.min() >= 105
        assert sizes.max() <= 205
        assert 140 <= np.median(sizes) <= 156
        assert sizes.std() > 5

    @pytest.mark.parametrize("size_px", [64, 97, 227, 400])
    def test_a_requested_size_is_the_longer_side(self, size_px):
        crop = render_cell(SyntheticCell(seed=3), size_px)
        assert max(crop.shape[:2]) == size_px
        assert crop.dtype == np.uint8
        assert crop.shape[2] == 3

    @pytest.mark.parametrize("size", [(360, 363), (575, 575), (640, 480), (64, 80)])
    def test_a_frame_has_exactly_the_requested_size(self, size):
        width_px, height_px = size
        frame = render_frame(SyntheticCell(seed=3), width_px, height_px)
        assert frame.shape == (height_px, width_px, 3)

    def test_the_cell_lies_in_the_middle_of_its_frame(self):
        for seed in SEEDS:
            mask = nucleus_of(render_frame(SyntheticCell(seed=seed)))
            mask[:90], mask[-90:], mask[:, :90], mask[:, -90:] = 0, 0, 0, 0
            moments = cv2.moments(largest_contour(mask))
            assert abs(moments["m10"] / moments["m00"] - 180) < 40
            assert abs(moments["m01"] / moments["m00"] - 181) < 40

    def test_a_frame_shows_red_cells(self):
        frame = render_frame(SyntheticCell(seed=4))
        red = (np.abs(frame.astype(int) - (202, 163, 166)).max(axis=2) < 22).mean()
        assert 0.05 < red < 0.7

    def test_colours_are_those_of_may_gruenwald_giemsa(self):
        crops = [drawn(seed) for seed in SEEDS]
        nuclei = np.mean([c[nucleus_of(c) > 0].mean(axis=0) for c in crops], axis=0)
        cytoplasm = np.mean([c[cytoplasm_of(c)].mean(axis=0) for c in crops], axis=0)
        assert nuclei == pytest.approx([78, 36, 132], abs=12)
        assert cytoplasm == pytest.approx([205, 163, 175], abs=14)

    @pytest.mark.parametrize("stain", [WRIGHT_MAGENTA, GIEMSA_BLUE])
    def test_another_stain_shows_another_colour(self, stain):
        usual, other = drawn(6), drawn(6, stain=stain)
        assert usual.shape == other.shape
        assert np.abs(usual.mean(axis=(0, 1)) - other.mean(axis=(0, 1))).max() > 8

    def test_blur_takes_the_sharpness(self):
        for seed in SEEDS:
            assert sharpness(drawn(seed, blur=3.0)) < 0.3 * sharpness(drawn(seed))

    def test_a_lymphocyte_is_small_with_a_large_round_nucleus(self):
        for seed in SEEDS:
            crop = drawn(seed, kind=CellKind.LYMPHOCYTE)
            assert max(crop.shape[:2]) < 150
            assert nucleus_of(crop).mean() > 0.4
            assert solidity(nucleus_of(crop)) > 0.9


class TestAbnormalities:
    def test_vacuoles_open_bright_holes_in_the_cell(self):
        for seed in SEEDS:
            plain, holed = drawn(seed), drawn(seed, Abnormality.VACUOLE)
            brighter = holed[..., 1].astype(int) - plain[..., 1] > 18
            assert brighter.sum() > 60
            assert holed[brighter].mean() > plain[brighter].mean() + 18

    def test_hypogranularity_calms_and_pales_the_cytoplasm(self):
        for seed in SEEDS:
            plain, clear = drawn(seed), drawn(seed, Abnormality.HYPOGRANULARITY)
            where = cytoplasm_of(plain) & cytoplasm_of(clear)
            assert clear[where][:, 1].std() < 0.6 * plain[where][:, 1].std()
            assert clear[where][:, 1].mean() > plain[where][:, 1].mean() + 5

    def test_a_bilobed_pelger_nucleus_is_two_round_lobes(self):
        for seed in SEEDS:
            mask = nucleus_of(drawn(seed, Abnormality.PSEUDO_PELGER, lobes=2))
            # An opening cuts the filament.
            lobes = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(2, (19, 19)))
            contours, _ = cv2.findContours(lobes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            assert len(contours) == 2
            for contour in contours:
                area = cv2.contourArea(contour)
                assert area / cv2.contourArea(cv2.convexHull(contour)) > 0.93
                assert 4 * math.pi * area / cv2.arcLength(contour, closed=True) ** 2 > 0.7

    def test_an_unlobed_pelger_nucleus_is_one_round_blob(self):
        for seed in SEEDS:
            mask = nucleus_of(drawn(seed, Abnormality.PSEUDO_PELGER, lobes=1))
            assert len(blobs(mask)) == 1
            assert solidity(mask) > 0.93

    def test_spikes_stand_out_of_the_nucleus(self):
        def thin_share(rgb):
            mask = nucleus_of(rgb)
            opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(2, (11, 11)))
            return 1 - opened.sum() / mask.sum()

        for seed in SEEDS:
            smooth = drawn(seed, Abnormality.PSEUDO_PELGER, lobes=1)
            spiked = drawn(seed, Abnormality.PSEUDO_PELGER, Abnormality.NUCLEAR_SPIKE, lobes=1)
            assert solidity(nucleus_of(spiked)) < solidity(nucleus_of(smooth)) - 0.02
            segmented = drawn(seed)
            pointed = drawn(seed, Abnormality.NUCLEAR_SPIKE)
            assert thin_share(pointed) > thin_share(segmented) + 0.005

    @pytest.mark.parametrize("abnormality", list(Abnormality))
    def test_an_abnormality_leaves_outline_and_surroundings_alone(self, abnormality):
        plain, changed = drawn(8), drawn(8, abnormality)
        assert plain.shape == changed.shape
        corners = np.s_[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert np.abs(plain[corners].astype(int) - changed[corners]).max() < 6

    def test_a_milder_cell_shows_less(self):
        strong = [drawn(s, Abnormality.HYPOGRANULARITY) for s in SEEDS]
        mild = [drawn(s, Abnormality.HYPOGRANULARITY, severity=0.3) for s in SEEDS]
        spread = [
            np.mean([c[cytoplasm_of(c)][:, 1].std() for c in crops]) for crops in (strong, mild)
        ]
        assert spread[0] < spread[1]

    def test_more_lobes_make_a_less_solid_nucleus(self):
        means = [
            np.mean([solidity(nucleus_of(drawn(seed, lobes=lobes))) for seed in SEEDS])
            for lobes in (3, 4)
        ]
        pelger = np.mean(
            [solidity(nucleus_of(drawn(s, Abnormality.PSEUDO_PELGER, lobes=1))) for s in SEEDS]
        )
        assert max(means) < pelger - 0.1


class TestDescription:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"seed": -1},
            {"severity": 0.0},
            {"severity": 1.5},
            {"blur": -1.0},
            {"lobes": 0},
            {"lobes": 7},
            {"lobes": 3, "abnormalities": frozenset({Abnormality.PSEUDO_PELGER})},
            {"kind": CellKind.LYMPHOCYTE, "lobes": 2},
            {"kind": CellKind.LYMPHOCYTE, "abnormalities": frozenset({Abnormality.VACUOLE})},
        ],
    )
    def test_an_impossible_cell_is_refused(self, wrong):
        with pytest.raises(ValueError):
            SyntheticCell(**wrong)

    def test_a_picture_too_small_to_draw_is_refused(self):
        with pytest.raises(ValueError):
            render_cell(SyntheticCell(), 20)
        with pytest.raises(ValueError):
            render_frame(SyntheticCell(), 360, 20)


class TestCase:
    COUNT = 3000

    @staticmethod
    def within(seen, count, share):
        """Four standard errors: one false alarm in many thousand, and the seed is fixed."""
        return abs(seen - count * share) < 4 * math.sqrt(count * share * (1 - share)) + 1

    @pytest.mark.parametrize("profile", list(CaseProfile))
    def test_a_case_keeps_the_shares_of_its_profile(self, profile):
        cells = list(random_case(profile, self.COUNT, seed=1))
        pmn = [cell for cell in cells if cell.kind is CellKind.PMN]
        assert len(cells) == self.COUNT
        assert self.within(self.COUNT - len(pmn), self.COUNT, 0.05)
        assert self.within(sum(cell.blur > 0 for cell in cells), self.COUNT, 0.03)
        for abnormality, share in profile.shares.items():
            assert self.within(sum(c.shows(abnormality) for c in pmn), len(pmn), share)

    def test_every_abnormality_is_commoner_in_vexas_than_in_control(self):
        for abnormality in Abnormality:
            control = CaseProfile.CONTROL.shares[abnormality]
            assert CaseProfile.VEXAS_LIKE.shares[abnormality] > 4 * control

    def test_a_case_is_fixed_by_its_seed(self):
        one = list(random_case(CaseProfile.VEXAS_LIKE, 50, seed=7))
        assert one == list(random_case(CaseProfile.VEXAS_LIKE, 50, seed=7))
        assert one != list(random_case(CaseProfile.VEXAS_LIKE, 50, seed=8))

    def test_a_longer_case_begins_with_the_shorter(self):
        longer = list(random_case(CaseProfile.CONTROL, 30, seed=7))
        assert longer[:10] == list(random_case(CaseProfile.CONTROL, 10, seed=7))

    def test_no_two_cells_share_a_seed(self):
        assert len({c.seed for c in random_case(CaseProfile.CONTROL, 500, seed=2)}) == 500
