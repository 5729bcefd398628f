"""The encoder families of keras-hub that read texts: what each takes, how each is pooled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_MAX_LENGTH = 512

# Encoders that were trained to give one vector a sentence by averaging, among the presets of the families below.
_AVERAGED_PRESETS = ("minilm", "_e5_")


@dataclass(frozen=True)
class TextFamily:
    """What the suite needs to know of a family of encoders.

    Attributes:
        backbone: the name of its class in `keras_hub.models`.
        pooling: ``cls`` where the first token was trained to stand for the text, else ``mean``.
        mixes_padding: whether padding changes the hidden states of the tokens, so that the width must be fixed.
    """

    backbone: str
    pooling: str = "cls"
    mixes_padding: bool = False


# F-Net (Lee-Thorp et al., 2021, https://arxiv.org/abs/2105.03824) mixes by a Fourier transform over all positions.
FAMILIES = (
    TextFamily("BertBackbone"),
    TextFamily("DistilBertBackbone"),
    TextFamily("RobertaBackbone"),
    TextFamily("XLMRobertaBackbone"),
    TextFamily("DebertaV3Backbone"),
    TextFamily("AlbertBackbone"),
    TextFamily("ElectraBackbone"),
    TextFamily("FNetBackbone", pooling="mean", mixes_padding=True),
)

# `model_type` of a Hugging Face config.json to the class that keras-hub converts it to.
HUGGING_FACE_FAMILIES = {
    "bert": "BertBackbone",
    "distilbert": "DistilBertBackbone",
    "roberta": "RobertaBackbone",
    "xlm-roberta": "XLMRobertaBackbone",
    "albert": "AlbertBackbone",
}


def family_of(backbone: Any) -> TextFamily | None:
    """The family of a keras-hub backbone, or of its class; None where it is no encoder of texts."""
    cls = backbone if isinstance(backbone, type) else type(backbone)
    # The nearest ancestor: XLMRobertaBackbone is a RobertaBackbone.
    names = [ancestor.__name__ for ancestor in cls.__mro__]
    known = {family.backbone: family for family in FAMILIES}
    return next((known[name] for name in names if name in known), None)


def text_presets() -> dict[str, str]:
    """keras-hub's presets of these families: name to a sentence about it."""
    import keras_hub

    presets: dict[str, str] = {}
    for family in FAMILIES:
        for name, preset in getattr(keras_hub.models, family.backbone).presets.items():
            metadata = preset.get("metadata", {}) if isinstance(preset, dict) else {}
            presets[name] = " ".join(str(metadata.get("description", "")).split())
    return presets


def preset_pooling(name: str, family: TextFamily) -> str:
    """The pooling of a keras-hub preset, ``cls`` or ``mean``."""
    return "mean" if any(part in name for part in _AVERAGED_PRESETS) else family.pooling


def folder_config(folder: Path) -> dict[str, Any] | None:
    """The ``config.json`` of a folder, None where there is none that can be read."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return config if isinstance(config, dict) else None


def is_text_folder(folder: Path) -> bool:
    """Whether a folder's ``config.json`` names one of the families, as keras-hub's preset or as Hugging Face's."""
    config = folder_config(folder) or {}
    if "registered_name" in config:
        # The suite's own classes are keras-hub's with a word before the name.
        return str(config.get("class_name")).removeprefix("Exact") in {family.backbone for family in FAMILIES}
    return config.get("model_type") in HUGGING_FACE_FAMILIES
