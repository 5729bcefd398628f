"""Models between the start and the end of fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.models.interpolation import SHARES, interpolated, interpolation_curve, statistics_differ


def _model(with_batch_norm: bool = False) -> Any:
    keras.utils.set_random_seed(2)
    features = keras.Input((6,))
    x = keras.layers.Dense(8, activation="tanh")(features)
    if with_batch_norm:
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(features, keras.layers.Dense(3)(x))


def _weights(model: Any, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=value.shape).astype("float32") ** 2 for value in model.get_weights()]


def _curve(model: Any, start: Any, end: Any, values: Mapping[float, float], **keywords: Any) -> Any:
    """Judges a model by a table, and finds its share from its first weight."""
    seen: list[float] = []

    def figures() -> dict[str, float]:
        first = model.get_weights()[0]
        share = np.linalg.norm(first - start[0]) / np.linalg.norm(end[0] - start[0])
        seen.append(round(float(share), 4))
        return {"accuracy": values[seen[-1]], "log_loss": 1.0}

    curve = interpolation_curve(
        model, start, end, figures, lambda row: (row["accuracy"], -row["log_loss"]), list(values), **keywords
    )
    return curve, seen


def test_interpolated_is_the_weighted_mean_and_exact_at_the_ends() -> None:
    start = [np.array([1.0, 2.0], "float32"), np.float32([[0.1]]), np.array([3], "int32")]
    end = [np.array([3.0, -2.0], "float32"), np.float32([[0.7]]), np.array([8], "int32")]
    for given, expected in ((0.0, start), (1.0, end)):
        for value, wanted in zip(interpolated(start, end, given), expected, strict=True):
            assert value.dtype == wanted.dtype and value is not wanted
            np.testing.assert_array_equal(value, wanted)
    quarter = interpolated(start, end, 0.25)
    np.testing.assert_allclose(quarter[0], [1.5, 1.0])
    np.testing.assert_allclose(quarter[1], [[0.25]], rtol=1e-6)
    assert quarter[0].dtype == np.float32 and quarter[2].tolist() == [8]


def test_what_is_no_interpolation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"from 0 to 1. Received: 1.5"):
        interpolated([np.zeros(2)], [np.zeros(2)], 1.5)
    with pytest.raises(ValueError, match="one model"):
        interpolated([np.zeros(2)], [np.zeros(3)], 0.5)
    with pytest.raises(ValueError, match="one model"):
        interpolated([np.zeros(2)], [np.zeros(2), np.zeros(2)], 0.5)


def test_the_curve_tries_each_share_and_leaves_the_model_as_it_was() -> None:
    model = _model()
    own = model.get_weights()
    values = {0.0: 0.5, 0.4: 0.8, 0.6: 0.9, 1.0: 0.7}
    curve, seen = _curve(model, _weights(model, 1), _weights(model, 2), values)
    assert seen == list(values) and [point.share for point in curve.points] == seen
    assert [point.figures["accuracy"] for point in curve.points] == list(values.values())
    assert curve.share == 0.6
    for value, wanted in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(value, wanted)
    assert SHARES[0] == 0.0 and SHARES[-1] == 1.0 and len(SHARES) == 11


def test_of_equals_the_one_nearest_to_the_start_is_chosen() -> None:
    model = _model()
    curve, _ = _curve(model, _weights(model, 1), _weights(model, 2), {0.0: 0.1, 0.3: 0.8, 0.7: 0.8, 1.0: 0.8})
    assert curve.share == 0.3


def test_lost_models_are_never_chosen() -> None:
    model = _model()
    start, end = _weights(model, 1), _weights(model, 2)
    curve, _ = _curve(model, start, end, {0.0: 0.2, 0.5: float("nan"), 1.0: 0.1})
    assert curve.share == 0.0
    with pytest.raises(ValueError, match="finite score"):
        _curve(model, start, end, {0.5: float("nan")})


def test_weights_come_back_where_judging_fails() -> None:
    model = _model()
    own = model.get_weights()

    def failing() -> dict[str, float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interpolation_curve(model, _weights(model, 1), _weights(model, 2), failing, lambda row: list(row.values()))
    for value, wanted in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_statistics_are_measured_anew_between_ends_that_differ_in_them() -> None:
    model = _model(with_batch_norm=True)
    start, end = _weights(model, 1), _weights(model, 2)
    calls: list[int] = []
    values = {0.0: 0.1, 0.5: 0.2, 0.75: 0.5, 1.0: 0.3}
    curve, _ = _curve(model, start, end, values, measure_statistics=lambda: calls.append(1))
    assert len(calls) == 2 and curve.share == 0.75
    with pytest.raises(ValueError, match="measure_statistics"):
        _curve(model, start, end, values)


def test_statistics_that_both_ends_share_stay() -> None:
    model = _model(with_batch_norm=True)
    start, end = _weights(model, 1), _weights(model, 2)
    shared = [position for position, v in enumerate(model.weights) if v.name.startswith("moving_")]
    assert len(shared) == 2 and statistics_differ(model, start, end)
    for position in shared:
        end[position] = start[position].copy()
    assert not statistics_differ(model, start, end)
    calls: list[int] = []
    _curve(model, start, end, {0.0: 0.1, 0.5: 0.2}, measure_statistics=lambda: calls.append(1))
    assert calls == []


def test_between_two_solutions_of_one_start_the_loss_stays_low() -> None:
    """What the method rests on: fine-tuned ends are joined by good models."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(64, 6)).astype("float32")
    targets = (features @ rng.normal(size=(6, 3))).astype("float32")
    model = _model()
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse", jit_compile=False)
    start = model.get_weights()
    first = model.evaluate(features, targets, verbose=0)
    model.fit(features, targets, epochs=30, verbose=0)
    last = model.evaluate(features, targets, verbose=0)
    curve = interpolation_curve(
        model,
        start,
        model.get_weights(),
        lambda: {"loss": model.evaluate(features, targets, verbose=0)},
        lambda row: [-row["loss"]],
        (0.0, 0.5, 1.0),
    )
    losses = [point.figures["loss"] for point in curve.points]
    assert losses[0] == pytest.approx(first, rel=1e-5) and losses[2] == pytest.approx(last, rel=1e-5)
    assert last < losses[1] < first and curve.share == 1.0
