"""The published layout, with the letters and paths read as told."""

import pytest

from app.domain.abnormality import Abnormality
from app.domain.errors import DatasetRefused, InvalidInput
from app.training.datasets.mendeley import layout_of, read_publication
from app.training.datasets.sample import Split
from tests.training.datasets.cells import LETTERS, write_mendeley

ANYTHING_NAMES = ("c1", "c2", "c3", "c4", "c5")


def labels_in(samples):
    return [[each for each in Abnormality if s.labels.of(each) == 1] for s in samples]


EXPECTED = [[LETTERS[letter]] if LETTERS[letter] else [] for letter in "BDNPVB"]


def test_letters_patients_and_groups_are_read_as_inferred(tmp_path):
    found = read_publication(write_mendeley(tmp_path), layout_of())
    assert labels_in(found.samples[:6]) == EXPECTED
    assert [s.patient for s in found.samples[::6]] == ["vexas00", "ctrl01", "vexas02", "ctrl03"]
    assert [s.group for s in found.samples[::6]] == ["VEXAS", "MDS", "VEXAS", "MDS"]
    assert [s.split for s in found.samples[::6]] == [Split.TRAIN] * 3 + [Split.TEST]
    assert all(s.labels.pmn == 1 and s.path.is_file() for s in found.samples)
    assert found.normal_fits == len(found.samples)
    assert found.crossing == {("VEXAS", True): 12, ("MDS", False): 12}


def test_the_order_of_the_columns_follows_their_names(tmp_path):
    """The same images, but the columns come as V, P, N, D, B."""
    root = write_mendeley(tmp_path)
    for side in ("train", "test"):
        lines = (root / f"{side}.csv").read_text().split()
        turned = [",".join([p[0], *p[5:0:-1], p[6]]) for p in (line.split(",") for line in lines)]
        assert side == "test" or turned[0] == "path,V,P,N,D,B,group"
        (root / f"{side}.csv").write_text("\n".join(turned) + "\n")
    assert labels_in(read_publication(root, layout_of()).samples[:6]) == EXPECTED


def test_unnamed_columns_are_read_in_the_order_that_is_given(tmp_path):
    root = write_mendeley(tmp_path, names=ANYTHING_NAMES)
    assert labels_in(read_publication(root, layout_of()).samples[:6]) == EXPECTED
    found = read_publication(root, layout_of(order="V,P,N,D,B"))
    assert found.columns == dict(zip(ANYTHING_NAMES, "VPNDB", strict=True))
    assert labels_in(found.samples[:1]) == [[Abnormality.VACUOLE]]


def test_another_meaning_of_the_letters_is_obeyed(tmp_path):
    letters = "B=vacuole,D=hypogranularity,N=normal,P=pseudo_pelger,V=nuclear_spike"
    found = read_publication(write_mendeley(tmp_path), layout_of(letters))
    assert labels_in(found.samples[:1]) == [[Abnormality.VACUOLE]]


def test_a_wrong_meaning_of_normal_shows(tmp_path):
    letters = "B=normal,D=hypogranularity,N=nuclear_spike,P=pseudo_pelger,V=vacuole"
    root = write_mendeley(tmp_path)
    lines = (root / "train.csv").read_text().splitlines()
    both = [line.replace(",0,0,0,1,0,", ",1,0,0,1,0,") for line in lines]
    (root / "train.csv").write_text("\n".join(both) + "\n")
    right = read_publication(root, layout_of()).normal_fits
    assert read_publication(root, layout_of(letters)).normal_fits < right


@pytest.mark.parametrize(
    ("path", "patient"),
    [
        ("train/vexas_07/0001.jpg", "vexas_07"),
        ("test/2021_VEXAS-3_12.jpg", "2021_VEXAS-3"),
        ("train/ctrl4-0031.png", "ctrl4"),
        ("train/alone.jpg", "alone"),
    ],
)
def test_the_patient_is_found_by_default(path, patient):
    found = layout_of().patient.search(path)
    assert next(g for g in found.groups() if g) == patient


def test_the_patient_is_found_by_the_pattern_that_is_given(tmp_path):
    layout = layout_of(patient=r"(\d+)_\d+\.jpg$", mutated="^0[02]$", group_column="")
    found = read_publication(write_mendeley(tmp_path), layout)
    assert [s.patient for s in found.samples[::6]] == ["00", "01", "02", "03"]
    assert [s.group for s in found.samples[::6]] == ["VEXAS", "not VEXAS"] * 2
    assert found.ignored == ("group",)


def test_a_path_without_a_patient_is_refused_with_its_line(tmp_path):
    with pytest.raises(DatasetRefused, match=r"train.csv line 8: no patient .* --patient"):
        read_publication(write_mendeley(tmp_path), layout_of(patient=r"(vexas\d+)"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"letters": "B=spike"}, "--letters 'B=spike' must give each meaning once"),
        ({"letters": "A=vacuole,B=vacuole"}, "each meaning once"),
        ({"order": "B,D,N"}, "--columns 'B,D,N' must name each letter"),
        ({"patient": "("}, "--patient '\\(' is not a regular expression"),
    ],
)
def test_impossible_options_are_refused(options, words):
    with pytest.raises(InvalidInput, match=words):
        layout_of(**options)


def test_a_label_of_another_kind_is_refused_with_its_line(tmp_path):
    root = write_mendeley(tmp_path)
    text = (root / "train.csv").read_text().replace(",0,0,1,0,0,", ",0,0,maybe,0,0,", 1)
    (root / "train.csv").write_text(text)
    with pytest.raises(DatasetRefused, match="line 4: N is 'maybe'"):
        read_publication(root, layout_of())


def test_too_few_label_columns_are_refused(tmp_path):
    root = write_mendeley(tmp_path, names=ANYTHING_NAMES)
    for side in ("train", "test"):
        rows = [line.split(",") for line in (root / f"{side}.csv").read_text().split()]
        (root / f"{side}.csv").write_text("\n".join(",".join(r[:5] + r[6:]) for r in rows) + "\n")
    with pytest.raises(DatasetRefused, match="there are 4: c1, c2, c3, c4"):
        read_publication(root, layout_of())


def test_missing_images_are_counted_and_named(tmp_path):
    root = write_mendeley(tmp_path)
    (root / "train" / "ctrl01_002.jpg").unlink()
    with pytest.raises(DatasetRefused, match=r"do not exist .* \(1\): train/ctrl01_002.jpg"):
        read_publication(root, layout_of())


def test_a_folder_without_train_csv_is_refused(tmp_path):
    with pytest.raises(DatasetRefused, match=r"train.csv does not exist"):
        read_publication(tmp_path, layout_of())
