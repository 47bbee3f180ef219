"""The projection of embeddings, which must never change: stored vectors are compared by it."""

import hashlib

import numpy as np
import pytest

from app.imaging.embedding import PROJECTED, cosines, project


def test_it_is_the_same_for_ever():
    """A change of this number is a change of the projection: see the module."""
    vectors = np.stack([project(row) for row in np.eye(3, 40, dtype=np.float32)])
    assert vectors.shape == (3, PROJECTED)
    assert set(np.abs(vectors).ravel().tolist()) == {0.125}
    digest = hashlib.sha256(np.packbits(vectors > 0).tobytes()).hexdigest()
    assert digest == "96d25993d39d9c86d4386b274f66ecf9ffe02a51eea493fa9180b0fd20ebe843"


def test_a_vector_has_the_length_of_one_whatever_the_embeddings():
    embedding = np.random.default_rng(1).normal(0, 300, 1280).astype(np.float32)
    small = project(embedding)
    assert small.dtype == np.float16
    assert float(np.linalg.norm(small.astype(float))) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(project(embedding * 7), small)


def test_cosines_are_kept_nearly():
    """The deviation of an estimate is about (1 - cos²) / √64."""
    random = np.random.default_rng(2)
    for wanted in (0.0, 0.5, 0.9, 0.99):
        errors = []
        for _ in range(200):
            first, other = np.linalg.qr(random.normal(size=(1280, 2)))[0].T
            second = wanted * first + np.sqrt(1 - wanted**2) * other
            found = cosines(project(first), project(second)[None])
            errors.append(found[0] - wanted)
        assert np.mean(errors) == pytest.approx(0, abs=0.04)
        assert np.std(errors) < 1.4 * (1 - wanted**2) / 8 + 0.002


def test_an_embedding_of_zeros_is_like_none():
    nothing = project(np.zeros(10, np.float32))
    something = project(np.ones(10, np.float32))
    assert cosines(nothing, np.stack([nothing, something])).tolist() == [0, 0]
    assert cosines(something, np.stack([nothing, something])) == pytest.approx([0, 1], abs=1e-5)
