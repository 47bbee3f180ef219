"""Networks read back from a run's scratch folder."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train` (torch)")

from app.domain.errors import SettingsRefused  # noqa: E402
from app.training.checkpoints import load_trained  # noqa: E402
from app.training.config import Stage, TrainConfig  # noqa: E402
from app.training.networks import build_network  # noqa: E402
from app.training.train import checkpoint_path  # noqa: E402


@pytest.fixture
def config(tmp_path):
    return TrainConfig(
        name="tiny",
        version="1",
        data_sets=(),
        scratch_dir=tmp_path,
        size_px=32,
        stages=(Stage(32, 1),),
        network="braga-2025",
    )


def store(config, **changes):
    network = build_network("braga-2025")
    content = {"network": network.state_dict(), "architecture": "braga-2025", **changes}
    torch.save(content, checkpoint_path(config))
    return network


def test_the_stored_weights_come_back_ready_to_classify(config):
    stored = store(config)
    found = load_trained(config)
    assert not found.training
    for ours, theirs in zip(stored.parameters(), found.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_without_a_checkpoint_it_says_to_train_first(config):
    with pytest.raises(SettingsRefused, match="nothing was trained there"):
        load_trained(config)


def test_a_checkpoint_of_another_network_is_refused(config):
    store(config, architecture="efficientnet-lite0")
    with pytest.raises(SettingsRefused, match="holds the network 'efficientnet-lite0'"):
        load_trained(config)


@pytest.mark.parametrize("content", [{}, {"network": {}}, [1, 2]])
def test_something_else_is_refused(config, content):
    torch.save(content, checkpoint_path(config))
    with pytest.raises(SettingsRefused, match="cannot be read as a checkpoint"):
        load_trained(config)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken"])
def test_a_broken_file_is_refused(config, content):
    checkpoint_path(config).write_bytes(content)
    with pytest.raises(SettingsRefused, match="cannot be read as a checkpoint"):
        load_trained(config)
