"""Text encoders from local Hugging Face folders, with the details that keras-hub's converter leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras_hub

from ftsuite.errors import ArtifactError
from ftsuite.models.exact_backbones import EXACT_CLASSES
from ftsuite.models.hugging_face_vocabulary import read_tokenizer
from ftsuite.models.hugging_face_weights import convertible
from ftsuite.models.names import CATALOGUE_TEXT_BACKBONES
from ftsuite.models.preset_reading import read_preset
from ftsuite.models.text_backbones import FoundEncoder
from ftsuite.models.text_families import HUGGING_FACE_FAMILIES, family_of, folder_config

_ACTIVATIONS = {
    **{name: "gelu" for name in ("gelu", "gelu_python")},
    **{name: "gelu_approximate" for name in ("gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate")},
    "relu": "relu",
    **{name: "silu" for name in ("silu", "swish")},
}
# What keras-hub's class of each family uses: (activation, epsilon of the layer normalisations).
_NATIVE = {
    "BertBackbone": ("gelu_approximate", 1e-12),
    "AlbertBackbone": ("gelu_approximate", 1e-12),
    "DistilBertBackbone": ("gelu", 1e-12),
    "RobertaBackbone": ("gelu", 1e-5),
    "XLMRobertaBackbone": ("gelu", 1e-5),
}


def read_hugging_face_folder(name: str, folder: Path, pretrained: bool) -> FoundEncoder:
    """Read a folder with config.json, model.safetensors, and tokenizer.json or the family's vocabulary files.

    Args:
        name: as the config gives it, for errors.
        folder: absolute path.
        pretrained: False for random weights; then no weights file is needed.

    Raises:
        ArtifactError: for a folder that cannot be read, or an architecture that would not be computed exactly.
    """
    config = folder_config(folder) or {}
    model_type = str(config.get("model_type"))
    family = HUGGING_FACE_FAMILIES[model_type]
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ArtifactError(
            f"A Hugging Face folder must have absolute position embeddings. Received: {name}, with "
            f"position_embedding_type {config['position_embedding_type']!r}.",
            "Take another model.",
        )
    hub = read_preset(
        str(folder),
        lambda: _exact(_native(folder, family, model_type, pretrained), family, config, name),
        "text",
        CATALOGUE_TEXT_BACKBONES[0],
    )
    known = family_of(hub)
    assert known is not None
    return FoundEncoder(hub, read_tokenizer(name, folder, family), _pooling(folder) or known.pooling)


def _native(folder: Path, family: str, model_type: str, pretrained: bool) -> Any:
    cls = getattr(keras_hub.models, family)
    if not pretrained:
        return cls.from_preset(str(folder), load_weights=False)
    with convertible(folder, model_type) as readable:
        return cls.from_preset(str(readable))


def _exact(native: Any, family: str, config: dict[str, Any], name: str) -> Any:
    """The same encoder with the activation, epsilon and dropout of the config, where keras-hub's differ."""
    # What Hugging Face takes where a config leaves a setting out.
    usual = "gelu_new" if family == "AlbertBackbone" else "gelu"
    given = config.get("activation" if family == "DistilBertBackbone" else "hidden_act", usual)
    activation = _ACTIVATIONS.get(str(given))
    if activation is None:
        raise ArtifactError(
            f"The activation of a Hugging Face folder must be one of {', '.join(_ACTIVATIONS)}. "
            f"Received: {name}, with {given!r}.",
            "Take another model.",
        )
    own_activation, own_epsilon = _NATIVE[family]
    epsilon = float(config.get("layer_norm_eps", 1e-12))
    arguments = native.get_config()
    dropout = arguments["dropout"]
    if family not in ("DistilBertBackbone", "AlbertBackbone"):  # keras-hub reads theirs, under names of their own
        dropout = float(config.get("hidden_dropout_prob", dropout))
    if (activation, epsilon, dropout) == (own_activation, own_epsilon, arguments["dropout"]):
        return native
    exact = EXACT_CLASSES[family].from_config(
        {**arguments, "dropout": dropout, "hidden_activation": activation, "layer_norm_epsilon": epsilon}
    )
    exact.set_weights(native.get_weights())
    return exact


def _pooling(folder: Path) -> str | None:
    """What sentence-transformers wrote of its pooling; None where it wrote nothing or does something else."""
    try:
        config = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict):
        return None
    if config.get("pooling_mode_cls_token"):
        return "cls"
    return "mean" if config.get("pooling_mode_mean_tokens") else None
