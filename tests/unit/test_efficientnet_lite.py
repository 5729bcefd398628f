"""The backbone against the PyTorch original's numbers; the pretrained weights come from the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import safetensors.numpy

from ftsuite import assets
from ftsuite.errors import ArtifactError, ConfigError, ResourceError
from ftsuite.models.efficientnet_lite import (
    OFFSET,
    SCALE,
    EfficientNetLiteBackbone,
    efficientnet_lite_backbone,
    image_converter,
    imagenet_classifier,
)

# logits_160 and logits_224: (2, 1000) float32, of the PyTorch original for images
# default_rng(size).normal(size=(2, size, size, 3)).
REFERENCE = Path(__file__).resolve().parents[1] / "data" / "efficientnet_lite0_reference.npz"
PALACE, DAISY = 698, 985

# Keras reads TensorFlow variables the way that numpy 2 warns of; it is right all the same.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def weights() -> Path:
    try:
        return assets.ensure("efficientnet_lite0_imagenet")
    except ResourceError as error:
        pytest.skip(f"needs the pretrained weights: {error}")


@pytest.fixture(scope="module")
def classifier(weights: Path) -> Any:
    return imagenet_classifier(weights)


@pytest.fixture(scope="module")
def tensors(weights: Path) -> dict[str, np.ndarray]:
    return dict(safetensors.numpy.load_file(weights / "weights.safetensors"))


def images(size: int) -> np.ndarray:
    return np.random.default_rng(size).normal(size=(2, size, size, 3)).astype("float32")


@pytest.mark.parametrize("size", [160, 224])
def test_logits_equal_the_original(classifier: Any, size: int) -> None:
    expected = np.load(REFERENCE)[f"logits_{size}"]
    received = keras.ops.convert_to_numpy(classifier(images(size)))
    assert received.shape == (2, 1000)
    np.testing.assert_allclose(received, expected, atol=5e-5)


@pytest.mark.parametrize(("name", "label"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_photographs_through_the_preprocessing(classifier: Any, name: str, label: int) -> None:
    from sklearn.datasets import load_sample_image

    pixels = load_sample_image(name)[None]
    assert keras.ops.convert_to_numpy(classifier(image_converter()(pixels)))[0].argmax() == label


def test_preprocessing_is_pixel_minus_127_over_128() -> None:
    pixels = np.stack([np.full((300, 400, 3), value, "uint8") for value in (0, 127, 255)])
    made = keras.ops.convert_to_numpy(image_converter(64)(pixels))
    assert made.shape == (3, 64, 64, 3) and made.dtype == np.float32
    np.testing.assert_allclose(made[:, 32, 32, 0], [-127 / 128, 0, 1], atol=1e-6)
    assert (SCALE, OFFSET) == (1 / 128, -127 / 128)


@pytest.mark.parametrize(("variant", "parameters"), [("lite0", 3_413_024), ("lite1", 4_189_344), ("lite2", 4_869_168)])
def test_variants_have_their_size(variant: str, parameters: int) -> None:
    backbone = efficientnet_lite_backbone(variant, image_shape=(64, 96, 3))
    assert isinstance(backbone, EfficientNetLiteBackbone)
    assert backbone.output_shape == (None, 2, 3, 1280)
    assert backbone.count_params() == parameters
    assert not [layer for layer in backbone.layers if isinstance(layer, keras.layers.ZeroPadding2D)]


def test_stochastic_depth_is_off_unless_asked_for() -> None:
    def rates(dropout: float) -> list[float]:
        layers = efficientnet_lite_backbone(dropout=dropout).layers
        return [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]

    assert rates(0.0) == []
    assert rates(0.2) == sorted(rates(0.2)) and 0 < max(rates(0.2)) <= 0.2


LOAD = """
import sys, numpy as np, ftsuite.models.efficientnet_lite, keras
model = keras.models.load_model(sys.argv[1])
images = np.random.default_rng(64).normal(size=(2, 64, 64, 3)).astype("float32")
np.save(sys.argv[2], keras.ops.convert_to_numpy(model(images)))
"""


def saved_and_loaded(weights: Path, tmp_path: Path, backend: str) -> tuple[np.ndarray, np.ndarray]:
    inputs = keras.Input((64, 64, 3))
    features = efficientnet_lite_backbone("lite0", weights)(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(features))
    model.save(tmp_path / "model.keras")
    command = [sys.executable, "-c", LOAD, str(tmp_path / "model.keras"), str(tmp_path / "out.npy")]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_BACKEND": backend})
    return keras.ops.convert_to_numpy(model(images(64))), np.load(tmp_path / "out.npy")


@pytest.mark.slow
def test_saved_model_loads_in_another_process(weights: Path, tmp_path: Path) -> None:
    before, after = saved_and_loaded(weights, tmp_path, "tensorflow")
    np.testing.assert_allclose(after, before, atol=1e-6)


@pytest.mark.slow
def test_saved_model_loads_on_jax(weights: Path, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    before, after = saved_and_loaded(weights, tmp_path, "jax")
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_saved_model_loads_here(tmp_path: Path) -> None:
    backbone = efficientnet_lite_backbone("lite1", dropout=0.2)
    backbone.save(tmp_path / "backbone.keras")
    loaded = keras.models.load_model(tmp_path / "backbone.keras")
    assert type(loaded) is EfficientNetLiteBackbone
    assert loaded.get_config() == backbone.get_config()
    np.testing.assert_array_equal(loaded(images(64)), backbone(images(64)))


def test_unknown_variant() -> None:
    with pytest.raises(ConfigError, match="Received: 'lite9'"):
        efficientnet_lite_backbone("lite9")


def test_weights_that_do_not_fit_change_nothing(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    missing = {name: value for name, value in tensors.items() if name != "_blocks.3._bn1.bias"}
    wrong = {**tensors, "_conv_head.weight": tensors["_conv_head.weight"][:, :-1]}
    half = {**tensors, "_bn1.weight": tensors["_bn1.weight"].astype("float16")}
    extra = {**tensors, "_blocks.16._bn1.bias": tensors["_bn1.weight"]}
    headless = {name: value for name, value in tensors.items() if not name.startswith("_fc.")}
    path = tmp_path / "weights.safetensors"
    for bad, named in (
        (missing, "_blocks.3._bn1.bias"),
        (wrong, "_conv_head"),
        (half, "float16"),
        (extra, "_blocks.16"),
    ):
        safetensors.numpy.save_file({name: np.ascontiguousarray(value) for name, value in bad.items()}, path)
        with pytest.raises(ArtifactError, match=named):
            efficientnet_lite_backbone("lite0", path)
    with pytest.raises(ArtifactError, match="Received"):
        efficientnet_lite_backbone("lite2", path)
    safetensors.numpy.save_file(headless, path)
    efficientnet_lite_backbone("lite0", path)
    with pytest.raises(ArtifactError, match=r"_fc\.weight"):
        imagenet_classifier(path)


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 100, b"\x10" + b"\0" * 7 + b"{}"])
def test_a_damaged_weights_file(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(ArtifactError) as caught:
        efficientnet_lite_backbone("lite0", tmp_path)
    assert str(tmp_path) in caught.value.message
