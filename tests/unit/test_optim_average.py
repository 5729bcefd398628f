"""Averaged weights: what they are the mean of, and how they come into a model and out of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from ftsuite.optim.averaging import averaged_weights, keep_average
from ftsuite.optim.rules import VariableRule
from tests.unit.optimizer_trials import apply_all, gradients, matrices, plain_rules, ready, values


def _weighted_mean(history: list[np.ndarray], decay: float) -> np.ndarray:
    shares = decay ** np.arange(len(history))[::-1]
    return np.tensordot(shares / shares.sum(), np.array(history, dtype="float64"), axes=1)


@pytest.mark.parametrize("decay", [0.5, 0.99, 0.9999])
def test_the_average_is_of_the_weights_after_each_update(decay: float) -> None:
    (variable,) = variables = matrices(names=("only",))
    optimizer = ready("adamw", variables, average_decay=decay)
    history = []
    for row in gradients(1, 6):
        apply_all(optimizer, [row], variables)
        history.append(values(variables)[0])
        ((_, average),) = optimizer.averaged_pairs()
        np.testing.assert_allclose(values([average])[0], _weighted_mean(history, decay), rtol=1e-5, atol=1e-6)
    assert variable.shape == average.shape


def test_the_model_has_the_average_for_a_while_and_then_its_own_again() -> None:
    variables = matrices()
    optimizer = ready("sgd", variables, average_decay=0.9)
    apply_all(optimizer, gradients(1, 4), variables[:1])
    own = values(variables)
    averages = values([average for _, average in optimizer.averaged_pairs()])
    with averaged_weights(optimizer):
        inside = values(variables)
    np.testing.assert_array_equal(values(variables), own)
    np.testing.assert_array_equal(inside[0], averages[0])
    np.testing.assert_array_equal(inside[1], own[1])  # it was never trained
    assert not np.array_equal(inside[0], own[0])


def test_its_own_come_back_after_an_error() -> None:
    variables = matrices()
    optimizer = ready("sgd", variables, average_decay=0.9)
    apply_all(optimizer, gradients(2, 4), variables)
    own = values(variables)
    with pytest.raises(RuntimeError), averaged_weights(optimizer):
        raise RuntimeError
    np.testing.assert_array_equal(values(variables), own)


def test_without_an_average_nothing_changes() -> None:
    variables = matrices()
    optimizer = ready("sgd", variables)
    apply_all(optimizer, gradients(2, 4), variables)
    own = values(variables)
    with averaged_weights(optimizer):
        np.testing.assert_array_equal(values(variables), own)
    keep_average(optimizer)
    np.testing.assert_array_equal(values(variables), own)


def test_a_kept_average_stays_and_the_next_one_begins_with_the_next_update() -> None:
    variables = matrices()
    optimizer = ready("lion", variables, average_decay=0.99)
    apply_all(optimizer, gradients(2, 5), variables)
    averages = values([average for _, average in optimizer.averaged_pairs()])
    keep_average(optimizer)
    np.testing.assert_array_equal(values(variables), averages)
    assert optimizer.averaged_pairs() == []
    apply_all(optimizer, gradients(1, 1), variables[:1])
    ((trained, average),) = optimizer.averaged_pairs()
    assert trained is variables[0]
    np.testing.assert_allclose(values([average])[0], values([trained])[0], rtol=1e-6)


def test_the_average_counts_updates_and_not_batches() -> None:
    variables = matrices(names=("only",))
    optimizer = ready("sgd", variables, average_decay=0.9, accumulate_steps=2)
    history = []
    for row in gradients(1, 6):
        apply_all(optimizer, [row], variables)
        history.append(values(variables)[0])
    ((_, average),) = optimizer.averaged_pairs()
    np.testing.assert_allclose(values([average])[0], _weighted_mean(history[1::2], 0.9), rtol=1e-5, atol=1e-6)


def test_fit_after_fit_goes_on_from_the_trained_weights() -> None:
    def trained(average_decay: float | None) -> list[np.ndarray]:
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="only")])
        optimizer = ready("adamw", model.trainable_variables, average_decay=average_decay)
        optimizer.follow(plain_rules(model, {"only": VariableRule(1.0, 0.01)}))
        model.compile(optimizer=optimizer, loss="mse")
        rng = np.random.default_rng(0)
        inputs, targets = rng.normal(size=(16, 4)), rng.normal(size=(16, 3))
        for _ in range(2):
            model.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
            with averaged_weights(optimizer):
                model.evaluate(inputs, targets, verbose=0)
                model.predict(inputs, verbose=0)
        return values(model.trainable_variables)

    for value, wanted in zip(trained(0.9), trained(None), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-6)


def test_fit_goes_on_after_an_average_was_kept() -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="only")])
    optimizer = ready("adamw", model.trainable_variables, average_decay=0.9)
    model.compile(optimizer=optimizer, loss="mse")
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(16, 4)), rng.normal(size=(16, 3))
    for _ in range(2):
        model.fit(inputs, targets, batch_size=4, shuffle=False, verbose=0)
        averages = values([average for _, average in optimizer.averaged_pairs()])
        keep_average(optimizer)
        np.testing.assert_array_equal(values(model.trainable_variables)[0], averages[0])
