"""Thumbnails are made once, in a few sizes."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.domain.cell import Box, Framing, Location
from app.domain.errors import NotFound, StorageUnavailable
from app.imaging.decode import encode_png
from app.imaging.synthetic import SyntheticCell, render_frame
from app.services.intake import blob_name
from app.services.thumbnails import SIZES_PX, thumbnail, thumbnail_name
from app.storage.object_store import open_store
from tests.factories import make_cell


@pytest.fixture
def cell():
    return replace(make_cell(), location=Location(Framing.FRAMED, Box(10, 20, 310, 170)))


@pytest.fixture
def blobs(cell):
    store = open_store("memory:///")
    pixels = render_frame(SyntheticCell(seed=1))
    store.put(blob_name(cell.pixel_sha256), encode_png(pixels))
    return store


def size_of(content):
    return Image.open(io.BytesIO(content)).size


@pytest.mark.parametrize(
    ("asked", "shape"),
    [(1, (160, 80)), (160, (160, 80)), (161, (256, 128)), (512, (300, 150)), (9999, (300, 150))],
)
def test_other_sizes_round_up_and_nothing_is_enlarged(cell, blobs, asked, shape):
    assert size_of(thumbnail(cell, asked, blobs)) == shape


def test_it_is_made_once(cell, blobs):
    first = thumbnail(cell, 160, blobs)
    assert blobs.get(thumbnail_name(cell, 160)) == first

    class Kept:
        def get(self, name):
            assert name == thumbnail_name(cell, 160)
            return blobs.get(name)

    assert thumbnail(cell, 100, Kept()) == first


def test_another_cut_and_size_have_other_names(cell):
    other = replace(cell, location=Location(Framing.FRAMED, Box(10, 20, 310, 171)))
    names = {thumbnail_name(item, size) for item in (cell, other) for size in SIZES_PX}
    assert len(names) == 6


def test_one_that_was_cut_short_is_made_anew(cell, blobs):
    whole = thumbnail(cell, 160, blobs)
    cut_short = open_store("memory:///")
    cut_short.put(blob_name(cell.pixel_sha256), blobs.get(blob_name(cell.pixel_sha256)))
    cut_short.put(thumbnail_name(cell, 160), whole[:700])
    assert thumbnail(cell, 160, cut_short) == whole
    assert cut_short.get(thumbnail_name(cell, 160)) == whole


def test_a_full_store_still_shows_its_cells(cell, blobs):
    class Full:
        get = blobs.get

        def put(self, name, content):
            raise StorageUnavailable("full")

    assert size_of(thumbnail(cell, 160, Full())) == (160, 80)


def test_without_the_image_there_is_none(cell):
    with pytest.raises(NotFound):
        thumbnail(cell, 160, open_store("memory:///"))


def test_the_first_view_of_a_gallery_is_small(blobs):
    """Forty tiles of real size: about 7 KB each, far below the 1.5 MB of the first view."""
    total = 0
    for seed in range(8):
        cell = make_cell(ordinal=seed + 10)
        pixels = np.ascontiguousarray(render_frame(SyntheticCell(seed=seed))[100:250, 100:250])
        blobs.put(blob_name(cell.pixel_sha256), encode_png(pixels))
        cell = replace(cell, location=Location(Framing.TIGHT, Box(0, 0, 150, 150)))
        total += len(thumbnail(cell, 160, blobs))
    assert total / 8 * 40 < 500_000
