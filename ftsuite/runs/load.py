"""Load a run's model for use: preprocessing and class names come with it, the task's plugin is not needed."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.errors import ArtifactError, DataError
from ftsuite.runs import folder as folders

TEXT = "text"
_KINDS = (TEXT, "image-file", "field-guide")
# Imported for the layers that they register: a saved model names them.
_REGISTERING = {
    True: ("answers", "heads", "text_backbones", "text_encoder", "text_heads", "text_tokenizers"),
    False: ("answers", "heads", "efficientnet_lite"),
}


# What Keras says of a layer that nobody has registered.
_UNKNOWN_CLASS = "Could not locate class"


@dataclass(frozen=True)
class LoadedRun:
    """A trained model, ready to predict.

    Attributes:
        folder: of the run.
        model: Keras model to probabilities ``(batch, num_classes)``, or to other answers ``(batch, outputs)``, from
            texts ``(batch,)`` or from pictures ``(batch, height, width, 3)`` with values 0-255 and of any size.
        class_names: in the order of the probabilities, or names of the answers.
        kind: of the inputs: ``text``, ``image-file`` or ``field-guide``.
        classifies: whether it answers with one class of several.
    """

    folder: Path
    model: Any
    class_names: tuple[str, ...]
    kind: str = "image-file"
    classifies: bool = True

    def predict(self, inputs: Sequence[str | Path | np.ndarray], batch_size: int = 32) -> np.ndarray:
        """Probabilities ``(n, num_classes)`` or other answers ``(n, outputs)``, float32, in the order of the inputs.

        Args:
            inputs: texts; or pictures as paths or uint8 arrays ``(height, width, 3)``, of any sizes.
            batch_size: inputs that go through the model together.

        Raises:
            DataError: for what is no text, or a file that is no readable picture, with its path.
        """
        if isinstance(inputs, str | Path):
            raise DataError(
                f"Expected a sequence of inputs. Received: {str(inputs)[:80]!r} alone.", "Put it in a list."
            )
        if not len(inputs):
            return np.zeros((0, len(self.class_names)), np.float32)
        predict = self._predict_texts if self.kind == TEXT else self._predict_pictures
        return predict(inputs, batch_size).astype(np.float32, copy=False)

    def _predict_texts(self, texts: Sequence[Any], batch_size: int) -> np.ndarray:
        wrong = next((text for text in texts if not isinstance(text, str)), None)
        if wrong is not None:
            raise DataError(f"Expected texts. Received: {type(wrong).__name__}.")
        encoder = self.model.get_layer("text_to_tokens").encoder
        rows = encoder.tokens(texts)
        # Texts of like length together, so that a batch is hardly padded.
        order = np.argsort([len(row) for row in rows], kind="stable")
        probabilities = np.empty((len(texts), len(self.class_names)), np.float32)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            batch = encoder.pack([rows[position] for position in chosen])
            probabilities[chosen] = np.asarray(self._after_preprocessing.predict_on_batch(batch))
        return probabilities

    def _predict_pictures(self, pictures: Sequence[Any], batch_size: int) -> np.ndarray:
        import keras

        resizing = self.model.get_layer("resizing")
        found = []
        for start in range(0, len(pictures), batch_size):
            arrays = [read_pixels(picture) for picture in pictures[start : start + batch_size]]
            resized = [resizing(array[None].astype("float32")) for array in arrays]
            batch = np.concatenate([keras.ops.convert_to_numpy(item) for item in resized])
            found.append(np.asarray(self._after_preprocessing.predict_on_batch(batch)))
        return np.concatenate(found)

    @functools.cached_property
    def _after_preprocessing(self) -> Any:
        """The model from resized pictures or packed tokens on: kept, because a new one would be traced anew."""
        import keras

        classifier = self.model.get_layer("classifier")
        return keras.Model(classifier.input, answer_layer(self.model)(classifier.output))


def run_kind(folder: Path) -> str:
    """What a run reads, by its environment.json: ``text``, ``image-file`` or ``field-guide``.

    Raises:
        ArtifactError: if the file is missing, torn, or names another kind.
    """
    path = folder / folders.ENVIRONMENT
    try:
        kind = folders.read_json(path)["data"]["kind"]
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"{path} must say what the run reads (data.kind). Received: nothing.") from error
    if kind not in _KINDS:
        raise ArtifactError(
            f"{path} must name one of {', '.join(_KINDS)} as data.kind. Received: {kind!r}.",
            "The run was made by another version of ftsuite; use that version.",
        )
    return str(kind)


def load_run(reference: str | Path) -> LoadedRun:
    """Load the model of a finished run.

    Args:
        reference: a run folder, or ``last``.

    Raises:
        ArtifactError: if there is no such run, it is unfinished, trained no classifier, or a file is damaged.
    """
    folder = folders.resolve_run(reference, to_predict=True)
    path = require_model(folder)
    kind = run_kind(folder)
    import keras
    import keras_hub  # noqa: F401 - registers its layers

    for name in _REGISTERING[kind == TEXT]:
        importlib.import_module(f"ftsuite.models.{name}")
    try:
        model = keras.saving.load_model(path, compile=False)
        answer = answer_layer(model)
    except Exception as error:
        strange = _UNKNOWN_CLASS in str(error)
        raise ArtifactError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}",
            "A layer of its plugin's own is in it: make models of keras layers and those of ftsuite.families alone, "
            "and run the job again."
            if strange
            else "It is damaged; run the job again.",
        ) from error
    return LoadedRun(folder, model, tuple(answer.names), kind, _is_of_classes(answer))


def answer_layer(model: Any) -> Any:
    """The layer of a serving model that turns logits into named answers.

    Raises:
        ValueError: the model has none.
    """
    from ftsuite.models.answers import AnswerLayer

    found = next((layer for layer in reversed(model.layers) if isinstance(layer, AnswerLayer)), None)
    if found is None:
        raise ValueError("it has no layer that names its answers")
    return found


def _is_of_classes(answer: Any) -> bool:
    from ftsuite.models.answers import ClassProbabilities

    return isinstance(answer, ClassProbabilities)


def require_model(folder: Path) -> Path:
    """The path of a run's model file.

    Raises:
        ArtifactError: if the run has none.
    """
    path = folder / folders.MODEL
    if path.is_file():
        return path
    if (folder / folders.METRICS).is_file() and (folder / folders.ENCODER).is_dir():
        raise ArtifactError(
            f"The run {folder} has no {folders.MODEL}: it adapted an encoder and trained no classifier.",
            f"Classify from that encoder: ftsuite run CONFIG --backbone {folder / folders.ENCODER}",
        )
    raise ArtifactError(
        f"The run {folder} has no {folders.MODEL}: it did not end.",
        f"Go on with it: ftsuite run {folder / folders.CONFIG} --out {folder} --resume",
    )


def read_pixels(picture: str | Path | np.ndarray) -> np.ndarray:
    """A picture's pixels, uint8 ``(height, width, 3)``.

    Raises:
        DataError: for a file that is no readable picture, with its path.
    """
    from ftsuite.data.drawn_pictures import FIELD_GUIDE_PREFIX, draw_input
    from ftsuite.data.image_files import decode_image

    if isinstance(picture, np.ndarray):
        return picture
    if str(picture).startswith(FIELD_GUIDE_PREFIX):
        return draw_input(str(picture))
    return decode_image(Path(picture))
