"""What checks of files and texts need to know of the model: the pixels that it sees, the tokens that it reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftsuite.api import Examples, Progress, TaskSpec
from ftsuite.config import LoadedConfig
from ftsuite.data.audit.text_shapes import TokenLengths
from ftsuite.data.text_options import TextOptions
from ftsuite.errors import ArtifactError, ResourceError
from ftsuite.models.names import CATALOGUE_BACKBONES

_TEXTS_A_CALL = 512


def options_of(loaded: LoadedConfig, spec: TaskSpec) -> Any:
    """The task's options, its defaults where the config gives none."""
    return loaded.options if loaded.options is not None else spec.options()


def image_size_of(loaded: LoadedConfig, spec: TaskSpec) -> int | None:
    """Pixels of the model's input, as far as they are known without loading it."""
    size = getattr(options_of(loaded, spec), "image_size", None)
    name = loaded.config.backbone.name
    if size is not None or name not in CATALOGUE_BACKBONES:
        return None if size is None else int(size)
    from ftsuite.models.efficientnet_lite import VARIANT_IMAGE_SIZES

    return VARIANT_IMAGE_SIZES.get(name.removeprefix("efficientnet_").removesuffix("_imagenet"))


def token_lengths(loaded: LoadedConfig, spec: TaskSpec, examples: Examples, progress: Progress) -> TokenLengths | None:
    """Tokens of every text by the task's own tokenizer; None where it cannot be had, or the task has none of ours."""
    options = options_of(loaded, spec)
    if examples.kind != "text" or not isinstance(options, TextOptions):
        return None
    from ftsuite.models.text_backbones import load_text_backbone
    from ftsuite.models.text_encoder import encoder_for

    try:
        backbone = load_text_backbone(loaded.config.backbone.name, pretrained=False, progress=progress)
    except (ResourceError, ArtifactError):
        return None
    encoder = encoder_for(backbone, options)
    counts = np.zeros(len(examples), dtype=np.int64)
    for start in range(0, len(examples), _TEXTS_A_CALL):
        stop = min(start + _TEXTS_A_CALL, len(examples))
        counts[start:stop] = [len(row) for row in encoder.tokens(examples.inputs[start:stop])]
        progress("Counting tokens", stop, len(examples))
    return TokenLengths(counts, encoder.truncated(counts), encoder.summary)
