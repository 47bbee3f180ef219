"""From a data set to a reference and figures, with a very small network."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="novelty needs the extra `train` (scikit-learn)")
pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.domain.errors import DatasetRefused
from app.training.datasets.folder import read_dataset
from app.training.datasets.sample import Split
from app.training.novelty import novelty_of
from app.training.novelty.images import Sizes, novelty_images
from app.training.novelty.run import exported_embedder
from tests.bundles import SIZE_PX, write_bundle
from tests.training.drawing import write_data_set

FEW = Sizes(8, 4, 4, 4, 3)


def embed(images):
    """Mean and spread of each colour; the bluer, the surer a PMN."""
    pixels = images.reshape(len(images), -1, 3).astype(np.float32)
    embedding = np.concatenate([pixels.mean(1), pixels.std(1)], axis=1)
    return embedding, embedding[:, 2] - 128


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return read_dataset(write_data_set(tmp_path_factory.mktemp("cells") / "data")).samples


def test_every_kind_is_measured_by_itself(samples):
    said = []
    result = novelty_of(
        embed, samples, SIZE_PX, 0.0, sizes=FEW, tell=lambda text, share: said.append(share)
    )
    areas = {f.measure for f in result.figures if "ROC-AUC" in f.measure}
    assert {
        "other leukocytes, all against neutrophils, ROC-AUC",
        "no leukocytes, all against neutrophils, ROC-AUC",
        "lymphocyte, drawing room against neutrophils, ROC-AUC",
        "photographs against neutrophils, ROC-AUC",
        "smudges against neutrophils, ROC-AUC",
    } <= areas
    flagged = {f.images: f for f in result.figures if f.measure.startswith("neutrophils flagged")}
    assert {
        "drawing room",
        "elsewhere",
        "real, recoloured (pink)",
        "edited (vacuole)",
        "elsewhere, nothing fitted on it",
    } <= set(flagged)
    for figure in result.figures:
        assert figure.table == "Novelty"
        assert 0 <= figure.interval[0] <= figure.value <= figure.interval[1] <= 1
    assert flagged["drawing room"].n.endswith(" of 4")
    assert said == sorted(said)


def test_the_splits_stay_apart(samples):
    images = novelty_images(samples, SIZE_PX, None, seed=0, sizes=FEW)
    of = {s: [x for x in samples if x.split is s] for s in Split}
    pmn = {split: sum(x.labels.pmn == 1 for x in part) for split, part in of.items()}
    assert len(images.neutrophils) == min(8, pmn[Split.TRAIN]) + 4 + 4
    assert sum(map(len, images.validation.values())) == pmn[Split.VAL]
    assert sum(len(neutrophils) for neutrophils, _ in images.unseen.values()) == pmn[Split.TEST]
    assert set(images.unseen) == {"elsewhere"}


def test_too_few_cells_are_refused_by_name(samples):
    neutrophils = [s for s in samples if s.labels.pmn == 1]
    with pytest.raises(DatasetRefused, match="0 other validation leukocytes"):
        novelty_of(embed, neutrophils, SIZE_PX, 0.0, sizes=FEW)


def test_an_exported_graph_embeds(tmp_path):
    """The very small bundle's embedding is the mean colour, 0-1."""
    path = write_bundle(tmp_path) / "model.onnx"
    images = np.zeros((3, SIZE_PX, SIZE_PX, 3), np.uint8)
    images[1, ..., 2] = 255
    embedding, logit = exported_embedder(path, np.array([0, 0, 8], np.float32), -4.0)(images)
    np.testing.assert_allclose(embedding, [[0, 0, 0], [0, 0, 1], [0, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(logit, [-4, 4, -4], atol=1e-5)
