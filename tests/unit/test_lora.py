"""Low-rank adapters: the start, training, merging and saving, on each kind of layer and family of models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError, ResourceError
from ftsuite.models.backbones import load_backbone
from ftsuite.models.blocks import find_blocks
from ftsuite.models.freezing import decays, set_trainable
from ftsuite.models.graph_cut import split_model
from ftsuite.models.lora import LoraAdapters, add_lora
from ftsuite.models.lora_blocks import adapter_part, with_adapters
from ftsuite.models.lora_targets import path_of
from ftsuite.models.text_backbones import load_text_backbone
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.rules import variable_rules
from ftsuite.optim.schedules import StageSchedule
from ftsuite.training.fingerprints import hash_variables
from ftsuite.training.plan import all_blocks
from tests.unit.lora_models import MODELS, convolutions, inputs_of, made, outputs_of, shake

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def _paths(adapters: LoraAdapters) -> list[str]:
    return [path_of(adapter.form.layer) for adapter in adapters.adapters]


@pytest.mark.parametrize("name", MODELS)
def test_from_start_to_merged_file(name: str, tmp_path: Path) -> None:
    model = made(name)
    inputs, names = inputs_of(model), [variable.path for variable in model.weights]
    before = outputs_of(model, inputs)
    adapters = add_lora(model, 2, alpha=6.0, targets=["all"], seed=1)
    for value, wanted in zip(outputs_of(model, inputs), before, strict=True):
        np.testing.assert_array_equal(value, wanted)

    paths = [variable.path for variable in model.weights]
    assert len(set(paths)) == len(paths) and len(paths) == len(names) + len(adapters.variables)
    for adapter in adapters.adapters:
        layer = adapter.kernel.path.rpartition("/")[0]
        assert [variable.path for variable in adapter.variables] == [f"{layer}/lora_a", f"{layer}/lora_b"]

    shake(adapters.variables)
    changed = outputs_of(model, inputs)
    assert max(float(np.abs(a - b).max()) for a, b in zip(changed, before, strict=True)) > 1e-3
    with pytest.raises(ValueError, match="merge"):
        model.save(tmp_path / "adapters.keras")
    kept = [np.array(value) for value in model.get_weights()]
    shake(adapters.variables, seed=9)
    model.set_weights(kept)
    for value, wanted in zip(outputs_of(model, inputs), changed, strict=True):
        np.testing.assert_array_equal(value, wanted)

    adapters.merge()
    assert [variable.path for variable in model.weights] == names
    for value, wanted in zip(outputs_of(model, inputs), changed, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "merged.keras")
    loaded = keras.models.load_model(tmp_path / "merged.keras")
    assert not [variable for variable in loaded.weights if "lora" in variable.path]
    for value, wanted in zip(outputs_of(loaded, inputs), outputs_of(model, inputs), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["convolutions", "einsums"])
def test_each_layer_gives_what_its_changed_kernel_gives(name: str) -> None:
    """Each adapter alone, against the same model whose kernel was changed by NumPy."""
    model = made(name)
    inputs = inputs_of(model)
    adapters = add_lora(model, 2, alpha=6.0, targets=["all"])
    for adapter in adapters.adapters:
        kernel = np.array(adapter.kernel)
        shake(adapter.variables)
        down, up = (np.array(variable, dtype="float64") for variable in adapter.variables)
        changed = outputs_of(model, inputs)
        matrix = 3.0 * down.reshape(-1, 2) @ up.reshape(2, -1)
        is_turned = path_of(adapter.form.layer) == "turned"
        adapter.up.assign(np.zeros(adapter.up.shape))
        adapter.kernel.assign(kernel + (matrix.T if is_turned else matrix).reshape(kernel.shape))
        for value, wanted in zip(changed, outputs_of(model, inputs), strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)
        adapter.kernel.assign(kernel)


def test_remove_leaves_the_model_as_it_was() -> None:
    model = made("einsums")
    inputs = inputs_of(model)
    before, names = outputs_of(model, inputs), [variable.path for variable in model.weights]
    adapters = add_lora(model, 2, targets=["all"])
    shake(adapters.variables)
    adapters.remove()
    adapters.remove()
    assert [variable.path for variable in model.weights] == names and adapters.variables == ()
    np.testing.assert_array_equal(outputs_of(model, inputs)[0], before[0])
    assert len(add_lora(model, 4, targets=["*attention*/query"]).adapters) == 1


def _classifier(name: str) -> tuple[Any, Any]:
    backbone = made(name)
    inputs = {key: keras.Input(value.shape[1:], dtype=value.dtype, name=key) for key, value in backbone.input.items()}
    hidden = keras.tree.flatten(backbone(inputs))[-1]
    return keras.Model(inputs, keras.layers.Dense(3, name="head")(hidden[:, 0])), backbone


@pytest.mark.parametrize("biases", [False, True])
def test_adapters_and_head_train_and_nothing_else(biases: bool) -> None:
    model, backbone = _classifier("bert")
    adapters = add_lora(backbone, 2)
    blocks = with_adapters(all_blocks(model, find_blocks(backbone)), adapters)
    assert sorted(v.path for block in blocks for v in block.variables) == sorted(v.path for v in model.weights)
    assert with_adapters(blocks, adapters) == blocks
    assert any(v is adapters.variables[0] for v in next(b for b in blocks if b.name == "transformer_layer_0").variables)

    set_trainable(model, adapter_part(blocks, adapters, biases=biases), [b.name for b in blocks], "frozen-stats")
    before = {variable.path: hash_variables([variable]) for variable in model.weights}
    # The rate is small: B leaves zero in the first step, and A can only move after that.
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse", jit_compile=False)
    inputs = inputs_of(backbone)
    model.fit(inputs, np.eye(3, dtype="float32")[:2], epochs=3, verbose=0)
    moved = {variable.path for variable in model.weights if before[variable.path] != hash_variables([variable])}
    expected = {variable.path for variable in (*adapters.variables, *model.get_layer("head").weights)}
    if biases:
        expected |= {adapter.form.layer.bias.path for adapter in adapters.adapters}
        # A bias of the key shifts all scores of a query alike, and has no gradient.
        expected = {path for path in expected if not path.endswith("key/bias")}
        moved = {path for path in moved if not path.endswith("key/bias")}
    assert moved == expected
    assert 0.0 < adapters.trainable_share < 0.2


def test_training_lowers_the_loss_and_merging_keeps_it() -> None:
    model, backbone = _classifier("bert")
    adapters = add_lora(backbone, 2, targets=["transformer_layer_*"])
    blocks = with_adapters(all_blocks(model, find_blocks(backbone)), adapters)
    set_trainable(model, adapter_part(blocks, adapters, whole=()), [b.name for b in blocks], "frozen-stats")
    model.compile(optimizer=keras.optimizers.Adam(2e-2), loss="mse", jit_compile=False)
    inputs, targets = inputs_of(backbone), np.eye(3, dtype="float32")[:2]
    first = model.evaluate(inputs, targets, verbose=0)
    model.fit(inputs, targets, epochs=20, verbose=0)
    trained = model.evaluate(inputs, targets, verbose=0)
    assert trained < first / 2
    adapters.merge()
    model.compile(loss="mse", jit_compile=False)
    assert model.evaluate(inputs, targets, verbose=0) == pytest.approx(trained, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "targets", "expected"),
    [
        ("bert", ["attention"], ["query", "key", "value", "attention_output"] * 2),
        ("deberta_v3", ["attention"], ["query", "key", "value", "attention_output"] * 2),
        ("vit", ["attention"], ["query", "key", "value", "attention_output"] * 2),
        ("roberta", ["*/query", "*/value"], ["query", "value"] * 2),
        ("convolutions", ["convolution"], ["plain", "point", "grouped", "depthwise"]),
        ("einsums", ["dense"], ["dense", "query", "key", "value", "attention_output", "dots", "turned"]),
    ],
)
def test_targets(name: str, targets: list[str], expected: list[str]) -> None:
    adapters = add_lora(made(name), 2, targets=targets)
    assert [path.rpartition("/")[2] for path in _paths(adapters)] == expected


def test_the_start_depends_on_seed_and_place_alone() -> None:
    first, again, other = (add_lora(made("einsums"), 2, targets=["all"], seed=seed) for seed in (1, 1, 2))
    for one, two, three in zip(first.adapters, again.adapters, other.adapters, strict=True):
        np.testing.assert_array_equal(np.array(one.down), np.array(two.down))
        assert not np.array_equal(np.array(one.down), np.array(three.down))
        assert not np.any(np.array(one.up))
    assert not np.array_equal(np.array(first.adapters[0].down).ravel(), np.array(first.adapters[1].down).ravel())
    wide = keras.layers.Dense(500, name="wide")
    wide.build((None, 400))
    down = np.array(add_lora(wide, 50, targets=["dense"]).variables[0])
    assert down.std() == pytest.approx(1 / 20, rel=0.05)


def test_mixed_bfloat16_keeps_adapters_in_float32(tmp_path: Path) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for name in ("bert", "convolutions"):
            model = made(name)
            inputs = inputs_of(model)
            before = outputs_of(model, inputs)
            adapters = add_lora(model, 2, targets=["all"])
            assert {keras.backend.standardize_dtype(v.dtype) for v in adapters.variables} == {"float32"}
            np.testing.assert_array_equal(outputs_of(model, inputs)[0], before[0])
            shake(adapters.variables)
            changed = outputs_of(model, inputs)
            adapters.merge()
            assert {v.dtype for v in model.weights} == {"float32"}
            np.testing.assert_allclose(outputs_of(model, inputs)[0], changed[0], atol=0.1)
    finally:
        keras.config.set_dtype_policy(policy)


class OwnDense(keras.layers.Dense):  # type: ignore[misc]
    """A dense layer with a call of its own."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return 2.0 * super().call(inputs, training)


