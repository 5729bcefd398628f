"""Text encoders from local folders, whoever wrote them, and the folder that an adapted encoder is saved to."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.models.names import CATALOGUE_TEXT_BACKBONES
from ftsuite.models.text_families import HUGGING_FACE_FAMILIES, folder_config
from ftsuite.models.text_tokenizers import TextTokenizer

if TYPE_CHECKING:
    from ftsuite.models.text_backbones import FoundEncoder, LoadedTextBackbone

_ENCODER_FILE = "text_encoder.json"
_FORMAT = 1


def read_text_folder(name: str, folder: Path, pretrained: bool) -> FoundEncoder:
    """Read a folder of `save_text_backbone`, of keras-hub's ``save_to_preset``, or of Hugging Face's.

    Raises:
        ConfigError: for a folder of a family that is no text encoder.
        ArtifactError: for a folder that cannot be read.
    """
    from ftsuite.models.hugging_face_folder import read_hugging_face_folder
    from ftsuite.models.text_presets import read_text_preset

    if (folder / _ENCODER_FILE).is_file():
        return _read_saved(folder, pretrained)
    config = folder_config(folder)
    if config is None:
        raise ArtifactError(
            f"The folder {name} must hold a config.json that can be read. Received: none.",
            "Give a folder that `save_to_preset` of keras-hub or `save_pretrained` of Hugging Face wrote.",
        )
    if "registered_name" in config:
        return read_text_preset(name, str(folder), pretrained)
    if config.get("model_type") in HUGGING_FACE_FAMILIES:
        return read_hugging_face_folder(name, folder, pretrained)
    if "model_type" in config or "architecture" in config:
        kind = config.get("model_type", config.get("architecture"))
        raise ConfigError(
            f"backbone.name must be a text encoder; a Hugging Face folder must be of the type "
            f"{', '.join(HUGGING_FACE_FAMILIES)}. Received: {name!r}, of the type {kind!r}.",
            f"Take {CATALOGUE_TEXT_BACKBONES[0]}, for instance; `ftsuite list backbones` names those there are.",
        )
    raise ArtifactError(
        f"The config.json of {name} must be that of a keras-hub preset (registered_name) or of Hugging Face "
        f"(model_type). Received: the keys {', '.join(sorted(config)[:8]) or 'none'}.",
        "Give a folder that `save_to_preset` of keras-hub or `save_pretrained` of Hugging Face wrote.",
    )


def save_text_backbone(backbone: LoadedTextBackbone, folder: Path) -> None:
    """Write an encoder with its tokenizer to a folder that ``backbone.name`` accepts.

    The folder is keras-hub's preset format and one file more for the tokenizer, pooling and length. It appears as a
    whole, or not at all; one that this function wrote before is replaced.

    Args:
        backbone: with the weights it has now.
        folder: to write.

    Raises:
        ConfigError: if the folder holds something else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / _ENCODER_FILE).is_file())):
        raise ConfigError(
            f"The folder to save the encoder to must be new or empty. Received: {folder}.", "Name another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        fresh = work / "new"
        backbone.hub.save_to_preset(str(fresh))
        content = {
            "format": _FORMAT,
            "name": backbone.name,
            "pooling": backbone.pooling,
            "max_length": backbone.max_length,
            "tokenizer": backbone.tokenizer.get_config(),
        }
        (fresh / _ENCODER_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        if folder.exists():
            os.replace(folder, work / "old")
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _read_saved(folder: Path, pretrained: bool) -> FoundEncoder:
    import keras_hub

    # Imported for its registration: the preset may hold one of these classes.
    from ftsuite.models import exact_backbones  # noqa: F401
    from ftsuite.models.preset_reading import read_preset
    from ftsuite.models.text_backbones import FoundEncoder

    content = _content(folder / _ENCODER_FILE)
    hub = read_preset(
        str(folder),
        lambda: keras_hub.models.Backbone.from_preset(str(folder), load_weights=pretrained),
        "text",
        CATALOGUE_TEXT_BACKBONES[0],
    )
    tokenizer = TextTokenizer.from_config(content["tokenizer"])
    return FoundEncoder(hub, tokenizer, content["pooling"], content["max_length"])


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["pooling"] not in ("cls", "mean"):
            raise ValueError(f"format {content['format']!r}, pooling {content['pooling']!r}")
        if not isinstance(content["tokenizer"], dict) or not isinstance(content["max_length"], int):
            raise ValueError("no tokenizer or no length")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} must be what ftsuite wrote with an encoder, format {_FORMAT}. Received: "
            f"{type(error).__name__}: {error}",
            "Write the encoder again; the folder is damaged or of another version.",
        ) from error
    return content
