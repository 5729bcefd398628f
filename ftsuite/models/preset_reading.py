"""Reads keras-hub presets, of pictures and of texts, and says in the suite's own words what went wrong."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any, TypeVar

from ftsuite.errors import ArtifactError, FtsuiteError, ResourceError

Read = TypeVar("Read")


def read_preset(name: str, read: Callable[[], Read], kind: str, catalogue_name: str) -> Read:
    """Call keras-hub for a preset or a folder.

    Args:
        name: as the config gives it, a preset's name or the path of a folder.
        read: loads it.
        kind: ``vision`` or ``text``.
        catalogue_name: a backbone of that kind that needs the package registry only.

    Raises:
        ArtifactError: for a folder that cannot be read.
        ResourceError: where the preset cannot be downloaded.
    """
    try:
        return read()
    except FtsuiteError:
        raise
    except (OSError, ConnectionError) as error:
        if os.path.isdir(name):
            raise ArtifactError(
                f"The preset folder {name} cannot be read: {error}",
                "It must hold config.json, model.weights.h5 and preprocessor.json or tokenizer.json, as "
                "`save_to_preset` writes them.",
            ) from error
        raise not_downloadable(name, error, catalogue_name) from error
    except Exception as error:
        if os.path.isdir(name):
            raise ArtifactError(
                f"The preset folder {name} is not one that keras-hub can load as a {kind} backbone: "
                f"{type(error).__name__}: {str(error)[:500]}",
                "Save it with `save_to_preset` of a keras-hub task or backbone together with its preprocessor.",
            ) from error
        raise not_downloadable(name, error, catalogue_name) from error


def not_downloadable(name: str, error: Exception, catalogue_name: str) -> ResourceError:
    """The error for a preset that keras-hub's hosts do not give."""
    return ResourceError(
        f"The weights of {name!r} could not be had from keras-hub's host: {type(error).__name__}: {str(error)[:300]}",
        "Check the network, or give the path of a preset folder that was saved on a machine that has one "
        f"(`save_to_preset`), or take `{catalogue_name}`, which needs the package registry only.",
    )


def vision_presets() -> dict[str, Any]:
    """keras-hub's presets that an image classifier can stand on, by name."""
    import keras_hub

    presets: dict[str, Any] = {}
    for value in vars(keras_hub.models).values():
        if inspect.isclass(value) and issubclass(value, keras_hub.models.ImageClassifier):
            family: Any = value
            presets.update(family.presets)
    return presets
