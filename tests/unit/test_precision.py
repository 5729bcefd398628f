"""Precision, loss scale, and the choices of XLA and determinism."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError
from ftsuite.optim.optimizers import make_optimizer
from ftsuite.optim.schedules import StageSchedule
from ftsuite.training import seeds
from ftsuite.training.loss_scale import with_loss_scale
from ftsuite.training.precision import (
    in_float32,
    precision_in_use,
    process_settings_kept,
    resolved_precision,
    use_precision,
)
from ftsuite.training.seeds import compile_with_xla, forget_xla, is_deterministic, uses_xla
from tests.unit.optimizer_trials import PLAIN, gradients, matrices, ready, values

NOT_FINITE = np.float32("inf")


def scaled(variables: list[Any], total_steps: int = 1000, **settings: Any) -> Any:
    optimizer = with_loss_scale(make_optimizer("adamw", **settings))
    optimizer.build(variables)
    optimizer.follow({variable.path: PLAIN for variable in variables})
    optimizer.learning_rate = StageSchedule(0.01, total_steps, 0, "constant")
    return optimizer


def take(optimizer: Any, row: np.ndarray, variables: list[Any]) -> None:
    """One batch, with gradients of the scaled loss."""
    factor = float(optimizer.scale_loss(keras.ops.convert_to_tensor(1.0)))
    optimizer.apply([keras.ops.convert_to_tensor(gradient * np.float32(factor)) for gradient in row], variables)


def _counts_and_averages(optimizer: Any) -> list[np.ndarray]:
    return [np.asarray(variable).copy() for variable in (optimizer._counts, *optimizer._averages)]


@pytest.mark.parametrize("accumulate_steps", [1, 3])
def test_scaled_steps_are_those_without_a_scale(accumulate_steps: int) -> None:
    plain, short = matrices(), matrices()
    settings: dict[str, Any] = {"accumulate_steps": accumulate_steps, "clip_norm": 1.0, "average_decay": 0.9}
    unscaled, optimizer = ready("adamw", plain, **settings), scaled(short, **settings)
    for row in gradients(2, 7):
        unscaled.apply([keras.ops.convert_to_tensor(gradient) for gradient in row], plain)
        take(optimizer, row, short)
    # The scale is a power of two, so it rounds nothing; JAX compiles what may be skipped, which rounds otherwise.
    for one, other in zip(values(plain), values(short), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0 if keras.backend.backend() == "tensorflow" else 1e-6)


def test_a_gradient_that_is_not_finite_makes_no_update_and_halves_the_scale() -> None:
    variables = matrices()
    optimizer = scaled(variables, average_decay=0.9)
    rows = gradients(2, 3)
    take(optimizer, rows[0], variables)
    before, state = values(variables), _counts_and_averages(optimizer)
    scale = optimizer.loss_scale
    rows[1][0, 0, 0] = NOT_FINITE
    take(optimizer, rows[1], variables)
    for one, other in zip(before, values(variables), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(state, _counts_and_averages(optimizer), strict=True):
        np.testing.assert_array_equal(one, other, "a skipped update counts nowhere")
    assert (optimizer.loss_scale, optimizer.skipped_updates) == (scale / 2, 1)
    assert int(optimizer.iterations) == 2, "batches are counted all the same: stages and schedules go by them"


def test_a_lost_batch_costs_its_cycle_and_no_other() -> None:
    rows = gradients(2, 6)
    lost, rest = matrices(), matrices()
    optimizer, reference = scaled(lost, accumulate_steps=2), scaled(rest, accumulate_steps=2)
    for number, row in enumerate(rows):
        take(optimizer, row if number != 2 else np.full_like(row, NOT_FINITE), lost)
    for number in (0, 1, 4, 5):
        take(reference, rows[number], rest)
    for one, other in zip(values(lost), values(rest), strict=True):
        np.testing.assert_array_equal(one, other)
    assert optimizer.skipped_updates == 1


def test_the_scale_is_in_the_optimizers_variables_and_so_in_checkpoints() -> None:
    optimizer = scaled(matrices())
    assert {"loss_scale", "sound_updates", "skipped_updates"} <= {variable.name for variable in optimizer.variables}


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_layers_compute_in_the_precision_and_keep_float32_weights(precision: Any) -> None:
    with process_settings_kept():
        assert use_precision(precision) == precision == precision_in_use()
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        assert (layer.compute_dtype, layer.variable_dtype) == (precision, "float32")
    assert precision_in_use() == "float32"


def test_auto_is_float32_without_an_accelerator() -> None:
    assert resolved_precision("auto") == "float32"


def test_a_model_of_a_short_format_gives_in_float32_what_it_would_have_given() -> None:
    def make() -> Any:
        keras.utils.set_random_seed(3)
        inputs = keras.Input((6, 8))
        features = keras.layers.MultiHeadAttention(2, 4)(inputs, inputs)
        features = keras.layers.LayerNormalization()(features + inputs)
        return keras.Model(inputs, keras.layers.Dense(3, activation="gelu")(features))

    batch = np.random.default_rng(0).normal(size=(4, 6, 8)).astype("float32")
    with process_settings_kept():
        use_precision("bfloat16")
        model = make()
        short = np.asarray(model(batch), dtype="float32")
        with in_float32(model):
            kept = np.asarray(model(batch))
        back = model(batch)
    exact = np.asarray(make()(batch))
    np.testing.assert_allclose(kept, exact, atol=1e-6)
    assert np.abs(short - exact).max() > 1e-4
    assert keras.backend.standardize_dtype(back.dtype) == "bfloat16"


def test_xla_is_as_told_and_else_by_what_pays() -> None:
    by_itself = keras.backend.backend() != "tensorflow"
    assert uses_xla() is by_itself, "on a CPU with TensorFlow it does not pay"
    token = compile_with_xla(True)
    assert uses_xla() is True
    forget_xla(token)
    with process_settings_kept():
        compile_with_xla(True)
    assert uses_xla() is by_itself


def test_a_backend_that_always_compiles_refuses_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ConfigError, match="Received: false"):
        compile_with_xla(False)
    assert uses_xla() is True


def test_null_is_deterministic_on_a_cpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_deterministic(None) and is_deterministic(True) and not is_deterministic(False)
    monkeypatch.setattr(seeds, "on_accelerator", lambda: True)
    assert not is_deterministic(None) and is_deterministic(True)


def test_jax_on_a_gpu_is_made_deterministic_by_its_flag_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0"])
    monkeypatch.setenv("XLA_FLAGS", "")
    with pytest.raises(ConfigError, match="XLA_FLAGS"):
        seeds.seed_everything(0, True)
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_deterministic_ops=true")
    assert seeds.seed_everything(0, True)


@pytest.mark.parametrize(("capability", "has"), [("9.0", True), ("8.0", True), ("7.5", False), (None, False)])
def test_bfloat16_by_the_compute_capability(capability: str | None, has: bool) -> None:
    class Device:
        platform = "gpu"
        compute_capability = capability

    assert seeds._jax_device_has_bfloat16(Device()) is has
