"""One `backbone:` key for the catalogue, keras-hub's presets and local preset folders."""

from __future__ import annotations

from pathlib import Path

import keras_hub
import numpy as np
import pytest

from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.models.backbones import load_backbone
from ftsuite.models.heads import image_classifier
from tests.tiny import save_tiny_preset


@pytest.fixture(scope="module")
def vit_preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vision transformer whose position embeddings fix its size, with a scale and an offset a channel."""
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(32, 32, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
    )
    converter = keras_hub.layers.ViTImageConverter(image_size=(32, 32), scale=[0.1, 0.2, 0.3], offset=[-1.0, 0.0, 1.0])
    preprocessor = keras_hub.models.ViTImageClassifierPreprocessor(image_converter=converter)
    folder = tmp_path_factory.mktemp("vit") / "preset"
    keras_hub.models.ViTImageClassifier(backbone=backbone, num_classes=2, preprocessor=preprocessor).save_to_preset(
        str(folder)
    )
    return folder


def test_a_convolutional_preset_takes_any_size(tmp_path: Path) -> None:
    folder = str(save_tiny_preset(tmp_path / "tiny"))
    own = load_backbone(folder, pretrained=True)
    assert own.preprocessing.image_size == 32
    assert own.preprocessing.scale == pytest.approx(1 / 255)
    assert own.pooling == "average"
    assert load_backbone(folder, pretrained=True, image_size=48).preprocessing.image_size == 48


def test_pretrained_weights_are_those_of_the_preset_and_none_are_not(tmp_path: Path) -> None:
    folder = str(save_tiny_preset(tmp_path / "tiny"))
    stored = keras_hub.models.Backbone.from_preset(folder).get_weights()
    loaded = load_backbone(folder, pretrained=True).model.get_weights()
    random = load_backbone(folder, pretrained=False).model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(stored, loaded, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(stored, random, strict=True))


def test_a_transformer_keeps_its_preprocessing_and_is_pooled_by_its_class_token(vit_preset: Path) -> None:
    backbone = load_backbone(str(vit_preset), pretrained=True)
    assert backbone.pooling == "token"
    assert backbone.preprocessing.scale == pytest.approx((0.1, 0.2, 0.3))
    assert backbone.preprocessing.offset == pytest.approx((-1.0, 0.0, 1.0))
    model = image_classifier(backbone, ["a", "b", "c"], 0.0, "crop")
    probabilities = np.asarray(model.serving(np.full((2, 50, 70, 3), 120.0, np.float32)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    with pytest.raises(ConfigError, match="train_image_size 24"):
        image_classifier(backbone, ["a", "b"], 0.0, "crop", 24)


def test_a_size_that_a_transformer_cannot_take_is_refused(vit_preset: Path) -> None:
    with pytest.raises(ConfigError, match="32 pixels only"):
        load_backbone(str(vit_preset), pretrained=True, image_size=40)


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(ConfigError, match="efficientnet_lite0_imagenet"):
        load_backbone("eficientnet_lite0_imagenet", pretrained=True)


def test_a_folder_that_is_no_preset_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("not json")
    with pytest.raises(ArtifactError, match="preset"):
        load_backbone(str(tmp_path), pretrained=True)
