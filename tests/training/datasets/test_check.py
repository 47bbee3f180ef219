"""Leaks, copies and files that cannot be read are found, and different cells are not accused."""

import cv2
import numpy as np
import pytest

from app.domain.cell import Box
from app.domain.errors import DatasetRefused
from app.training.datasets.check import (
    Severity,
    find_pairs,
    is_refused,
    problems_of,
    take_prints,
)
from app.training.datasets.leaks import refuse_leaks
from app.training.datasets.sample import Split
from tests.training.datasets.cells import (
    NOT_LOOKED_FOR,
    cell,
    dataset_of,
    drawn_samples,
    sample,
    write_image,
)


def found_in(samples):
    """The sentences of errors, of warnings, and the pairs."""
    prints = list(take_prints(samples))
    pairs = find_pairs(samples, prints)
    problems = problems_of(samples, prints, pairs)
    assert is_refused(problems) == any(p.severity is Severity.ERROR for p in problems)
    sides = {severity: [p for p in problems if p.severity is severity] for severity in Severity}
    return sides[Severity.ERROR], sides[Severity.WARNING], pairs


def test_sound_data_have_no_problem(tmp_path):
    samples = drawn_samples(tmp_path, 40, patient="P1", split=Split.TRAIN)
    errors, warnings, pairs = found_in(samples)
    assert (errors, warnings, pairs) == ([], [], [])
    refuse_leaks(dataset_of(samples))


def test_equal_pixels_across_splits_are_an_error(tmp_path):
    samples = drawn_samples(tmp_path, 6, patient="P1", split=Split.TRAIN)
    # Another file format of the same pixels, so that the files differ.
    pixels = cv2.imread(str(samples[2].path))[:, :, ::-1]
    copy = sample(write_image(tmp_path / "copy.png", pixels), "P2", split=Split.TEST)
    errors, _, pairs = found_in([*samples, copy])
    assert [p.sentence for p in errors] == [
        "Pairs of images in different splits with the same pixels: 1"
    ]
    assert errors[0].details == ("cell2.jpg (train) and copy.png (test), likeness 1.00",)
    assert [p.is_copy for p in pairs] == [True]


@pytest.mark.parametrize("quality", [40, 90])
@pytest.mark.parametrize("turn", range(8))
def test_turned_and_encoded_copies_across_splits_are_a_warning(tmp_path, turn, quality):
    samples = drawn_samples(tmp_path, 12, patient="P1", split=Split.TRAIN)
    turned = np.rot90(cell(3), turn % 4)
    turned = np.ascontiguousarray(turned[:, ::-1] if turn >= 4 else turned)
    path = write_image(tmp_path / "turned.jpg", turned, quality)
    errors, warnings, pairs = found_in([*samples, sample(path, "P2", split=Split.VAL)])
    assert errors == []
    assert warnings[0].sentence.startswith(
        "Pairs of images in different splits that seem to show one cell: 1"
    )
    assert [(p.first.path.name, p.second.path.name) for p in pairs] == [("cell3.jpg", "turned.jpg")]


def test_shifted_scaled_and_recoloured_copies_are_found(tmp_path):
    samples = drawn_samples(tmp_path, 12, patient="P1", split=Split.TRAIN)
    shifted = cell(5)[3:, 4:]
    larger = cv2.resize(cell(7), None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC)
    paler = np.clip(cell(9) * 0.8 + 40, 0, 255).astype(np.uint8)
    changed = [
        sample(write_image(tmp_path / f"{name}.png", rgb), "P1", split=Split.TRAIN)
        for name, rgb in {"shifted": shifted, "larger": larger, "paler": paler}.items()
    ]
    _, _, pairs = found_in([*samples, *changed])
    assert {(p.first.path.stem, p.second.path.stem) for p in pairs} == {
        ("cell5", "shifted"),
        ("cell7", "larger"),
        ("cell9", "paler"),
    }


