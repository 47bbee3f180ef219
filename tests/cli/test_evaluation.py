"""`vexascope evaluate` on drawn cells, as a person calls it."""

import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from app.cli import app, evaluation, main
from app.domain.cell import Box
from app.domain.errors import DatasetRefused, InvalidInput
from app.training.datasets.folder import Dataset, Labels, Sample, Split, write_dataset
from app.training.screening.cohort_file import read_cohort
from tests.bundles import write_bundle
from tests.images import cell_jpeg, cell_png, encoded
from tests.training.evaluation.cohort import UNKNOWN, write_cohort

LABELS = ["pmn", "pseudo_pelger", "nuclear_spike", "vacuole", "hypogranularity"]
NONE_KNOWN = (UNKNOWN,) * 4


def evaluate(*arguments):
    """Run the command in this process; errors come through, where `main` would print them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["vexascope", "evaluate", *map(str, arguments)])
        app(["evaluate", *map(str, arguments)], standalone_mode=False)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The small bundle, with a rule that scores patients of few cells."""
    rule = {"minimum_cells": 3, "advised_cells": 5}
    return write_bundle(tmp_path_factory.mktemp("bundle"), rule=rule)


@pytest.fixture(scope="module")
def report(tmp_path_factory, bundle):
    """The report on a cohort of three groups, two centres and three readers."""
    folder = tmp_path_factory.mktemp("report")
    write_cohort(folder / "cohort", patients=2, cells=6)
    evaluate(bundle, folder / "cohort", "-o", folder / "out", "--resamples", 100)
    return folder / "out"


def content_of(report):
    return json.loads((report / "evaluation.json").read_text())


def rows_of(report, name):
    with (report / name).open(newline="") as file:
        return list(csv.DictReader(file))


def dataset_of(folder, samples, name="drawn"):
    write_dataset(folder, Dataset(name, "CC0", "", "", tuple(samples)), folder)
    return folder


def image(folder, number, content=None):
    path = folder / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or cell_png(number))
    return path


