"""Cohort files: what is read, and what is refused in which words."""

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.training.screening.cohort import LABELS, Part, is_positive, positive_groups
from app.training.screening.cohort_file import read_cohort, write_cohort
from tests.training.screening.cohorts import make_cohort, write_rows

ROW = ["a", "VEXAS", "120", "3", "10", "7", "0"]
OTHER = ["b", "MDS", "90", "0", "1", "2", "90"]
NAMES = ("patient", "group", "pmn", *LABELS)


def test_one_line_a_patient(tmp_path):
    cohort = read_cohort(write_rows(tmp_path / "c.csv", [ROW, OTHER]))
    assert cohort.patients == ("a", "b")
    assert cohort.pmn.tolist() == [120, 90]
    assert cohort.calls.tolist() == [[3, 10, 7, 0], [0, 1, 2, 90]]
    assert cohort.apparent[1].tolist() == pytest.approx([0, 1 / 90, 2 / 90, 1])
    assert not cohort.held_out.any()
    assert not cohort.simulated


def test_a_spreadsheet_with_semicolons_and_more_columns_is_read(tmp_path):
    path = write_rows(tmp_path / "c.csv", [[*ROW, "71"]], (*NAMES, "age"), ";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_cohort(path).pmn.tolist() == [120]


def test_one_line_a_cell_is_summed_up(tmp_path):
    cells = [
        ["a", "VEXAS", 1, 1, 0, 0, 1],
        ["a", "VEXAS", 1, 1, 0, 0, 0],
        ["a", "VEXAS", 0, "", "", "", ""],
        ["b", "MDS", 1, 0, 0, 1, 0],
    ]
    cohort = read_cohort(write_rows(tmp_path / "c.csv", cells))
    assert cohort.patients == ("a", "b")
    assert cohort.pmn.tolist() == [2, 1]
    assert cohort.calls.tolist() == [[2, 0, 0, 1], [0, 0, 1, 0]]


def test_what_was_written_is_read_again(tmp_path):
    cohort = make_cohort(3, test_each=2)
    write_cohort(tmp_path / "c.csv", cohort)
    again = read_cohort(tmp_path / "c.csv")
    assert again.parts == cohort.parts
    assert again.parts.count(Part.TEST) == 4
    assert again.centres == cohort.centres
    assert np.array_equal(again.calls, cohort.calls)


def test_a_cohort_of_real_cells_is_one_of_patients(tmp_path):
    rows = [[*ROW, "real"], [*OTHER, ""]]
    assert not read_cohort(write_rows(tmp_path / "c.csv", rows, (*NAMES, "origin"))).simulated


@pytest.mark.parametrize("origin", ["simulated", "Synthetic", "edited vacuole"])
def test_one_made_up_patient_makes_the_cohort_simulated(tmp_path, origin):
    rows = [[*ROW, origin], [*OTHER, ""]]
    assert read_cohort(write_rows(tmp_path / "c.csv", rows, (*NAMES, "origin"))).simulated


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds no patient"),
        ([ROW, ["a", *OTHER[1:]]], "line 3: the same patient as in line 2"),
        ([["a", "VEXAS", "5", "6", "0", "0", "0"]], "line 2: pseudo_pelger is 6, more than the 5"),
        ([["a", "VEXAS", "5", "x", "0", "0", "0"]], "line 2: pseudo_pelger is 'x'"),
        ([["a", "VEXAS", "5", "1.5", "0", "0", "0"]], "whole number"),
        ([["a", "VEXAS", "-5", "0", "0", "0", "0"]], "line 2: pmn is '-5'"),
        ([["a", "VEXAS", "5"]], "line 2: pseudo_pelger is ''"),
        ([["", *ROW[1:]]], "line 2: patient is empty"),
        ([["a", "", *ROW[2:]]], "line 2: group is empty"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, rows, said):
    with pytest.raises(InvalidInput) as caught:
        read_cohort(write_rows(tmp_path / "c.csv", rows))
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("splits", "said"),
    [(("train", "tset"), "split is 'tset'"), (("train", ""), "split is empty on some lines")],
)
def test_a_wrong_split_is_named(tmp_path, splits, said):
    rows = [[*ROW, splits[0]], [*OTHER, splits[1]]]
    with pytest.raises(InvalidInput, match=said):
        read_cohort(write_rows(tmp_path / "c.csv", rows, (*NAMES, "split")))


def test_cells_of_one_patient_must_agree(tmp_path):
    cells = [["a", "VEXAS", 1, 1, 0, 0, 1], ["a", "MDS", 1, 1, 0, 0, 0]]
    with pytest.raises(InvalidInput, match="line 3: group, centre, split or origin differ"):
        read_cohort(write_rows(tmp_path / "c.csv", cells))


def test_missing_columns_and_files_are_named(tmp_path):
    with pytest.raises(InvalidInput, match="no column vacuole, hypogranularity"):
        read_cohort(write_rows(tmp_path / "c.csv", [], NAMES[:5]))
    with pytest.raises(InvalidInput, match=r"none\.csv cannot be read"):
        read_cohort(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="UTF-8"):
        read_cohort(tmp_path / "binary.csv")


def test_no_refusal_names_a_patient(tmp_path):
    row = ["Doe, Jane", *ROW[1:]]
    with pytest.raises(InvalidInput) as caught:
        read_cohort(write_rows(tmp_path / "c.csv", [row, row]))
    assert "Doe" not in caught.value.detail


class TestPositiveGroups:
    def cohort(self, *groups):
        return make_cohort(1, means=dict.fromkeys(groups, (0.1,) * 4))

    def test_the_one_that_holds_vexas_is_found(self):
        cohort = self.cohort("VEXAS (UBA1)", "MDS")
        assert positive_groups(cohort, ()) == ("VEXAS (UBA1)",)
        assert is_positive(cohort, ("VEXAS (UBA1)",)).tolist() == [True, False]

    @pytest.mark.parametrize(
        ("groups", "named", "said"),
        [
            (("VEXAS", "non-VEXAS"), (), "More than one group holds 'vexas'"),
            (("UBA1", "MDS"), (), "No group holds 'vexas'"),
            (("VEXAS", "MDS"), ("Vexas",), "'Vexas' is no group"),
            (("VEXAS", "MDS"), ("VEXAS", "MDS"), "controls are needed"),
        ],
    )
    def test_a_guess_is_not_made(self, groups, named, said):
        with pytest.raises(InvalidInput, match=said):
            positive_groups(self.cohort(*groups), named)
