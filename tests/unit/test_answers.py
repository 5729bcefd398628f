"""Answer layers: what they make of logits, the loss that fits them, and families that need no more than the layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from ftsuite.families import ImageOptions, ImageTask, NamedAnswers
from ftsuite.models.answer_losses import ScaledHuber


class Sizes(ImageTask):
    def answer(self, names: Sequence[str]) -> NamedAnswers:
        return NamedAnswers.standardised(names, np.array([[100.0, 5.0], [140.0, 5.0]], np.float32))


def test_standardised_answers_begin_at_the_mean_and_move_by_the_spread() -> None:
    layer = NamedAnswers.standardised(("a", "b"), np.array([[100.0, 5.0], [140.0, 5.0]], np.float32))
    assert (layer.scale, layer.offset) == ([20.0, 1.0], [120.0, 5.0])
    said = keras.ops.convert_to_numpy(layer(np.array([[0.0, 0.0], [1.0, -2.0]], np.float32)))
    np.testing.assert_allclose(said, [[120.0, 5.0], [140.0, 3.0]])


def test_answers_by_softplus_stay_above_zero() -> None:
    layer = NamedAnswers.standardised(("a",), np.array([[100.0], [140.0]], np.float32), "softplus")
    assert (layer.scale, layer.offset) == ([120.0], [0.0])
    assert (keras.ops.convert_to_numpy(layer(np.array([[-30.0], [0.0]], np.float32))) >= 0).all()


def test_the_loss_of_numbers_does_not_depend_on_their_unit() -> None:
    metres = np.array([[0.9], [1.1], [1.4]], np.float32)
    logits = np.array([[0.3], [-2.0], [4.0]], np.float32)
    losses = [
        NamedAnswers.standardised(("a",), targets).objective(0.0, 0.0).call(targets, logits)
        for targets in (metres, 1000 * metres)
    ]
    np.testing.assert_allclose(*(keras.ops.convert_to_numpy(loss) for loss in losses), rtol=1e-4)


def test_hubers_loss_is_squared_near_and_absolute_far() -> None:
    loss = ScaledHuber("linear", [2.0], [10.0])
    targets = np.array([[11.0], [20.0], [10.0]], np.float32)
    found = keras.ops.convert_to_numpy(loss.call(targets, np.zeros((3, 1), np.float32)))
    np.testing.assert_allclose(found, [0.5 * 0.5**2, 5.0 - 0.5, 0.0])
    again = ScaledHuber.from_config(loss.get_config())
    np.testing.assert_array_equal(found, keras.ops.convert_to_numpy(again.call(targets, np.zeros((3, 1)))))


def test_the_loss_of_labels_is_cross_entropy_of_each() -> None:
    layer = NamedAnswers(("a", "b"), "sigmoid")
    targets = np.array([[1.0, 0.0]], np.float32)
    logits = np.array([[0.4, -1.5]], np.float32)
    shares = 1 / (1 + np.exp(-logits))
    wanted = -(np.log(shares[0, 0]) + np.log(1 - shares[0, 1])) / 2
    found = keras.ops.convert_to_numpy(layer.objective(0.0, 0.0).call(targets, logits))
    np.testing.assert_allclose(found, [wanted], rtol=1e-5)
    focal = keras.ops.convert_to_numpy(layer.objective(0.0, 2.0).call(targets, logits))
    assert float(focal[0]) < float(found[0])


def test_a_family_takes_loss_and_decoding_from_the_layer() -> None:
    task = Sizes(ImageOptions(), 0)
    layer = task.answer_by(("a", "b"))
    logits = np.array([[1.0, 0.0]], np.float32)
    np.testing.assert_allclose(task.decode(logits), [[140.0, 5.0]])
    assert task.decode(logits).dtype == np.float32
    assert isinstance(task.objective(0.0, 0.0), ScaledHuber) and layer.names == ("a", "b")


def test_a_saved_model_tells_what_it_says(tmp_path: Path) -> None:
    layer = NamedAnswers(("a", "b"), "sigmoid", [2.0, 3.0], [1.0, 0.0], name="answers")
    inputs = keras.Input((2,))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").get_layer("answers")
    assert (loaded.names, loaded.activation) == (("a", "b"), "sigmoid")
    assert (loaded.scale, loaded.offset) == ([2.0, 3.0], [1.0, 0.0])


def test_a_layer_without_a_loss_says_so() -> None:
    with pytest.raises(NotImplementedError, match="write `objective` in the task"):
        from ftsuite.models.answers import AnswerLayer

        AnswerLayer().objective(0.0, 0.0)
