"""The folder format: what is written is read, and what is wrong is named."""

import json

import numpy as np
import pytest

from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.training.datasets.folder import (
    Labels,
    Reading,
    Split,
    image_root_of,
    read_crop,
    read_dataset,
    read_rgb,
    write_dataset,
)
from tests.training.datasets.cells import (
    NO_ABNORMALITY,
    NOT_LOOKED_FOR,
    cell,
    dataset_of,
    drawn_samples,
    sample,
    write_image,
)

HEADER = "path,pmn,pseudo_pelger,nuclear_spike,vacuole,hypogranularity,patient,group,centre,split"


@pytest.fixture
def folder(tmp_path):
    """A data set of one cell, to be spoilt."""
    write_dataset(tmp_path, dataset_of(drawn_samples(tmp_path / "images", 1)), tmp_path)
    return tmp_path


def refusal(folder, *lines, header=HEADER):
    (folder / "dataset.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    with pytest.raises(DatasetRefused) as caught:
        read_dataset(folder)
    return caught.value.detail


def test_what_is_written_is_read(tmp_path):
    images = tmp_path / "images"
    first, second, third = drawn_samples(images, 3, patient="P1", group="VEXAS", centre="Nîmes")
    samples = [
        first,
        sample(second.path, labels=NOT_LOOKED_FOR, origin="decoy vacuole", split=Split.VAL),
        sample(third.path, box=Box(5, 6, 50, 70), cell_type="band, neutrophil"),
    ]
    readings = [Reading(first.path, "A", Labels(1.0, NO_ABNORMALITY))]
    written = dataset_of(samples, "ein Name", readings)
    write_dataset(tmp_path / "set", written, images)
    # NaN is unequal to itself, so the text is compared.
    assert repr(read_dataset(tmp_path / "set")) == repr(written)


def test_a_folder_with_its_images_can_be_moved(tmp_path):
    before = tmp_path / "before"
    write_dataset(before, dataset_of(drawn_samples(before / "images", 2)), before)
    before.rename(tmp_path / "after")
    dataset = read_dataset(tmp_path / "after")
    assert image_root_of(tmp_path / "after") == tmp_path / "after"
    assert read_rgb(dataset.samples[1].path).shape == cell(1).shape


def test_an_image_outside_of_the_root_is_refused(tmp_path):
    samples = drawn_samples(tmp_path / "elsewhere", 1)
    with pytest.raises(DatasetRefused, match="lies outside of"):
        write_dataset(tmp_path / "set", dataset_of(samples), tmp_path / "set")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("images/cell0.jpg,2,,,,,,,,", "pmn is '2'. Write 1, 0, or nothing"),
        ("images/cell0.jpg,1,yes,,,,,,,", "pseudo_pelger is 'yes'"),
        ("images/cell0.jpg,1,,,nan,,,,,", "vacuole is 'nan'"),
        ("images/cell0.jpg,0,,,1,,,,,", "vacuole: the abnormalities are of PMN, and pmn is 0"),
        ("images/cell0.jpg,1,,,,,,,,training", "split is 'training'. Write train, val, test"),
        ("images/absent.jpg,1,,,,,,,,", "images/absent.jpg does not exist below"),
        ("../cell0.jpg,1,,,,,,,,", "must be relative to image_root"),
        ("C:/cell0.jpg,1,,,,,,,,", "must be relative to image_root"),
        (r"images\cell0.jpg,1,,,,,,,,", "separate folders by /"),
        (",1,,,,,,,,", "the path is empty"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(folder, line, words):
    detail = refusal(folder, "images/cell0.jpg,1,,,,,,,,", line)
    assert "dataset.csv line 3:" in detail
    assert words in detail


def test_all_wrong_lines_are_named_at_once(folder):
    detail = refusal(folder, *[f"images/cell0.jpg,1,,,,,,,,side{n}" for n in range(12)])
    assert "line 2" in detail
    assert "line 9" in detail
    assert "4 more lines" in detail


def test_a_cell_listed_twice_is_named_with_both_lines(folder):
    line = "images/cell0.jpg,1,,,,,,,,"
    assert "line 3: images/cell0.jpg is on line 2 already" in refusal(folder, line, line)


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        (HEADER + ",colour", "a,1,,,,,,,,,red", "unknown columns: colour"),
        (HEADER.replace(",patient", ""), "a,1,,,,,,,", "missing columns: patient"),
        (HEADER + ",split", "a,1,,,,,,,,,", "split is there twice"),
        (HEADER.replace(",", ";"), "a;1;;;;;;;;", "must be separated by commas"),
        (HEADER, "images/cell0.jpg,1", "line 2: it has more or fewer values"),
        (
            HEADER + ",left,top,right,bottom",
            "images/cell0.jpg,1" + "," * 9 + "4,,,",
            "whole pixels",
        ),
        (HEADER + ",left,top,right,bottom", "images/cell0.jpg,1" + "," * 9 + "9,0,4,5", "is empty"),
    ],
)
def test_wrong_columns_are_named(folder, header, line, words):
    assert words in refusal(folder, line, header=header)


def test_a_reader_of_an_unknown_cell_is_refused(folder):
    header = "path,reader,pmn,pseudo_pelger,nuclear_spike,vacuole,hypogranularity"
    write_image(folder / "images" / "other.jpg", cell(9))
    (folder / "readers.csv").write_text(f"{header}\nimages/other.jpg,A,1,,,,\n")
    with pytest.raises(DatasetRefused, match=r"line 2: images/other\.jpg is not in dataset\.csv"):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ('{"format": 2, "name": "a"}', '"format": 1'),
        ('{"format": 1, "name": ""}', "name must be a text"),
        ('{"format": 1, "name": "a", "owner": "b"}', "does not know: owner"),
        ('{"format": 1, "name": "a", "image_root": "gone"}', "does not exist"),
    ],
)
def test_a_wrong_description_is_refused(folder, content, words):
    (folder / "dataset.json").write_text(content)
    with pytest.raises(DatasetRefused) as caught:
        read_dataset(folder)
    assert words in caught.value.detail


def test_a_folder_without_a_data_set_says_how_to_make_one(tmp_path):
    with pytest.raises(DatasetRefused, match="dataset import"):
        read_dataset(tmp_path)


def test_a_spreadsheet_with_a_byte_order_mark_is_read(folder):
    text = (folder / "dataset.csv").read_text(encoding="utf-8")
    (folder / "dataset.csv").write_text(text, encoding="utf-8-sig")
    assert len(read_dataset(folder).samples) == 1


def test_the_crop_is_the_box_with_the_margin_of_training_crops(tmp_path):
    rgb = np.arange(300 * 400 * 3, dtype=np.uint32).reshape(300, 400, 3).astype(np.uint8)
    path = write_image(tmp_path / "frame.png", rgb)
    crop = read_crop(sample(path, box=Box(100, 50, 300, 250)))
    np.testing.assert_array_equal(crop, rgb[48:252, 98:302])
    at_edge = read_crop(sample(path, box=Box(0, 0, 400, 300)))
    np.testing.assert_array_equal(at_edge, rgb)
    with pytest.raises(DatasetRefused, match="400 x 300 pixels"):
        read_crop(sample(path, box=Box(390, 10, 420, 40)))


def test_the_description_is_json_that_a_person_can_read(folder):
    about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    assert about == {
        "format": 1,
        "name": "drawn",
        "licence": "Apache-2.0",
        "source": "drawn",
        "description": "for tests",
        "image_root": ".",
    }
