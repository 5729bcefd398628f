"""Classification heads of text encoders, and the serving model that takes texts and knows its classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ftsuite.api import TaskModel
from ftsuite.errors import ConfigError
from ftsuite.models.answers import AnswerLayer, ClassProbabilities
from ftsuite.models.text_pooling import FlattenWindows, WindowAverage, pool_tokens
from ftsuite.models.text_serving import TextServing, TextToTokens

if TYPE_CHECKING:
    from ftsuite.models.text_backbones import LoadedTextBackbone
    from ftsuite.models.text_encoder import TextEncoder


def text_classifier(
    backbone: LoadedTextBackbone, encoder: TextEncoder, class_names: Sequence[str], dropout: float, pooling: str
) -> TaskModel:
    """`text_model` with a probability for each class, in the order of `class_names`."""
    return text_model(backbone, encoder, ClassProbabilities(class_names, name="probabilities"), dropout, pooling)


def text_model(
    backbone: LoadedTextBackbone, encoder: TextEncoder, answer: AnswerLayer, dropout: float, pooling: str
) -> TaskModel:
    """Pool the backbone's hidden states, drop some out, and let a linear layer answer.

    Args:
        backbone: as `ftsuite.models.text_backbones.load_text_backbone` gives it.
        encoder: packs texts; with windows the logits of a text are the average over its windows.
        answer: from logits to what the serving model says, one output for each of its names.
        dropout: share of the pooled features dropped in training, in [0, 1).
        pooling: ``cls``, ``mean``, or ``auto`` for what suits the backbone.

    Returns:
        A training model from ``token_ids`` int32 and ``padding_mask`` bool, ``(batch, width)`` or
        ``(batch, windows, width)``, to logits ``(batch, outputs)`` float32; and a serving model from texts
        ``(batch,)`` string to answers ``(batch, outputs)`` float32, with layers ``text_to_tokens``, ``classifier`` (the
        training model's twin) and `answer`.

    Raises:
        ConfigError: for texts longer than the backbone can take, or an unknown pooling.
    """
    if encoder.max_length > backbone.max_length:
        raise ConfigError(
            f"options.max_length must be at most {backbone.max_length}, the most tokens that the backbone "
            f"{backbone.name!r} takes. Received: {encoder.max_length}.",
            "Lower it, or set options.long_texts to windows to read longer texts.",
        )
    shape = (None, None) if encoder.reads_windows else (None,)
    inputs = {
        "token_ids": keras.Input(shape, dtype="int32", name="token_ids"),
        "padding_mask": keras.Input(shape, dtype="bool", name="padding_mask"),
    }
    rows = inputs
    if encoder.reads_windows:
        rows = {name: FlattenWindows(dtype=value.dtype, name=f"flat_{name}")(value) for name, value in inputs.items()}
    features = pool_tokens(
        backbone.model(rows), rows["padding_mask"], backbone.pooling if pooling == "auto" else pooling
    )
    dropped = keras.layers.Dropout(dropout, name="head_dropout")(features)
    logits = keras.layers.Dense(len(answer.names), dtype="float32", name="head")(dropped)
    if encoder.reads_windows:
        logits = WindowAverage(name="window_average")(logits, inputs["padding_mask"])
    training = keras.Model(inputs, logits, name="training")
    # A twin for serving, because a model that is compiled is saved together with its optimizer.
    classifier = keras.Model(inputs, logits, name="classifier")
    return TaskModel(training, _serving(classifier, encoder, answer), backbone.model, encoder.summary)


def _serving(classifier: Any, encoder: TextEncoder, answer: AnswerLayer) -> Any:
    texts = keras.Input((), dtype="string", name="text")
    logits = classifier(TextToTokens(encoder, name="text_to_tokens")(texts))
    return TextServing(texts, answer(logits), name="serving")