def test_copies_that_are_labelled_differently_are_an_error(tmp_path):
    one, two = drawn_samples(tmp_path, 2, patient="P1", split=Split.TRAIN)
    copy = write_image(tmp_path / "copy.jpg", cell(1))
    other = (1.0, *two.labels.abnormalities[1:])
    errors, _, _ = found_in([one, two, sample(copy, "P1", split=Split.TRAIN, labels=other)])
    assert [p.sentence for p in errors] == ["Pairs of copies with different labels: 1"]
    unknown = sample(copy, "P1", split=Split.TRAIN, labels=NOT_LOOKED_FOR)
    assert found_in([one, two, unknown])[0] == []


def test_files_that_are_no_whole_image_are_an_error(tmp_path):
    samples = drawn_samples(tmp_path, 4, patient="P1", split=Split.TRAIN)
    content = samples[0].path.read_bytes()
    samples[0].path.write_bytes(content[: len(content) // 2])
    samples[1].path.write_text("not an image")
    samples[2].path.unlink()
    errors, _, _ = found_in(samples)
    assert errors[0].sentence == "Images that cannot be read: 3"
    assert [s.path.name in d for s, d in zip(samples, errors[0].details, strict=False)] == [
        True
    ] * 3


def test_a_box_beyond_the_image_is_an_error(tmp_path):
    path = drawn_samples(tmp_path, 1)[0].path
    errors, _, _ = found_in([sample(path, "P1", split=Split.TRAIN, box=Box(0, 0, 5000, 20))])
    assert "the cell's box ends at 5000, 20" in errors[0].details[0]


def test_a_patient_in_two_splits_is_a_leak_everywhere(tmp_path):
    samples = [
        *drawn_samples(tmp_path / "a", 2, patient="P7", split=Split.TRAIN),
        sample(write_image(tmp_path / "b.jpg", cell(8)), "P7", split=Split.TEST),
    ]
    errors, _, _ = found_in(samples)
    assert [(p.sentence, p.details) for p in errors] == [
        ("Patients in more than one split: 1", ("P7",))
    ]
    with pytest.raises(DatasetRefused, match=r"patients in more than one split \(1\): P7\. Divide"):
        refuse_leaks(dataset_of(samples))


@pytest.mark.parametrize("same_file", [True, False])
def test_a_file_in_two_splits_is_a_leak_everywhere(tmp_path, same_file):
    path = write_image(tmp_path / "a.jpg", cell(1))
    other = path if same_file else write_image(tmp_path / "b.jpg", cell(1))
    samples = [
        sample(path, split=Split.TRAIN, box=Box(0, 0, 60, 60)),
        sample(other, split=Split.VAL, box=Box(40, 40, 100, 100)),
    ]
    errors, _, _ = found_in(samples)
    assert any("Image files in more than one split: " in p.sentence for p in errors)
    with pytest.raises(DatasetRefused, match=r"images in more than one split \(\d\): a\.jpg"):
        refuse_leaks(dataset_of(samples))


def test_two_cells_of_one_image_are_no_copies(tmp_path):
    path = write_image(tmp_path / "a.jpg", cell(1))
    boxes = (Box(0, 0, 60, 60), Box(40, 40, 100, 100))
    samples = [sample(path, "P1", split=Split.TRAIN, box=box) for box in boxes]
    assert found_in(samples) == ([], [], [])


def test_patients_in_two_groups_or_centres_and_gaps_are_named(tmp_path):
    paths = [s.path for s in drawn_samples(tmp_path, 4)]
    samples = [
        sample(paths[0], "P1", "VEXAS", "Paris", Split.TRAIN),
        sample(paths[1], "P1", "MDS", "Nice", Split.TRAIN),
        sample(paths[2], "", "MDS", "Nice", Split.TRAIN, origin="vacuole"),
        sample(paths[3], "P2", "MDS", "Nice"),
    ]
    errors, warnings, _ = found_in(samples)
    assert errors == []
    text = "\n".join(p.sentence for p in warnings)
    assert "Patients in more than one group (give each patient one group): 1" in text
    assert "Patients in more than one centre" in text
    assert "Cells without a patient: 1 of 4." in text
    assert "Cells in no split: 1 of 4" in text
    assert "Cells that are drawn or edited: 1 of 4" in text