def test_layers_that_no_adapter_fits_are_named() -> None:
    tokens = keras.Input((16,))
    x = keras.layers.Dense(16, name="fits")(tokens)
    x = OwnDense(16, name="own")(x)
    x = keras.layers.Dense(16, kernel_constraint="non_neg", name="bound")(x)
    x = keras.layers.Dense(2, name="small")(x)
    adapters = add_lora(keras.Model(tokens, x), 2, targets=["all"])
    assert _paths(adapters) == ["fits"]
    assert list(adapters.left_out) == ["own", "bound", "small"]
    assert "OwnDense" in adapters.left_out["own"] and "constraint" in adapters.left_out["bound"]
    assert adapters.left_out["small"] == "an adapter of rank 2 (36 weights) is above half of its kernel (32)"


def test_what_cannot_be_is_refused() -> None:
    model = made("einsums")
    with pytest.raises(ConfigError, match=r"Received: 'attention/qeury'\.\nThe nearest layer is `attention/query`"):
        add_lora(model, 2, targets=["attention/qeury"])
    with pytest.raises(ConfigError, match="Received: 'attention'"):
        add_lora(convolutions(), 2)
    with pytest.raises(ConfigError, match="must fit on at least one layer"):
        add_lora(model, 64, targets=["dense"])
    with pytest.raises(ValueError, match="rank must be at least 1"):
        add_lora(model, 0)
    assert not [variable for variable in model.weights if "lora" in variable.path]
    add_lora(model, 2)
    with pytest.raises(ValueError, match="one adapter"):
        add_lora(model, 2, targets=["dense"])


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow has no such convolutions on a CPU")
def test_channels_first_gives_the_same() -> None:
    first, last = convolutions("channels_first"), convolutions()
    last.set_weights(first.get_weights())
    for model in (first, last):
        shake(add_lora(model, 2, targets=["convolution"]).variables)
    inputs = inputs_of(first)
    turned = outputs_of(last, np.moveaxis(inputs, 1, -1))[0]
    np.testing.assert_allclose(outputs_of(first, inputs)[0], np.moveaxis(turned, -1, 1), rtol=1e-4, atol=1e-5)


