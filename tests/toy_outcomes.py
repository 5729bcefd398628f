"""Throw-away tasks that answer otherwise than with one class of several, as a plugin's author would write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from ftsuite.api import Examples, Metric, ReportPart, Scatter, TaskSpec
from ftsuite.families import ImageOptions, ImageTask, NamedAnswers, TextOptions, TextTask, with_label_sets, with_numbers

LABELS = ("blue", "green", "red")
_POINTS = {"toy-brightness": "BRIGHTNESS", "toy-colours": "COLOURS", "toy-length": "LENGTH"}


def _absolute_error(targets: np.ndarray, answers: np.ndarray) -> float:
    return float(np.abs(targets - answers).mean())


def _correlation(targets: np.ndarray, answers: np.ndarray) -> float:
    if targets.std() == 0 or answers.std() == 0:
        return float("nan")
    return float(np.corrcoef(targets[:, 0], answers[:, 0])[0, 1])


def _all_right(targets: np.ndarray, answers: np.ndarray) -> float:
    return float(((answers > 0.5) == (targets > 0.5)).all(axis=1).mean())


class _Numbers:
    """One number, standardised by the training split."""

    unit = "levels"

    def fit_preprocessing(self, training: Examples) -> None:
        assert training.targets is not None
        self.offset, self.scale = float(training.targets.mean()), float(training.targets.std()) or 1.0

    def answer(self, names: Sequence[str]) -> NamedAnswers:
        return NamedAnswers(names, scale=[self.scale], offset=[self.offset], name="answers")

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        import keras

        offset, scale = self.offset, self.scale

        class Standardised(keras.losses.Loss):
            def call(self, y_true: Any, y_pred: Any) -> Any:
                return keras.ops.mean(keras.ops.square((y_true - offset) / scale - y_pred), axis=-1)

        return Standardised()

    def decode(self, logits: np.ndarray) -> np.ndarray:
        return (logits * self.scale + self.offset).astype(np.float32)

    def metrics(self) -> Sequence[Metric]:
        return (
            Metric("mean_absolute_error", _absolute_error, "lower", "how far off an answer is", self.unit),
            Metric("correlation", _correlation, "higher", "of true and predicted"),
        )

    def report(self, targets: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> Sequence[ReportPart]:
        return (Scatter("True and predicted", targets[:, 0].tolist(), answers[:, 0].tolist(), "true", "predicted"),)


class Brightness(_Numbers, ImageTask):
    """A number of each picture."""

    def load(self, data: Any, progress: Any = None) -> Examples:
        return with_numbers(super().load(data, progress), "brightness")


class Length(_Numbers, TextTask):
    """A number of each text."""

    unit = "words"

    def load(self, data: Any, progress: Any = None) -> Examples:
        return with_numbers(super().load(data, progress), "length_words")


class Colours(ImageTask):
    """Which labels apply to a picture."""

    def load(self, data: Any, progress: Any = None) -> Examples:
        return with_label_sets(super().load(data, progress))

    def answer(self, names: Sequence[str]) -> NamedAnswers:
        return NamedAnswers(names, "sigmoid", name="answers")

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        import keras

        return keras.losses.BinaryCrossentropy(from_logits=True)

    def decode(self, logits: np.ndarray) -> np.ndarray:
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def metrics(self) -> Sequence[Metric]:
        return (
            Metric("all_right", _all_right, "higher", "share of pictures with all labels right"),
            Metric("mean_absolute_error", _absolute_error, "lower"),
        )


BRIGHTNESS = TaskSpec("toy-brightness", "A number of a picture.", ImageOptions, "tests.toy_outcomes:Brightness")
COLOURS = TaskSpec("toy-colours", "Labels of a picture.", ImageOptions, "tests.toy_outcomes:Colours", "all_right")
LENGTH = TaskSpec(
    "toy-length", "A number of a text.", TextOptions, "tests.toy_outcomes:Length", "mean_absolute_error", "text"
)


def offered(entry_points: Callable[..., Any]) -> Callable[..., Any]:
    """What the registry asks for installed plugins, with these among them."""
    toys = [EntryPoint(name, f"tests.toy_outcomes:{spec}", "ftsuite.tasks") for name, spec in _POINTS.items()]
    return lambda **wanted: [*entry_points(**wanted), *toys]


def save_number_pictures(folder: Path, count: int = 64, seed: int = 0) -> Path:
    """Write grey noisy pictures and `table.csv`, which gives each the brightness that it was made with."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    rows = ["image,label"]
    for number in range(count):
        level = 30.25 + 190 * rng.random()
        picture = np.clip(level + rng.normal(0, 20, (36, 36 + number % 5, 3)), 0, 255).astype(np.uint8)
        PIL.Image.fromarray(picture).save(folder / f"{number:03d}.png")
        rows.append(f"{number:03d}.png,{level:.3f}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "table.csv"


def save_label_pictures(folder: Path, count: int = 64, seed: int = 0) -> Path:
    """Write pictures whose channels are lit or not, and `table.csv`, which names those that are."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    rows = ["image,label"]
    for number in range(count):
        lit = rng.random(3) < 0.5
        level = np.where(lit, 200, 40)[::-1]
        picture = np.clip(level + rng.normal(0, 30, (36, 36, 3)), 0, 255).astype(np.uint8)
        PIL.Image.fromarray(picture).save(folder / f"{number:03d}.png")
        names = [name for name, on in zip(LABELS, lit, strict=True) if on]
        rows.append(f"{number:03d}.png,{'|'.join(names) or 'none'}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "table.csv"


def save_number_texts(path: Path, count: int = 120, seed: int = 0) -> Path:
    """Write texts and how many words each has, as CSV."""
    from tests.tiny import tiny_reviews

    rows = [(text, len(text.split())) for text, _ in tiny_reviews(count, seed)]
    path.write_text("text,label\n" + "".join(f"{text},{words}\n" for text, words in rows), encoding="utf-8")
    return path
