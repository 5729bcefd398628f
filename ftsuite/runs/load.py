"""Load a run's model for use: preprocessing and class names come with it, the task's plugin is not needed."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.errors import ArtifactError
from ftsuite.runs import folder as folders


@dataclass(frozen=True)
class LoadedRun:
    """A trained model, ready to predict.

    Attributes:
        folder: of the run.
        model: Keras model from pictures ``(batch, height, width, 3)`` with values 0-255 and of any size to
            probabilities ``(batch, num_classes)``.
        class_names: in the order of the probabilities.
    """

    folder: Path
    model: Any
    class_names: tuple[str, ...]

    def predict(self, pictures: Sequence[str | Path | np.ndarray], batch_size: int = 32) -> np.ndarray:
        """Probabilities ``(n, num_classes)`` float32 of pictures.

        Args:
            pictures: paths, or uint8 arrays ``(height, width, 3)``, of any sizes.
            batch_size: pictures that go through the model together.

        Raises:
            DataError: for a file that is no readable picture, with its path.
        """
        import keras

        resizing = self.model.get_layer("resizing")
        found = []
        for start in range(0, len(pictures), batch_size):
            arrays = [read_pixels(picture) for picture in pictures[start : start + batch_size]]
            resized = [resizing(array[None].astype("float32")) for array in arrays]
            batch = np.concatenate([keras.ops.convert_to_numpy(item) for item in resized])
            found.append(np.asarray(self._after_resizing.predict_on_batch(batch)))
        return np.concatenate(found) if found else np.zeros((0, len(self.class_names)), np.float32)

    @functools.cached_property
    def _after_resizing(self) -> Any:
        """The model from resized pictures on: kept, because a new one would be traced anew."""
        import keras

        classifier, probabilities = self.model.get_layer("classifier"), self.model.get_layer("probabilities")
        return keras.Model(classifier.input, probabilities(classifier.output))


def load_run(reference: str | Path) -> LoadedRun:
    """Load the model of a finished run.

    Args:
        reference: a run folder, or ``last``.

    Raises:
        ArtifactError: if there is no such run, it is unfinished, or its model file is damaged.
    """
    # Imported for the layers that they register: a saved model names them.
    import keras
    import keras_hub  # noqa: F401

    from ftsuite.models import efficientnet_lite, heads  # noqa: F401

    folder = folders.resolve_run(reference)
    path = folder / folders.MODEL
    if not path.is_file():
        raise ArtifactError(
            f"The run {folder} has no {folders.MODEL}: it did not end.",
            f"Go on with it: ftsuite run {folder / folders.CONFIG} --out {folder} --resume",
        )
    try:
        model = keras.saving.load_model(path, compile=False)
        class_names = tuple(model.get_layer("probabilities").class_names)
    except Exception as error:
        raise ArtifactError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}", "It is damaged; run the job again."
        ) from error
    return LoadedRun(folder, model, class_names)


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
