"""Activation maps of stored cells."""

import numpy as np
import pytest

from app.domain.errors import NotFound
from app.imaging.decode import encode_png
from app.services import explaining
from app.services.explaining import Explainer
from app.services.intake import blob_name
from app.storage.object_store import open_store
from tests.factories import make_cell


def stored(cell, pixels):
    store = open_store("memory:///")
    store.put(blob_name(cell.pixel_sha256), encode_png(pixels))
    return store


def test_the_maps_are_those_of_the_crop(container):
    cell = make_cell()
    pixels = np.zeros((140, 150, 3), np.uint8)
    pixels[:, 75:, 0] = 255
    maps = Explainer().maps(cell, container.classifier, stored(cell, pixels))
    vacuole = maps[2]
    assert maps.shape == (4, 4, 4)
    # The outer rows hold some of the padding, too.
    assert vacuole[1:3, :2] == pytest.approx(0, abs=0.01)
    assert vacuole[1:3, 2:] == pytest.approx(8, abs=0.01)


def test_the_last_ones_are_kept_in_memory(container, monkeypatch):
    monkeypatch.setattr(explaining, "_KEPT", 2)
    explainer, classifier = Explainer(), container.classifier
    pixels = np.full((140, 150, 3), 90, np.uint8)
    cells = [make_cell(ordinal=ordinal) for ordinal in (1, 2, 3)]
    first = [explainer.maps(cell, classifier, stored(cell, pixels)) for cell in cells]
    nothing = open_store("memory:///")
    for cell, maps in zip(cells[1:], first[1:], strict=True):
        assert np.array_equal(explainer.maps(cell, classifier, nothing), maps)
    with pytest.raises(NotFound):
        explainer.maps(cells[0], classifier, nothing)
