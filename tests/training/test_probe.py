"""Probes find a trace that was planted, where it was planted, and none where there is none."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.domain.abnormality import Abnormality
from app.training import probe
from app.training.datasets.sample import Labels, Sample
from app.training.probe import TABLE, probe_edits, probe_pixels
from tests.training.drawing import drawn_neutrophil

SIZE_PX, CELLS = 32, 24


@pytest.fixture
def cells(monkeypatch):
    """Neutrophils that are drawn when they are read."""
    monkeypatch.setattr(
        probe, "read_crop", lambda sample: drawn_neutrophil(seed=int(sample.cell_type))
    )
    every = [Sample(None, Labels(1, (0.0,) * 4), cell_type=str(i)) for i in range(2 * CELLS)]
    return every[:CELLS], every[CELLS:]


def brighter_corner(rgb, edit, rng):
    marked, reach = rgb.copy(), rgb.shape[0] * 2 // 5
    marked[:reach, :reach] = np.minimum(marked[:reach, :reach].astype(int) + 25, 255)
    return marked


def embed(images):
    """(N, 12) the mean colour of each quarter; the first three see the corner."""
    half = SIZE_PX // 2
    quarters = [images[:, y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
    return np.concatenate([quarter.mean((1, 2)) for quarter in quarters], axis=1)


def blind_head(embedding):
    """(N, 5) logits from all but the corner."""
    return embedding[:, 3:8]


def seeing_head(embedding):
    return embedding[:, :1] + embedding[:, 3:8] / 10


def by_measure(figures, part):
    return [figure.value for figure in figures if part in figure.measure]


def test_a_trace_in_the_embedding_is_found_and_shown_not_to_be_used(cells, monkeypatch):
    monkeypatch.setattr(probe, "draw", brighter_corner)
    figures = probe_edits(embed, blind_head, *cells, SIZE_PX, seed=1)
    assert len(figures) == 3 * len(Abnormality)
    assert {figure.table for figure in figures} == {TABLE}
    assert min(by_measure(figures, "on the embedding")) > 0.95
    assert by_measure(figures, "alone") == [0.5] * len(Abnormality)
    assert by_measure(figures, "four logits") == [0.5] * len(Abnormality)


def test_a_trace_that_the_outputs_use_is_shown_by_them(cells, monkeypatch):
    monkeypatch.setattr(probe, "draw", brighter_corner)
    figures = probe_edits(embed, seeing_head, *cells, SIZE_PX, seed=1)
    assert min(by_measure(figures, "alone")) > 0.9
    assert min(by_measure(figures, "four logits")) > 0.9


def test_without_a_trace_every_probe_is_at_chance(cells, monkeypatch):
    monkeypatch.setattr(probe, "draw", lambda rgb, edit, rng: rgb)
    figures = probe_edits(embed, seeing_head, *cells, SIZE_PX, seed=1)
    assert [figure.value for figure in figures] == [0.5] * len(figures)
    low, high = figures[0].interval
    assert low <= 0.5 <= high
    assert figures[0].n == f"{CELLS} / {CELLS}"


def test_decoys_are_drawn_by_the_editors_that_training_uses(cells):
    few = [part[:12] for part in cells]
    figures = probe_edits(embed, blind_head, *few, SIZE_PX, seed=1)
    assert figures
    assert all(0 <= figure.value <= 1 for figure in figures)


def test_an_editor_without_room_is_left_out(cells, monkeypatch):
    def only_vacuoles(rgb, edit, rng):
        return rgb if edit.abnormality is Abnormality.VACUOLE else None

    monkeypatch.setattr(probe, "draw", only_vacuoles)
    figures = probe_edits(embed, blind_head, *cells, SIZE_PX, seed=1)
    assert {figure.measure.split(":")[0] for figure in figures} == {"vacuole"}
    assert len(probe_pixels(*cells, seed=1, size_px=SIZE_PX, epochs=1)) == 1
    monkeypatch.setattr(probe, "draw", lambda *_: None)
    assert probe_edits(embed, blind_head, *cells, SIZE_PX, seed=1) == []
    assert probe_pixels(*cells, seed=1, size_px=SIZE_PX, epochs=1) == []


def test_a_network_on_the_pixels_finds_a_trace(cells, monkeypatch):
    monkeypatch.setattr(probe, "draw", lambda rgb, edit, rng: rgb // 2)
    figures = probe_pixels(*cells, seed=1, size_px=SIZE_PX, epochs=10)
    assert [figure.n for figure in figures] == [f"{CELLS} / {CELLS}"] * len(Abnormality)
    assert min(figure.value for figure in figures) > 0.8


def test_a_network_on_the_pixels_finds_none_where_there_is_none(cells, monkeypatch):
    monkeypatch.setattr(probe, "draw", lambda rgb, edit, rng: rgb)
    figures = probe_pixels(*cells, seed=1, size_px=SIZE_PX, epochs=1)
    assert [figure.value for figure in figures] == [0.5] * len(Abnormality)
