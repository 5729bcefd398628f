"""A model over inputs of another size is the network of that size, over the same variables."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.models.efficientnet_lite import efficientnet_lite_backbone
from ftsuite.models.input_size import SizeRefusedError, at_input_size


def _classifier(backbone: Any, pixels: int) -> Any:
    given = keras.Input((pixels, pixels, 3), name="image")
    features = keras.layers.GlobalAveragePooling2D(name="pooled")(
        backbone(keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(given))
    )
    dropped = keras.layers.Dropout(0.5, name="head_dropout")(features)
    return keras.Model(given, keras.layers.Dense(3, name="head")(dropped))


@pytest.fixture(scope="module")
def model() -> Any:
    keras.utils.set_random_seed(3)
    return _classifier(efficientnet_lite_backbone("lite0"), 64)


@pytest.mark.parametrize("pixels", [32, 47, 63, 96])
def test_padding_is_that_of_a_network_built_for_the_size(model: Any, pixels: int) -> None:
    sized = at_input_size(model, pixels)
    assert {id(v) for v in sized.variables} == {id(v) for v in model.variables}
    assert [layer.name for layer in sized.layers[1:]] == [layer.name for layer in model.layers[1:]]
    native = _classifier(efficientnet_lite_backbone("lite0", image_shape=(pixels, pixels, 3)), pixels)
    native.set_weights(model.get_weights())
    pictures = np.random.default_rng(pixels).uniform(0, 255, (2, pixels, pixels, 3)).astype(np.float32)
    # Without scale the differences of padding are of the order of the logits themselves.
    np.testing.assert_allclose(sized(pictures), native(pictures), rtol=1e-4, atol=1e-6)


def test_a_model_and_its_twin_train_the_same_variables(model: Any) -> None:
    sized = at_input_size(model, 33)
    before = model.get_weights()
    sized.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    sized.train_on_batch(np.ones((2, 33, 33, 3), np.float32), np.ones((2, 3), np.float32))
    moved = [not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True)]
    assert any(moved)
    model.set_weights(before)


def test_a_backbone_of_one_size_is_refused() -> None:
    inner = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Conv2D(4, 3)])
    with pytest.raises(SizeRefusedError, match="64 pixels only"):
        at_input_size(_classifier(inner, 64), 48)


def test_pictures_that_end_in_nothing_are_refused() -> None:
    given = keras.Input((None, None, 3))
    inner = keras.Model(given, keras.layers.Conv2D(4, 40)(given))
    with pytest.raises(SizeRefusedError):
        at_input_size(_classifier(inner, 64), 32)
