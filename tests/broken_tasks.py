"""Tasks that each break the contract in one place, to show that the check of it finds that. Their specs are below."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydantic

from ftsuite.api import Examples, Options, TaskSpec
from ftsuite.config import source_text
from ftsuite.families import ImageClassification, ImageOptions


class LaxOptions(Options):
    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")
    strength: float = pydantic.Field(0.5, description="how much")


class UndescribedOptions(Options):
    strength: float = 0.5


class UnevenColumns(ImageClassification):
    def load(self, data: Any, progress: Any = None) -> Examples:
        examples = super().load(data, progress)
        from dataclasses import replace

        return replace(examples, decoders=examples.labels[:-1])


class NeedsAnExample(ImageClassification):
    def load(self, data: Any, progress: Any = None) -> Examples:
        sorted(Path(source_text(data.source).removeprefix("folder:")).rglob("*.png"))[0]
        return super().load(data, progress)


class ForgetsAClass(ImageClassification):
    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> Any:
        return super().build(backbone, names[:-1], dropout)


class CopiesTheBackbone(ImageClassification):
    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> Any:
        import copy

        import keras

        other = copy.copy(backbone)
        object.__setattr__(other, "model", keras.models.clone_model(backbone.model))
        return super().build(other, names, dropout)


class CentresBatches(ImageClassification):
    @property
    def preprocess_batch(self) -> Any:
        import tensorflow as tf

        make = self._reader.batch

        def centred(batch: Any, keys: Any) -> Any:
            features = tf.cast(make(batch, keys), tf.float32)
            return features - tf.reduce_mean(features, axis=0)

        return centred


class LooksAtEverything(ImageClassification):
    shift = 0.0

    def load(self, data: Any, progress: Any = None) -> Examples:
        examples = super().load(data, progress)
        self.shift = sum(int(digest[:4], 16) for digest in examples.content_hashes) % 10_007 / 300
        return examples

    def preprocess(self, element: Any, training: bool, key: Any) -> Any:
        return super().preprocess(element, training, key) + self.shift


class HasNoHead(ImageClassification):
    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> Any:
        import keras

        built = super().build(backbone, names, dropout)
        pooled = built.training.get_layer("pooled").output
        serving = built.serving
        return built._replace(training=keras.Model(built.training.input, pooled[:, : len(names)]), serving=serving)


class DecodesOtherwise(ImageClassification):
    def decode(self, logits: Any) -> Any:
        return super().decode(logits * 2)


class CannotLose(ImageClassification):
    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        raise ValueError("there is no loss")


class LearnsNothing(ImageClassification):
    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        import keras

        return lambda targets, logits: keras.ops.sum(logits * 0.0, axis=-1) + 1.0


class ForgetsItsNames(ImageClassification):
    """Gives the classes other names, needs its own code to be loaded, and a loss that TensorFlow alone can compute."""

    def answer(self, names: Sequence[str]) -> Any:
        from tests.broken_layer import OwnProbabilities

        return OwnProbabilities([*names[1:], names[0]], name="probabilities")

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        import tensorflow as tf

        return lambda targets, logits: tf.nn.softmax_cross_entropy_with_logits(targets, logits)


class ShiftedByChance(ImageClassification):
    """Its inputs depend on when the task was made."""

    def __init__(self, options: Any, seed: int) -> None:
        super().__init__(options, seed)
        self.shift = int.from_bytes(os.urandom(2)) / 1000.0

    def preprocess(self, element: Any, training: bool, key: Any) -> Any:
        return super().preprocess(element, training, key) + self.shift


class ShiftedByProcess(ShiftedByChance):
    """Its inputs depend on the process."""

    def __init__(self, options: Any, seed: int) -> None:
        super().__init__(options, seed)
        self.shift = os.getpid() % 97 / 3.0


def _spec(kind: type, options: type[Options] = ImageOptions, summary: str = "A broken task.") -> TaskSpec:
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__).lstrip("-")
    return TaskSpec(name, summary, options, f"{__name__}:{kind.__name__}")


SPEECHLESS = TaskSpec(
    "Speechless", "", UndescribedOptions, f"{__name__}.ImageClassification", modality="sound", api_version=7
)
LAX = TaskSpec("lax", "Takes any option.", LaxOptions, f"{__name__}:ImageClassification")
UNEVEN_COLUMNS = _spec(UnevenColumns)
NEEDS_AN_EXAMPLE = _spec(NeedsAnExample)
FORGETS_A_CLASS = _spec(ForgetsAClass)
COPIES_THE_BACKBONE = _spec(CopiesTheBackbone)
CENTRES_BATCHES = _spec(CentresBatches)
LOOKS_AT_EVERYTHING = _spec(LooksAtEverything)
HAS_NO_HEAD = _spec(HasNoHead)
DECODES_OTHERWISE = _spec(DecodesOtherwise)
CANNOT_LOSE = _spec(CannotLose)
LEARNS_NOTHING = _spec(LearnsNothing)
FORGETS_ITS_NAMES = _spec(ForgetsItsNames)
SHIFTED_BY_CHANCE = _spec(ShiftedByChance)
SHIFTED_BY_PROCESS = _spec(ShiftedByProcess)