def test_the_suites_own_optimizer_and_a_cut_model_take_adapters() -> None:
    """Rules by path, moments of what trains alone, and a tail that holds all that trains."""
    model, backbone = _classifier("bert")
    adapters = add_lora(backbone, 2, targets=["transformer_layer_1/*"])
    assert len(adapters.adapters) == 6
    blocks = with_adapters(all_blocks(model, find_blocks(backbone)), adapters)
    part = adapter_part(blocks, adapters)
    set_trainable(model, part, [block.name for block in part], "frozen-stats")
    trained = model.trainable_variables
    cut = split_model(model, trained)
    assert cut is not None and {id(v) for v in cut.tail.trainable_variables} == {id(v) for v in trained}
    optimizer = make_optimizer("adamw")
    optimizer.build(trained)
    multipliers = {block.name: 1.0 for block in blocks}
    named = [(block.name, block.variables) for block in part]
    optimizer.follow(variable_rules(named, multipliers, 0.01, decays), cut.tail.trainable_variables)
    optimizer.learning_rate = StageSchedule(0.01, 8, 0, "constant")
    inputs, targets = inputs_of(backbone), np.eye(3, dtype="float32")[:2]
    features = cut.trunk(inputs, training=False)
    cut.tail.compile(optimizer=optimizer, loss="mse", jit_compile=False)
    first = cut.tail.evaluate(features, targets, verbose=0)
    cut.tail.fit(features, targets, epochs=8, verbose=0)
    last = cut.tail.evaluate(features, targets, verbose=0)
    assert last < first
    adapters.merge()
    whole = outputs_of(model, inputs)[0]
    assert float(np.mean((whole - targets) ** 2)) == pytest.approx(last, abs=1e-5)


