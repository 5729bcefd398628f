"""Classification heads, and the serving model that carries preprocessing and class names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ftsuite.api import TaskModel
from ftsuite.errors import ConfigError
from ftsuite.models.answers import AnswerLayer
from ftsuite.models.answers import ClassProbabilities as ClassProbabilities
from ftsuite.models.backbones import LoadedBackbone
from ftsuite.models.preprocessing import Fit


@keras.saving.register_keras_serializable(package="ftsuite")
class FirstToken(keras.layers.Layer):
    """The first of the tokens ``(batch, tokens, channels)``: ``(batch, channels)``."""

    def call(self, tokens: Any) -> Any:
        """The class token."""
        return tokens[:, 0]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Batch and channels."""
        return (input_shape[0], input_shape[2])


def image_classifier(
    backbone: LoadedBackbone,
    class_names: Sequence[str],
    dropout: float,
    fit: Fit,
    train_image_size: int | None = None,
) -> TaskModel:
    """`image_model` with a probability for each class, in the order of `class_names`."""
    return image_model(backbone, ClassProbabilities(class_names, name="probabilities"), dropout, fit, train_image_size)


def image_model(
    backbone: LoadedBackbone,
    answer: AnswerLayer,
    dropout: float,
    fit: Fit,
    train_image_size: int | None = None,
) -> TaskModel:
    """Pool the backbone's features, drop some out, and let a linear layer answer.

    Args:
        backbone: as `ftsuite.models.backbones.load_backbone` gives it.
        answer: from logits to what the serving model says, one output for each of its names.
        dropout: share of the pooled features dropped in training, in [0, 1).
        fit: how pictures of other shapes are fitted when serving.
        train_image_size: of training pictures, where it differs from the size in use.

    Returns:
        A training model from resized pictures ``(batch, image_size, image_size, 3)`` float32 with values 0-255 to
        logits, and a serving model from pictures ``(batch, height, width, 3)`` of any size to probabilities.

    Raises:
        ConfigError: if the backbone takes one size only and training is to use another.
    """
    preprocessing = backbone.preprocessing
    size = _input_size(backbone, train_image_size)
    resized = keras.Input((size, size, 3), dtype="float32", name="image")
    rescaling = preprocessing.rescaling()
    features = pool(_last(backbone.model(rescaling(resized))), backbone.pooling)
    dropped = keras.layers.Dropout(dropout, name="head_dropout")(features)
    logits = keras.layers.Dense(len(answer.names), dtype="float32", name="head")(dropped)
    training = keras.Model(resized, logits, name="training")
    # A twin for serving, because a model that is compiled is saved together with its optimizer.
    classifier = keras.Model(resized, logits, name="classifier")
    raw = keras.Input((None, None, 3), dtype="float32", name="image")
    # Told so, because this layer takes itself to be training where nobody says, and Keras passes that on to the rest:
    # a plain call of a loaded model would drop features, and move the statistics of BatchNorm.
    fitted = preprocessing.resizing(fit)(raw, training=False)
    serving = keras.Model(raw, answer(classifier(fitted)), name="serving")
    return TaskModel(training, serving, backbone.model, f"{preprocessing.image_size} pixels")


def _input_size(backbone: LoadedBackbone, train_image_size: int | None) -> int | None:
    """The size that the training model is built for, None where it takes any."""
    size = backbone.preprocessing.image_size
    if train_image_size in (None, size):
        return size
    if backbone.model.input.shape[1] is not None:
        raise ConfigError(
            f"The backbone {backbone.name!r} takes pictures of one size only, {size} pixels. "
            f"Received: options.train_image_size {train_image_size}.",
            "Leave options.train_image_size out.",
        )
    return None


def pool(features: Any, pooling: str) -> Any:
    """One vector an example of a backbone's output.

    Args:
        features: feature maps ``(batch, height, width, channels)`` or tokens ``(batch, tokens, channels)``.
        pooling: ``average`` over positions, or ``token`` for the class token that comes first.
    """
    if pooling == "token":
        return FirstToken(name="class_token")(features)
    if len(features.shape) == 3:
        return keras.layers.GlobalAveragePooling1D(name="pooled")(features)
    return keras.layers.GlobalAveragePooling2D(name="pooled")(features)


def _last(output: Any) -> Any:
    """The deepest feature map of a backbone that gives one a stage."""
    return list(output.values())[-1] if isinstance(output, dict) else output


def cross_entropy(label_smoothing: float, focal_gamma: float = 0.0) -> Any:
    """Cross-entropy of logits against one-hot targets, or focal loss where `focal_gamma` is above 0.

    Targets are smoothed as by Szegedy et al., 2016 (https://arxiv.org/abs/1512.00567); focal loss is that of Lin et
    al., 2017 (https://arxiv.org/abs/1708.02002), without weights of its own: those come from ``class_weights``.
    """
    if focal_gamma > 0:
        return FocalCrossentropy(focal_gamma, label_smoothing)
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)


@keras.saving.register_keras_serializable(package="ftsuite")
class FocalCrossentropy(keras.losses.Loss):
    """Cross-entropy of logits times ``(1 - p) ** gamma``, p the probability of the class that is meant.

    Keras' own categorical focal loss takes probabilities of every class apart; this is the multi-class form of Lin et
    al., 2017 (https://arxiv.org/abs/1708.02002) over logits, which stays exact where p is near 0.

    Args:
        gamma: at least 0; how much less an example counts that is already right.
        label_smoothing: share of the target spread over all classes.
    """

    def __init__(self, gamma: float, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**{"name": "focal_crossentropy", **kwargs})
        self.gamma = gamma
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example, ``(batch,)``."""
        log_probabilities = keras.ops.log_softmax(y_pred, axis=-1)
        targets = keras.ops.cast(y_true, log_probabilities.dtype)
        meant = keras.ops.sum(targets * keras.ops.exp(log_probabilities), axis=-1)
        smoothed = targets * (1.0 - self.label_smoothing) + self.label_smoothing / y_pred.shape[-1]
        loss = -keras.ops.sum(smoothed * log_probabilities, axis=-1)
        # A tiny amount keeps the gradient of the power finite where p is exactly 1.
        return keras.ops.power(keras.ops.maximum(1.0 - meant, 1e-7), self.gamma) * loss

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "gamma": self.gamma, "label_smoothing": self.label_smoothing}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities ``(n, num_classes)`` float32 of logits ``(n, num_classes)``."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
