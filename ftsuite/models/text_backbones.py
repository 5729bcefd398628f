"""Pretrained text encoders by one name: the catalogue's, keras-hub's presets, and local folders."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite import assets
from ftsuite.api import Progress
from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.models.blocks import Block, find_blocks
from ftsuite.models.names import CATALOGUE_BACKBONES, CATALOGUE_TEXT_BACKBONES
from ftsuite.models.preset_reading import vision_presets
from ftsuite.models.text_families import FAMILIES, family_of, text_presets
from ftsuite.models.text_network import encoder_network, max_length_of
from ftsuite.models.text_tokenizers import TextTokenizer


@dataclass(frozen=True)
class FoundEncoder:
    """What a reader of one kind of folder found.

    Attributes:
        hub: a keras-hub backbone.
        tokenizer: that it was trained with.
        pooling: ``cls`` or ``mean``.
        max_length: most tokens, where less than the positions that the backbone has; else None.
    """

    hub: Any
    tokenizer: TextTokenizer
    pooling: str
    max_length: int | None = None


@dataclass(frozen=True)
class LoadedTextBackbone:
    """A text encoder ready to be given a head.

    Attributes:
        name: as the config gives it.
        model: a Keras model from ``token_ids`` int32 and ``padding_mask`` bool, ``(batch, width)``, to hidden states
            ``(batch, width, channels)``.
        blocks: its weights in ordered groups, the first of them ``embeddings``.
        tokenizer: from texts to the ids it takes.
        pooling: ``cls`` or ``mean``, what suits it.
        max_length: most tokens of a text that it can take, special ones included.
        pretrained: whether its weights were loaded.
        hub: the keras-hub backbone that shares the model's variables; what is saved.
    """

    name: str
    model: Any
    blocks: tuple[Block, ...]
    tokenizer: TextTokenizer
    pooling: str
    max_length: int
    pretrained: bool
    hub: Any


def load_text_backbone(name: str, *, pretrained: bool, progress: Progress | None = None) -> LoadedTextBackbone:
    """Load a text encoder.

    Args:
        name: ``minilm_l6_en`` of the catalogue, the name of a keras-hub preset, the path of a local preset folder
            (with a tokenizer), of a Hugging Face folder (config.json, model.safetensors and a tokenizer), or of a
            folder that `save_text_backbone` wrote.
        pretrained: False for the same architecture with random weights.
        progress: told how a download goes on.

    Raises:
        ConfigError: for an unknown name, or a backbone that reads no texts.
        ResourceError: where weights cannot be downloaded.
        ArtifactError: for a folder that cannot be read.
    """
    from ftsuite.models.text_folder import read_text_folder
    from ftsuite.models.text_presets import read_text_preset

    folder = Path(name).expanduser()
    if name in CATALOGUE_TEXT_BACKBONES:
        found = _from_catalogue(name, pretrained, progress)
    elif folder.is_dir():
        found = read_text_folder(name, folder.resolve(), pretrained)
    elif name in text_presets():
        found = read_text_preset(name, name, pretrained)
    else:
        raise _unknown(name)
    return assemble(name, found, pretrained)


def _from_catalogue(name: str, pretrained: bool, progress: Progress | None) -> FoundEncoder:
    from ftsuite.models.hugging_face_folder import read_hugging_face_folder

    found = read_hugging_face_folder(name, assets.ensure(name, progress=progress), pretrained)
    # sentence-transformers trained it by the average of its tokens; the asset leaves out the file that says so.
    return FoundEncoder(found.hub, found.tokenizer, "mean")


def assemble(name: str, found: FoundEncoder, pretrained: bool) -> LoadedTextBackbone:
    """What was found, behind one signature and in blocks.

    Raises:
        ConfigError: if the backbone is of no known family.
        ArtifactError: if it has fewer embeddings than the tokenizer has tokens.
    """
    hub, tokenizer = found.hub, found.tokenizer
    family = family_of(hub)
    if family is None:
        raise ConfigError(
            f"backbone.name must be a text encoder of keras-hub "
            f"({', '.join(family.backbone.removesuffix('Backbone') for family in FAMILIES)}). "
            f"Received: {name!r}, a {type(hub).__name__}.",
            f"Take {CATALOGUE_TEXT_BACKBONES[0]}, for instance.",
        )
    rows = int(hub.token_embedding.embeddings.shape[0])
    if tokenizer.vocabulary_size > rows:
        raise ArtifactError(
            f"The tokenizer of {name!r} must have no more tokens than the backbone has embeddings, {rows}. "
            f"Received: {tokenizer.vocabulary_size}.",
            "The tokenizer and the weights belong to different models; take both from one place.",
        )
    model = encoder_network(hub, family, tokenizer.padding_id)
    longest = min(max_length_of(hub), found.max_length or max_length_of(hub))
    return LoadedTextBackbone(name, model, find_blocks(model), tokenizer, found.pooling, longest, pretrained, hub)


def _unknown(name: str) -> ConfigError:
    vision = vision_presets()
    if name in CATALOGUE_BACKBONES or name in vision:
        return ConfigError(
            f"backbone.name must be a text backbone, because the task is one of texts. Received: {name!r}, "
            "a vision backbone.",
            f"Take {CATALOGUE_TEXT_BACKBONES[0]}, for instance; `ftsuite list backbones` names those there are.",
        )
    near = difflib.get_close_matches(name, [*CATALOGUE_TEXT_BACKBONES, *text_presets()], n=3)
    return ConfigError(
        "backbone.name must be a text backbone of `ftsuite list backbones --all`, a local preset folder or a local "
        f"Hugging Face folder. Received: {name!r}.",
        f"Did you mean {' or '.join(near)}?" if near else "Check the name, or that the folder exists.",
    )
