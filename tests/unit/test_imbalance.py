"""Weights, offsets and losses for classes of unlike size, and what they are for: the mean accuracy of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import Config, load_config
from ftsuite.data.balanced_sampling import Sampling
from ftsuite.data.class_weights import effective_number_weights
from ftsuite.data.pipeline import Pipeline, balanced_class_weights
from ftsuite.errors import ConfigError
from ftsuite.models.heads import cross_entropy
from ftsuite.runs.imbalance import class_weights_of, imbalance_notes, logit_offsets_of
from ftsuite.training.logit_adjustment import LogitAdjustedLoss
from ftsuite.training.validation import ClassificationJudge

LABELS = np.repeat(np.arange(3), (900, 90, 10))


def of(labels: np.ndarray = LABELS, names: tuple[str, ...] = ("cat", "dog", "grey owl")) -> Examples:
    texts = tuple(map(str, range(len(labels))))
    return Examples(texts, texts, labels, names, texts, "text")


def config(tmp_path: Path, *overrides: str) -> Config:
    path = tmp_path / "job.yaml"
    path.write_text("task: t\ndata: {source: field-guide}\nbackbone: {name: x}\n")
    return load_config(str(path), overrides, options_model=lambda task: None).config


def test_effective_numbers() -> None:
    weights = effective_number_weights(LABELS, 4, 0.99)
    numbers = (1 - 0.99 ** np.array([900, 90, 10])) / (1 - 0.99)
    np.testing.assert_allclose(weights[:3] / weights[0], numbers[0] / numbers, rtol=1e-5)
    assert weights[3] == 0
    assert weights[LABELS].mean() == pytest.approx(1.0, rel=1e-5)
    np.testing.assert_allclose(effective_number_weights(LABELS, 3, 0.0), 1.0)
    nearly = effective_number_weights(LABELS, 3, 1 - 1e-12)
    np.testing.assert_allclose(nearly, balanced_class_weights(LABELS, 3), rtol=1e-4)


def test_weights_by_name_are_those_of_the_data(tmp_path: Path) -> None:
    wanted = "finetune.class_weights={dog: 2, grey owl: 10}"
    np.testing.assert_allclose(class_weights_of(config(tmp_path, wanted), of()), [1, 2, 10])
    with pytest.raises(ConfigError, match=r"Received: 'grey_owl'\.\nDid you mean `grey owl`\?"):
        class_weights_of(config(tmp_path, "finetune.class_weights={grey_owl: 3}"), of())
    assert class_weights_of(config(tmp_path), of()) is None


def test_offsets_are_the_logarithm_of_what_is_shown(tmp_path: Path) -> None:
    assert logit_offsets_of(config(tmp_path), of()) is None
    adjusted = "finetune.logit_adjustment=0.5"
    np.testing.assert_allclose(
        logit_offsets_of(config(tmp_path, adjusted), of()), 0.5 * np.log([0.9, 0.09, 0.01]), rtol=1e-5
    )
    root = np.sqrt([900, 90, 10])
    np.testing.assert_allclose(
        logit_offsets_of(config(tmp_path, adjusted, "data.sampling=square-root"), of()),
        0.5 * np.log(root / root.sum()),
        rtol=1e-5,
    )
    weighted = np.array([900, 90, 10]) * [1, 1, 9]
    np.testing.assert_allclose(
        logit_offsets_of(config(tmp_path, adjusted, "finetune.class_weights={grey owl: 9}"), of()),
        0.5 * np.log(weighted / weighted.sum()),
        rtol=1e-5,
    )
    # A class that the training split has not is no infinity.
    offsets = logit_offsets_of(config(tmp_path, adjusted), of(names=("cat", "dog", "grey owl", "none")))
    assert offsets is not None
    assert np.isfinite(offsets).all()
    assert offsets.argmin() == 3


def test_sampling_is_told(tmp_path: Path) -> None:
    (note,) = imbalance_notes(config(tmp_path, "data.sampling=balanced"), of())
    assert "'grey owl' (10 examples) 33.3 times an epoch" in note
    assert "'cat' (900) 0.37 times" in note
    assert imbalance_notes(config(tmp_path), of()) == ()


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_the_loss_is_the_tasks_own_on_shifted_logits(gamma: float) -> None:
    random = np.random.default_rng(0)
    offsets = np.log([0.9, 0.09, 0.01]).astype(np.float32)
    logits = random.normal(size=(6, 3)).astype(np.float32)
    targets = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    weights = random.uniform(size=6).astype(np.float32)
    inner = cross_entropy(0.1, gamma)
    adjusted = LogitAdjustedLoss(inner, offsets)
    np.testing.assert_allclose(
        adjusted(targets, logits, sample_weight=weights), inner(targets, logits + offsets, sample_weight=weights),
        rtol=1e-5,
    )  # fmt: skip
    by_function = LogitAdjustedLoss(lambda y, z: keras.losses.categorical_crossentropy(y, z, from_logits=True), offsets)
    plain = keras.losses.CategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(by_function(targets, logits), plain(targets, logits + offsets), rtol=1e-5)


def test_the_gradient_pushes_rare_classes_more() -> None:
    import tensorflow as tf

    loss = LogitAdjustedLoss(cross_entropy(0.0), np.log([0.9, 0.09, 0.01]))
    logits = tf.Variable(tf.zeros((2, 3)))
    with tf.GradientTape() as tape:
        value = loss(tf.one_hot([0, 2], 3), logits)
    common, rare = 2 * tape.gradient(value, logits).numpy()
    # Softmax of the shifted logits less the target: at equal logits a common class is nearly right already.
    np.testing.assert_allclose(common, [-0.1, 0.09, 0.01], atol=1e-5)
    np.testing.assert_allclose(rare, [0.9, 0.09, -0.99], atol=1e-5)


class Fixed:
    """An evaluator and a pipeline that give fixed logits."""

    def __init__(self, logits: np.ndarray) -> None:
        self.logits = logits

    def predict(self, dataset: Any, verbose: int) -> np.ndarray:
        return self.logits

    def evaluation(self, examples: Examples) -> Any:
        from ftsuite.data.evaluation_batches import EvaluationBatches

        return EvaluationBatches(None, len(examples))


def test_epochs_are_chosen_by_what_is_trained_for() -> None:
    """A model that knows nothing and counts classes alike is right about the shares once they are added."""
    shares = np.array([0.9, 0.09, 0.01])
    fixed = Fixed(np.zeros((1000, 3), np.float32))

    def decode(logits: np.ndarray) -> np.ndarray:
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    plain = ClassificationJudge(fixed, of(), decode, lambda p, labels: {}).figures(fixed)
    adjusted = ClassificationJudge(fixed, of(), decode, lambda p, labels: {}, np.log(shares)).figures(fixed)
    assert plain["log_loss"] == pytest.approx(np.log(3), rel=1e-5)
    assert adjusted["log_loss"] == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-5)
    assert adjusted["accuracy"] == plain["accuracy"]


def test_what_was_given_up_on_purpose_raises_no_doubt() -> None:
    """Less accuracy than by always naming the largest class, and yet all classes are told apart."""

    def figure(value: float, n: int) -> dict[str, Any]:
        half = 1.96 * (value * (1 - value) / n) ** 0.5
        return {"value": value, "ci90": [value - half, value + half], "n": n}

    def doubt(recalls: tuple[float, ...], favours: bool) -> str | None:
        judge = ClassificationJudge(Fixed(LABELS), of(), np.asarray, lambda p, labels: {}, None, favours)
        rows = zip(("cat", "dog", "grey owl"), recalls, (900, 90, 10), strict=True)
        per_class = {name: {"recall": figure(value, n)} for name, value, n in rows}
        accuracy = sum(value * n for value, n in zip(recalls, (900, 90, 10), strict=True)) / 1000
        return judge.doubt({"accuracy": figure(accuracy, 1000), "per_class": per_class})

    assert "most common class" in str(doubt((0.8, 0.8, 0.8), False))
    assert doubt((0.8, 0.8, 0.8), True) is None
    assert "mean recall" in str(doubt((0.98, 0.01, 0.01), True))


def balanced_accuracy(strength: float, sampling: Sampling) -> float:
    """Of a linear model of three classes that overlap, one in a hundred of the rarest."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [1.6, 0.0], [0.0, 1.6]])

    def draw(labels: np.ndarray) -> np.ndarray:
        return (centres[labels] + random.normal(size=(len(labels), 2))).astype(np.float32)

    points, test_labels = draw(LABELS), np.repeat(np.arange(3), 500)
    pipeline = Pipeline(
        lambda element, training, key: element["label"], lambda f, t, k: (f, t), 3, 50, 0, sampling=sampling
    )
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    loss = cross_entropy(0.0)
    if strength:
        loss = LogitAdjustedLoss(loss, strength * np.log(np.bincount(LABELS) / len(LABELS)))
    model.compile(keras.optimizers.Adam(0.05), loss)
    targets = np.eye(3, dtype=np.float32)[LABELS]
    for epoch in range(6):
        order = pipeline.order(of(), epoch).positions
        model.fit(points[order], targets[order], batch_size=50, shuffle=False, verbose=0)
    predicted = model.predict(draw(test_labels), verbose=0).argmax(axis=1)
    return float(np.mean([(predicted[test_labels == label] == label).mean() for label in range(3)]))


def test_what_is_for_small_classes_serves_them() -> None:
    natural = balanced_accuracy(0.0, "natural")
    assert natural < 0.5
    for strength, sampling in ((1.0, "natural"), (0.0, "balanced")):
        assert balanced_accuracy(strength, sampling) > natural + 0.1, (strength, sampling)  # type: ignore[arg-type]


def test_weights_of_sources_count_as_examples_shown() -> None:
    shown = np.where(np.arange(len(LABELS)) % 2 == 0, 1.5, 0.5).astype(np.float32)
    doubled = np.concatenate([LABELS[::2]] * 3 + [LABELS[1::2]])
    np.testing.assert_allclose(balanced_class_weights(LABELS, 4, shown), balanced_class_weights(doubled, 4), rtol=1e-5)
