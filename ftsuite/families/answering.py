"""What follows from the answer layer alone, so that a task that names the layer has said it all."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ftsuite.api import Task
from ftsuite.models.answers import AnswerLayer, ClassProbabilities
from ftsuite.models.heads import cross_entropy, softmax


class Answering(Task):
    """Base of the families: a subclass writes `answer`, and loss and decoding are those of the layer that it gives."""

    _layer: AnswerLayer

    @abc.abstractmethod
    def answer(self, names: Sequence[str]) -> AnswerLayer:
        """The layer that turns logits ``(batch, outputs)`` into answers, for outputs of these names."""

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """The loss that fits the answer layer; asked for after `build`."""
        return self._layer.objective(label_smoothing, focal_gamma)

    def decode(self, logits: np.ndarray) -> np.ndarray:
        """What the answer layer makes of logits; asked for after `build`."""
        return np.asarray(keras.ops.convert_to_numpy(self._layer(logits)), np.float32)

    def answer_by(self, names: Sequence[str]) -> AnswerLayer:
        """`answer`, kept for loss and decoding; what `build` takes."""
        self._layer = self.answer(names)
        return self._layer


class OneClass(Answering):
    """One class of several: what the families of classification share, of pictures or of texts."""

    def answer(self, names: Sequence[str]) -> AnswerLayer:
        """A probability for each class."""
        return ClassProbabilities(names, name="probabilities")

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """Cross-entropy or focal loss over logits."""
        return cross_entropy(label_smoothing, focal_gamma)

    def decode(self, logits: np.ndarray) -> np.ndarray:
        """Softmax."""
        return softmax(logits)