@pytest.mark.parametrize(
    ("load", "name", "targets", "count"),
    [(load_text_backbone, "minilm_l6_en", "attention", 24), (load_backbone, "efficientnet_lite0_imagenet", "all", 48)],
)
def test_pretrained_backbones(load: Any, name: str, targets: str, count: int) -> None:
    try:
        backbone = load(name, pretrained=True).model
    except ResourceError as error:
        pytest.skip(f"needs the pretrained weights: {error}")
    inputs = inputs_of(backbone) if name.startswith("minilm") else np.random.default_rng(0).normal(size=(2, 64, 64, 3))
    before, names = outputs_of(backbone, inputs), [variable.path for variable in backbone.weights]
    adapters = add_lora(backbone, 4, alpha=8.0, targets=[targets])
    assert len(adapters.adapters) == count and adapters.trainable_share < 0.15
    np.testing.assert_array_equal(outputs_of(backbone, inputs)[0], before[0])
    shake(adapters.variables, spread=0.01)
    changed = outputs_of(backbone, inputs)[0]
    assert np.abs(changed - before[0]).max() > 1e-3
    adapters.merge()
    # Rounding adds up over 49 layers.
    np.testing.assert_allclose(outputs_of(backbone, inputs)[0], changed, rtol=1e-5, atol=5e-5)
    assert [variable.path for variable in backbone.weights] == names


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "jax", reason="is what it starts")
def test_the_same_on_jax() -> None:
    chosen = "convolutions or einsums or deberta or nothing_else or cut_model or mixed or channels_first"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_lora.py", "-k", chosen]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:]
