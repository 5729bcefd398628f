"""Text encoders from keras-hub presets, by name or in a local folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ftsuite.errors import ConfigError
from ftsuite.models.keras_hub_tokenizer import KerasHubTokenizer
from ftsuite.models.names import CATALOGUE_TEXT_BACKBONES
from ftsuite.models.preset_reading import read_preset
from ftsuite.models.text_backbones import FoundEncoder
from ftsuite.models.text_families import FAMILIES, family_of, preset_pooling


def read_text_preset(name: str, preset: str, pretrained: bool) -> FoundEncoder:
    """Read a keras-hub preset with its tokenizer.

    Args:
        name: as the config gives it.
        preset: a preset's name, or the absolute path of a folder.
        pretrained: False for random weights.

    Raises:
        ConfigError: where the preset is no text encoder.
        ArtifactError: for a folder that cannot be read.
        ResourceError: where the preset cannot be downloaded.
    """
    import keras_hub

    # Imported for its registration: a preset folder may hold one of these classes.
    from ftsuite.models import exact_backbones  # noqa: F401

    hub = _read(preset, lambda: keras_hub.models.Backbone.from_preset(preset, load_weights=pretrained))
    family = family_of(hub)
    if family is None:
        known = ", ".join(family.backbone.removesuffix("Backbone") for family in FAMILIES)
        raise ConfigError(
            f"backbone.name must be a text encoder ({known}). Received: {name!r}, a {type(hub).__name__}.",
            f"Take {CATALOGUE_TEXT_BACKBONES[0]}, for instance; `ftsuite list backbones` names those there are.",
        )
    tokenizer = _read(preset, lambda: _tokenizer(preset, family.backbone))
    own = _task_pooling(Path(preset))
    return FoundEncoder(hub, KerasHubTokenizer(tokenizer), own or preset_pooling(preset, family))


def _read(preset: str, read: Any) -> Any:
    return read_preset(preset, read, "text", CATALOGUE_TEXT_BACKBONES[0])


def _tokenizer(preset: str, family: str) -> Any:
    import keras_hub

    family_tokenizer = getattr(keras_hub.tokenizers, family.replace("Backbone", "Tokenizer"), None)
    return (family_tokenizer or keras_hub.models.Tokenizer).from_preset(preset)


def _task_pooling(folder: Path) -> str | None:
    """The pooling of a folder that was saved from a text embedder, None of any other."""
    try:
        task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
        mode = task["config"].get("pooling_mode")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return mode if mode in ("cls", "mean") else None
