"""The last layer of a serving model: from logits to named answers, so that a saved model tells what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np

from ftsuite.models.answer_losses import ScaledHuber, label_loss

Activation = Literal["linear", "sigmoid", "softplus"]


class AnswerLayer(keras.layers.Layer):
    """Base: maps logits ``(batch, outputs)`` to answers ``(batch, outputs)`` float32.

    Attributes:
        names: of the outputs, in their order.
    """

    names: tuple[str, ...]

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """The Keras loss over (targets, logits) that fits this layer; as of `ftsuite.api.Task.objective`."""
        raise NotImplementedError(f"{type(self).__name__} has no loss of its own: write `objective` in the task")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the logits."""
        return input_shape


@keras.saving.register_keras_serializable(package="ftsuite")
class ClassProbabilities(AnswerLayer):
    """Softmax that knows the names of its classes, so that a saved model can never be read with others.

    Maps logits ``(batch, num_classes)`` to probabilities ``(batch, num_classes)`` float32.
    """

    def __init__(self, class_names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.class_names = tuple(class_names)

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The classes."""
        return self.class_names

    def call(self, logits: Any) -> Any:
        """Probabilities of the logits."""
        return keras.ops.softmax(keras.ops.cast(logits, "float32"), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, class names included."""
        return {**super().get_config(), "class_names": list(self.class_names)}


@keras.saving.register_keras_serializable(package="ftsuite")
class NamedAnswers(AnswerLayer):
    """An activation of each logit by itself, then a scale and an offset: numbers, or the probability of each label.

    Args:
        names: of the outputs.
        activation: ``linear``, ``sigmoid`` for a probability each, or ``softplus`` for what is never negative.
        scale: ``(outputs,)`` that the activated logits are multiplied by; 1 by default.
        offset: ``(outputs,)`` added to that; 0 by default.
    """

    def __init__(
        self,
        names: Sequence[str],
        activation: Activation = "linear",
        scale: Sequence[float] | None = None,
        offset: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.names = tuple(names)
        self.activation = activation
        self.scale = [1.0] * len(self.names) if scale is None else [float(value) for value in scale]
        self.offset = [0.0] * len(self.names) if offset is None else [float(value) for value in offset]
        if len(self.scale) != len(self.names) or len(self.offset) != len(self.names):
            raise ValueError(
                f"Expected a scale and an offset for each of {len(self.names)} outputs. "
                f"Received: {len(self.scale)} and {len(self.offset)}"
            )

    @classmethod
    def standardised(cls, names: Sequence[str], targets: np.ndarray, activation: Activation = "linear") -> NamedAnswers:
        """A layer under which logits of a usual size are answers of a usual size, whatever the unit.

        Without it a head that begins at 0 has to find a mean of 120 before it can learn anything.

        Args:
            names: of the outputs.
            targets: of the training split, ``(n, outputs)``: their standard deviation is the scale, their mean the
                offset; of ``softplus`` the mean is the scale, and there is no offset, so that answers stay above 0.
            activation: as of the layer.
        """
        mean, spread = targets.mean(axis=0, dtype=np.float64), targets.std(axis=0, dtype=np.float64)
        if activation == "softplus":
            return cls(names, activation, scale=[float(value) or 1.0 for value in np.abs(mean)], name="answers")
        # A target that never varies has no spread to divide by.
        return cls(names, activation, [float(value) or 1.0 for value in spread], mean.tolist(), name="answers")

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """Of labels cross-entropy, each by itself; of numbers Huber's loss in units of their scale.

        Numbers know no label smoothing and no focal loss: both are then left out.
        """
        if self.activation == "sigmoid" and set(self.scale) == {1.0} and set(self.offset) == {0.0}:
            return label_loss(label_smoothing, focal_gamma)
        return ScaledHuber(self.activation, self.scale, self.offset)

    def call(self, logits: Any) -> Any:
        """Answers of the logits."""
        activated = getattr(keras.activations, self.activation)(keras.ops.cast(logits, "float32"))
        return activated * keras.ops.array(self.scale, "float32") + keras.ops.array(self.offset, "float32")

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, names included."""
        own = {"names": list(self.names), "activation": self.activation, "scale": self.scale, "offset": self.offset}
        return {**super().get_config(), **own}
