"""Gradient checkpointing: the same result, less memory, and a word where it can do nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError
from ftsuite.training.gradient_checkpointing import recompute
from ftsuite.training.precision import process_settings_kept, use_precision
from tests.tiny import tiny_efficientnet


def encoder(layers: int = 2) -> Any:
    import keras_hub

    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=50, num_layers=layers, num_heads=2, hidden_dim=16, intermediate_dim=64,
        max_sequence_length=32, dropout=0.1,
    )  # fmt: skip
    logits = keras.layers.Dense(2, dtype="float32")(backbone.output["sequence_output"][:, 0])
    return keras.Model(backbone.input, logits)


def trained(model: Any) -> tuple[list[float], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    shape = (16, 32)
    features = {
        "token_ids": rng.integers(0, 50, shape),
        "segment_ids": np.zeros(shape, "int32"),
        "padding_mask": np.ones(shape, bool),
    }
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, jit_compile=False, auto_scale_loss=False)
    history = model.fit(features, rng.integers(0, 2, 16), batch_size=8, epochs=2, verbose=0, shuffle=False)
    return history.history["loss"], [np.asarray(variable) for variable in model.variables]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_result_is_that_without_it_dropout_and_its_random_states_included(precision: Any) -> None:
    with process_settings_kept():
        use_precision(precision)
        plain, recomputed = encoder(), encoder()
        assert recompute(recomputed) == ("transformer_layer_0", "transformer_layer_1")
        (losses, weights), (losses_again, weights_again) = trained(plain), trained(recomputed)
    assert losses == pytest.approx(losses_again, rel=1e-5)
    for one, other in zip(weights, weights_again, strict=True):
        np.testing.assert_allclose(one.astype("float64"), other.astype("float64"), atol=1e-5)


class Block(keras.layers.Layer):  # type: ignore[misc]
    """A layer of layers with every kind of state: a random state, statistics, a counter, and one that never changes."""

    def __init__(self) -> None:
        super().__init__(name="block")
        self.dense = keras.layers.Dense(8)
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.5, seed=3)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.shift = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(1.001), trainable=False, name="shift"
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        self.calls.assign(self.calls + 1)
        return self.drop(self.norm(self.dense(inputs) + self.shift, training=training), training=training)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_in_16_bits_frozen_weights_keep_every_bit_and_states_advance(precision: Any) -> None:
    with process_settings_kept():
        use_precision(precision)
        model = keras.Sequential([keras.Input((8,)), Block(), keras.layers.Dense(2, dtype="float32")])
        block = model.layers[0]
        rng = np.random.default_rng(0)
        kernel = rng.normal(size=(8, 8)).astype("float32")
        block.dense.kernel.assign(kernel)
        block.dense.kernel.trainable = False
        assert recompute(model) == ("block",)
        features = rng.normal(size=(8, 8)).astype("float32")

        def states() -> list[np.ndarray]:
            found = (block.drop.seed_generator.state, block.norm.moving_mean, block.calls, block.shift)
            return [np.array(keras.ops.convert_to_numpy(state)) for state in found]

        before = states()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False, auto_scale_loss=False)
        model.fit(features, rng.integers(0, 2, 8), batch_size=4, epochs=1, verbose=0)
        after = states()
        assert [np.array_equal(old, new) for old, new in zip(before, after, strict=True)] == [False] * 3 + [True]
        assert float(after[2]) == 2.0
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(block.dense.kernel), kernel)
        model.predict(features, batch_size=4, verbose=0)
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(block.dense.kernel), kernel)
        np.testing.assert_array_equal(states()[1], after[1])


def test_a_graph_of_single_layers_is_refused() -> None:
    with pytest.raises(ConfigError, match="graph of single layers"):
        recompute(tiny_efficientnet())


PEAK = """
import sys
import keras, keras_hub, numpy as np
from ftsuite.runs.memory import peak_memory_bytes
from ftsuite.training.gradient_checkpointing import recompute
backbone = keras_hub.models.BertBackbone(vocabulary_size=50, num_layers=8, num_heads=4, hidden_dim=64,
    intermediate_dim=512, max_sequence_length=256)
model = keras.Model(backbone.input, keras.layers.Dense(2)(backbone.output["sequence_output"][:, 0]))
if sys.argv[1] == "recompute":
    recompute(model)
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
ones = np.ones((16, 256), "int32")
before = peak_memory_bytes()
model.fit({"token_ids": ones, "segment_ids": 0 * ones, "padding_mask": ones == 1}, ones[:, 0], batch_size=16, epochs=2,
    verbose=0)
print(peak_memory_bytes() - before)
"""


@pytest.mark.slow
def test_it_takes_less_memory_on_tensorflow() -> None:
    def peak(mode: str) -> int:
        done = subprocess.run([sys.executable, "-c", PEAK, mode], capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1])

    plain = peak("plain")
    assert plain > 0
    assert peak("recompute") < 0.75 * plain
