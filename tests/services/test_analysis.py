"""Analysis: one cell's fault stays with that cell."""

import pytest

from app.domain.errors import StorageUnavailable
from app.imaging.decode import encode_png
from app.imaging.synthetic import SyntheticCell, render_cell
from app.services import analysis
from app.services.analysis import classify_cells
from app.services.intake import blob_name
from app.storage.object_store import open_store
from tests.factories import make_cell


@pytest.fixture
def cells():
    return [make_cell(ordinal=ordinal) for ordinal in (1, 2, 3)]


@pytest.fixture
def blobs(cells):
    store = open_store("memory:///")
    for cell in cells:
        pixels = render_cell(SyntheticCell(seed=cell.ordinal))
        store.put(blob_name(cell.pixel_sha256), encode_png(pixels))
    return store


def break_at_the_second(monkeypatch, error):
    real, calls = analysis.prepare, []

    def prepare(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise error
        return real(*arguments)

    monkeypatch.setattr(analysis, "prepare", prepare)


def test_a_cell_that_cannot_be_prepared_fails_alone(monkeypatch, container, cells, blobs):
    break_at_the_second(monkeypatch, MemoryError("Unable to allocate 112 GiB"))
    result = classify_cells(cells, container.classifier, blobs)
    assert [item.cell_id for item in result.findings] == [cells[0].id, cells[2].id]
    [failure] = result.failures
    assert failure.cell == cells[1]
    assert "MemoryError" in failure.reason


def test_a_store_that_is_away_is_no_cells_fault(monkeypatch, container, cells, blobs):
    break_at_the_second(monkeypatch, StorageUnavailable("away"))
    with pytest.raises(StorageUnavailable):
        classify_cells(cells, container.classifier, blobs)