class _Loaded(HTMLParser):
    """Collects what a browser would fetch, and whether there is a script."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [v for k, v in attrs if k in {"src", "href", "srcset", "data", "action"}]


def test_the_page_loads_nothing(report):
    page = (report / "index.html").read_text()
    loaded = _Loaded()
    loaded.feed(page)
    assert loaded.addresses
    assert all(a.startswith(("data:image/jpeg;base64,", "#")) for a in loaded.addresses)
    assert not loaded.tags & {"script", "link", "iframe", "object", "embed"}
    assert "@import" not in page
    assert "url(" not in page


def test_the_page_carries_notice_digest_data_set_and_command(report):
    page, facts = (report / "index.html").read_text(), content_of(report)["facts"]
    assert "For research use only" in page
    assert facts["bundle_digest"] in page
    assert "drawn cohort" in page
    assert facts["split"] == "test"
    assert facts["command"].startswith("vexascope evaluate")
    assert "TRIPOD+AI" in page
    assert "Demonstration weights, not fitted on patients." in page


def test_figures_are_those_of_the_predictions(report):
    rows = rows_of(report, "predictions.csv")
    [origin] = content_of(report)["origins"]
    assert origin["origin"] == "synthetic"
    assert len(rows) == origin["cells"] == origin["read"] == 36
    compared = 0
    for label in origin["labels"]:
        name = label["label"]
        known = [r for r in rows if r[f"label_{name}"] and (name == "pmn" or r["label_pmn"] != "0")]
        labels = np.array([int(r[f"label_{name}"]) for r in known])
        probabilities = np.array([float(r[f"probability_{name}"]) for r in known])
        assert (label["n"], label["positives"]) == (len(known), labels.sum())
        if label["reason"]:
            assert label["measures"] == {}
            continue
        compared += 1
        measures = {key: found["value"] for key, found in label["measures"].items()}
        close = {"abs": 1e-4}
        assert measures["roc_auc"] == pytest.approx(roc_auc_score(labels, probabilities), **close)
        assert measures["pr_auc"] == pytest.approx(
            average_precision_score(labels, probabilities), **close
        )
        assert measures["brier"] == pytest.approx(brier_score_loss(labels, probabilities), **close)
        assert label["unit_name"] == "patients"
        assert label["units"] <= 6
    assert compared >= 3


def test_patients_are_counted_and_compared_as_the_product_reports_them(report):
    [origin] = content_of(report)["origins"]
    patients = rows_of(report, "patients.csv")
    assert len(patients) == origin["patients"] == 6
    cells = rows_of(report, "predictions.csv")
    for row in patients:
        counted = [c for c in cells if c["patient"] == row["patient"] and not c["excluded"]]
        assert int(row["pmn"]) == len(counted)
        assert int(row["vacuole"]) == sum("vacuole" in c["called"].split() for c in counted)
    assert [group["positive"] for group in origin["groups"]] == [True, False, False]
    assert len(origin["tests"]) == 8
    assert content_of(report)["facts"]["correction"].startswith("Holm")


def test_the_patients_are_a_cohort_that_a_score_can_be_fitted_on(report):
    cohort = read_cohort(report / "patients.csv")
    assert len(cohort.patients) == 6


def test_readers_are_compared_in_pairs_together_and_with_the_classifier(report):
    [origin] = content_of(report)["origins"]
    rows = [row for row in origin["agreement"]["rows"] if row["label"] == "vacuole"]
    assert [row["kind"] for row in rows] == ["cohen"] * 3 + ["fleiss"] + ["classifier"] * 3
    assert all(0 < row["n"] <= 36 for row in rows)


def test_centres_and_qualities_have_their_rows(report):
    [origin] = content_of(report)["origins"]
    tables = {table["title"]: table for table in origin["subgroups"]}
    centres = {row["subgroup"] for row in tables["By centre"]["rows"]}
    assert centres == {"Lyon", "Paris"}
    assert any("third" in row["subgroup"] for row in tables["By picture quality"]["rows"])


def test_no_patient_is_named_outside_of_the_csv_files(report):
    names = {row["patient"] for row in rows_of(report, "patients.csv")}
    for file in ("index.html", "evaluation.json"):
        text = (report / file).read_text()
        assert not [name for name in names if name in text]


def test_the_checklist_has_27_items_and_says_what_is_open(report):
    items = content_of(report)["tripod_ai"]
    assert [item["number"] for item in items] == list(range(1, 28))
    assert {item["topic"] for item in items if item["state"] == "open"} >= {"Ethics", "Abstract"}


def test_origins_are_never_mixed_and_one_class_has_no_figure(tmp_path, bundle):
    origins = ["real", "real", "vacuole", "decoy vacuole", "synthetic"]
    samples = [
        Sample(image(tmp_path / "set", i), Labels(1, (UNKNOWN, UNKNOWN, value, UNKNOWN)), origin)
        for i, (origin, value) in enumerate(zip(origins, (0, 0, 1, 0, 1), strict=True))
    ]
    folder = dataset_of(tmp_path / "set", samples)
    evaluate(bundle, folder, "-o", tmp_path / "out", "--resamples", 100)
    found = {each["origin"]: each for each in content_of(tmp_path / "out")["origins"]}
    assert {name: each["cells"] for name, each in found.items()} == {
        "real": 2,
        "edited": 2,
        "synthetic": 1,
    }
    vacuole = {name: each["labels"][LABELS.index("vacuole")] for name, each in found.items()}
    assert vacuole["edited"]["measures"]
    assert vacuole["real"]["measures"] == {}
    assert vacuole["real"]["reason"] == "all 2 known labels are negative"
    spikes = found["real"]["labels"][LABELS.index("nuclear_spike")]
    assert (spikes["n"], spikes["unknown"]) == (0, 2)
    assert "not measurable: no cell has a known label" in (tmp_path / "out/index.html").read_text()


def test_a_file_that_is_no_image_is_counted_and_the_rest_goes_on(tmp_path, bundle):
    samples = [
        Sample(image(tmp_path / "set", 1), Labels(1, NONE_KNOWN)),
        Sample(image(tmp_path / "set", 2, b"no picture"), Labels(1, NONE_KNOWN)),
    ]
    folder = dataset_of(tmp_path / "set", samples)
    evaluate(bundle, folder, "-o", tmp_path / "out", "--resamples", 100)
    [origin] = content_of(tmp_path / "out")["origins"]
    assert (origin["cells"], origin["read"], origin["refused"]) == (2, 1, {"not_an_image": 1})
    refused = rows_of(tmp_path / "out", "predictions.csv")[1]
    assert refused["refused"].startswith("not_an_image")
    assert refused["probability_pmn"] == ""


def test_without_one_readable_image_there_is_no_report(tmp_path, bundle):
    sample = Sample(image(tmp_path / "set", 1, cell_jpeg(1)[:500]), Labels(1, NONE_KNOWN))
    folder = dataset_of(tmp_path / "set", [sample])
    with pytest.raises(DatasetRefused, match="Not one of 1 images"):
        evaluate(bundle, folder, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_training_cells_are_called_so_loudly(tmp_path, bundle, capsys):
    sample = Sample(image(tmp_path / "set", 1), Labels(1, NONE_KNOWN), split=Split.TRAIN)
    folder = dataset_of(tmp_path / "set", [sample])
    evaluate(bundle, folder, "-o", tmp_path / "out", "--split", "train", "--resamples", 100)
    assert "TRAINING cells" in capsys.readouterr().out
    page = (tmp_path / "out" / "index.html").read_text()
    assert '<p class="alert">These are TRAINING cells' in page


def test_a_patient_in_two_groups_is_refused_without_naming_the_patient(tmp_path, bundle):
    samples = [
        Sample(image(tmp_path / "set", i), Labels(1, NONE_KNOWN), patient="Ms Doe", group=group)
        for i, group in enumerate(("A", "B"))
    ]
    folder = dataset_of(tmp_path / "set", samples)
    with pytest.raises(DatasetRefused, match="several groups: 'A', 'B'") as caught:
        evaluate(bundle, folder, "-o", tmp_path / "out", "--positive-group", "A")
    assert "Doe" not in str(caught.value)


def test_the_cell_in_the_box_is_read(tmp_path, bundle):
    # Left half blue, right half red: the small bundle reads the mean colour.
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[:, :100, 2], rgb[:, 100:, 0] = 255, 255
    path = image(tmp_path / "set", 1, encoded(rgb))
    boxes = Box(0, 0, 90, 100), Box(110, 0, 200, 100)
    samples = [Sample(path, Labels(1, NONE_KNOWN), box=box) for box in boxes]
    folder = dataset_of(tmp_path / "set", samples)
    evaluate(bundle, folder, "-o", tmp_path / "out", "--resamples", 100)
    blue, red = rows_of(tmp_path / "out", "predictions.csv")
    assert float(blue["probability_pmn"]) > 0.9
    assert float(red["probability_pmn"]) < 0.1
    assert float(red["probability_vacuole"]) > 0.9
    assert float(blue["probability_vacuole"]) < 0.1


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match=r'scipy and scikit-learn.*"vexascope\[evaluate\]"'):
        evaluation.require_extra()


def test_a_file_is_no_folder_for_a_report(tmp_path, bundle):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InvalidInput, match="--output"):
        evaluate(bundle, tmp_path, "-o", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_error_is_one_sentence_and_no_traceback(monkeypatch, capsys, tmp_path, bundle):
    monkeypatch.setattr("sys.argv", ["vexascope", "evaluate", str(bundle), str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code
    assert "The data set was refused" in capsys.readouterr().err
