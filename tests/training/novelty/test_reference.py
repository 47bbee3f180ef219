"""Novelty of made-up embeddings, whose place among the kinds is known."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="novelty needs the extra `train` (torch)")

from app.training.novelty.reference import (
    NOVELTY_THRESHOLD,
    Embedded,
    NoveltyReference,
    distances,
    fit_novelty,
    novelty,
    prototypes,
)

WIDTH = 24
NEUTROPHIL, LYMPHOCYTE = np.eye(WIDTH)[0], np.eye(WIDTH)[1]


def around(direction, count, logit, seed, spread=0.05):
    """Embeddings near a direction, of any length, with PMN logits near a number."""
    rng = np.random.default_rng(seed)
    vectors = direction + rng.normal(0, spread, (count, WIDTH))
    return Embedded(vectors * rng.uniform(1, 9, (count, 1)), rng.normal(logit, 0.5, count))


def fitted(guarded=None, held_out=None):
    return fit_novelty(
        around(NEUTROPHIL, 600, 4, seed=1),
        held_out or around(NEUTROPHIL, 400, 4, seed=3),
        guarded or {},
        pmn_cut=0.0,
    )


def flagged(cells, reference):
    return (novelty(cells, reference) >= NOVELTY_THRESHOLD).mean()


def test_what_was_not_learnt_is_flagged_and_neutrophils_seldom():
    reference = fitted()
    assert flagged(around(NEUTROPHIL, 500, 4, seed=5), reference) < 0.03
    assert flagged(around(LYMPHOCYTE, 500, -6, seed=6), reference) == 1
    # Whatever the PMN output says of them.
    assert flagged(around(np.eye(WIDTH)[2], 500, 4, seed=7), reference) == 1


def test_at_most_one_held_out_neutrophil_in_a_hundred_is_flagged():
    assert 0 < flagged(around(NEUTROPHIL, 400, 4, seed=3), fitted()) <= 0.011


def test_neutrophils_by_a_wrong_label_do_not_widen_the_limit():
    right, wrong = around(NEUTROPHIL, 400, 4, seed=3), around(LYMPHOCYTE, 20, -6, seed=13)
    mixed = Embedded(
        np.concatenate([right.embedding, wrong.embedding]),
        np.concatenate([right.pmn_logit, wrong.pmn_logit]),
    )
    assert flagged(wrong, fitted(held_out=mixed)) == 1
    assert fitted(held_out=mixed).limit < 1.2 * fitted().limit


def test_what_must_not_be_flagged_widens_the_limit():
    altered = around(NEUTROPHIL + 0.8 * np.eye(WIDTH)[3], 200, 4, seed=8)
    assert flagged(altered, fitted()) > 0.5
    assert flagged(altered, fitted({"edited": altered})) <= 0.02


def test_a_low_logit_raises_the_novelty_so_far_and_no_further():
    cells = around(NEUTROPHIL, 200, 4, seed=10)
    reference = fitted()
    usual, low, lower = (
        novelty(Embedded(cells.embedding, np.full(200, logit)), reference)
        for logit in (4.0, -20.0, -40.0)
    )
    assert (low > usual).all()
    np.testing.assert_array_equal(low, lower)


def test_novelty_is_a_number_for_an_embedding_of_zeros():
    nothing = Embedded(np.zeros((2, WIDTH)), np.zeros(2))
    assert np.isfinite(novelty(nothing, fitted())).all()


def test_few_embeddings_are_their_own_prototypes():
    cells = around(NEUTROPHIL, 7, 4, seed=11).embedding
    found = prototypes(cells, 10, seed=0)
    assert found.shape == (7, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(distances(3 * cells, found), 0, atol=1e-6)


def test_many_embeddings_become_few_prototypes_by_the_seed():
    cells = around(NEUTROPHIL, 300, 4, seed=12).embedding
    one, same = (prototypes(cells, 16, seed=5) for _ in range(2))
    assert one.shape == (16, WIDTH)
    np.testing.assert_array_equal(one, same)


def test_the_graph_measures_the_same():
    torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")
    from app.training.novelty.graph import Novelty  # noqa: PLC0415 - needs torch

    reference = fitted()
    kinds = [(NEUTROPHIL, 4), (LYMPHOCYTE, -6), (np.eye(WIDTH)[2], -1.5), (LYMPHOCYTE, 3)]
    for number, (direction, logit) in enumerate(kinds):
        cells = around(direction, 50, logit, seed=20 + number, spread=0.2)
        logits = np.zeros((50, 5), np.float32)
        logits[:, 0] = cells.pmn_logit
        embedding = torch.tensor(cells.embedding, dtype=torch.float32)
        with torch.inference_mode():
            found = Novelty(reference)(embedding, torch.tensor(logits))
        assert found.shape == (50,)
        np.testing.assert_allclose(found.numpy(), novelty(cells, reference), atol=2e-4)


def test_the_exported_graph_measures_the_same(tmp_path):
    """Through the bundle's own export: what the exporter cannot translate shows here."""
    torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")
    from app.training.export import check_parity, export_graph  # noqa: PLC0415 - needs torch
    from app.training.networks import build_network  # noqa: PLC0415 - needs torch
    from app.training.novelty.graph import Novelty  # noqa: PLC0415 - needs torch

    torch.manual_seed(1)
    network = build_network("braga-2025").eval()
    images = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), np.uint8)
    vectors = np.random.default_rng(2).normal(0, 1, (4, network.linear.in_features))
    graph = Novelty(NoveltyReference(prototypes(vectors, 4, seed=0), 0.1, 4.0, 1.5, 2.9))
    export_graph(network, tmp_path / "model.onnx", 32, graph)
    assert check_parity(network, tmp_path / "model.onnx", images, graph).images == 6
