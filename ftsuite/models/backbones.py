"""Pretrained backbones by one name: the catalogue's, keras-hub's presets, and local preset folders."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from ftsuite import assets
from ftsuite.api import Progress
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block, find_blocks
from ftsuite.models.names import CATALOGUE_BACKBONES, CATALOGUE_TEXT_BACKBONES
from ftsuite.models.preprocessing import ImagePreprocessing
from ftsuite.models.preset_reading import read_preset, vision_presets
from ftsuite.models.text_families import is_text_folder, text_presets

# Vision transformers that put a class token before the patches.
_CLASS_TOKEN_FAMILIES = ("ViTBackbone", "DeiTBackbone", "DINOV2Backbone", "DINOV3Backbone")


@dataclass(frozen=True)
class LoadedBackbone:
    """A backbone ready to be given a head.

    Attributes:
        name: as the config gives it.
        model: a keras-hub backbone.
        blocks: its weights in ordered groups.
        preprocessing: what it expects of pictures.
        pooling: ``average`` or ``token``, what suits the family.
        pretrained: whether its weights were loaded.
    """

    name: str
    model: Any
    blocks: tuple[Block, ...]
    preprocessing: ImagePreprocessing
    pooling: str
    pretrained: bool


def load_backbone(
    name: str, *, pretrained: bool, image_size: int | None = None, progress: Progress | None = None
) -> LoadedBackbone:
    """Load a vision backbone.

    Args:
        name: ``efficientnet_lite0_imagenet`` and its like from the catalogue, the name of a keras-hub preset, or
            the path of a local preset folder.
        pretrained: False for the same architecture with random weights.
        image_size: pixels; None for the size that the backbone was trained at.
        progress: told how a download goes on.

    Raises:
        ConfigError: for an unknown name or an image size that the backbone cannot take.
        ResourceError: where weights cannot be downloaded.
        ArtifactError: for a preset folder that cannot be read.
    """
    if name in CATALOGUE_BACKBONES:
        return _from_catalogue(name, pretrained, image_size, progress)
    folder = Path(name).expanduser()
    if name in CATALOGUE_TEXT_BACKBONES or (is_text_folder(folder) if folder.is_dir() else name in text_presets()):
        raise ConfigError(
            f"backbone.name must be a vision backbone, because the task is one of pictures. Received: {name!r}, "
            "a text backbone.",
            f"Take {CATALOGUE_BACKBONES[0]}, for instance; `ftsuite list backbones` names those there are.",
        )
    if folder.is_dir():
        return _from_preset(name, str(folder.resolve()), pretrained, image_size)
    presets = vision_presets()
    if name in presets:
        return _from_preset(name, name, pretrained, image_size)
    known = [*CATALOGUE_BACKBONES, *presets]
    near = difflib.get_close_matches(name, known, n=3)
    raise ConfigError(
        f"backbone.name must be a name of `ftsuite list backbones --all` or a local preset folder. Received: {name!r}.",
        f"Did you mean {' or '.join(near)}?" if near else "Check the name, or that the folder exists.",
    )


def _from_catalogue(name: str, pretrained: bool, image_size: int | None, progress: Progress | None) -> LoadedBackbone:
    from ftsuite.models import efficientnet_lite

    variant = name.removeprefix("efficientnet_").removesuffix("_imagenet")
    weights = assets.ensure(name, progress=progress) / "weights.safetensors" if pretrained else None
    model = efficientnet_lite.efficientnet_lite_backbone(variant, weights)
    preprocessing = ImagePreprocessing(
        image_size=image_size or efficientnet_lite.VARIANT_IMAGE_SIZES[variant],
        scale=efficientnet_lite.SCALE,
        offset=efficientnet_lite.OFFSET,
    )
    return LoadedBackbone(name, model, find_blocks(model), preprocessing, "average", pretrained)


def _from_preset(name: str, preset: str, pretrained: bool, image_size: int | None) -> LoadedBackbone:
    import keras_hub

    converter = _read_preset(name, lambda: keras_hub.layers.ImageConverter.from_preset(preset))
    model = _read_preset(name, lambda: keras_hub.models.Backbone.from_preset(preset, load_weights=pretrained))
    own_size = _own_size(model, converter)
    size = image_size or own_size
    if size is None:
        raise ConfigError(
            f"The backbone {name!r} takes pictures of any size and names none; options.image_size must say one.",
            "Add `options: {image_size: 224}` or the size that it was trained at.",
        )
    if _fixed_size(model) not in (None, size):
        model = _resized(type(model), preset, pretrained, size, own_size)
    preprocessing = ImagePreprocessing(
        image_size=size,
        scale=_numbers(converter.scale, 1.0),
        offset=_numbers(converter.offset, 0.0),
        interpolation=converter.interpolation,
        antialias=converter.antialias,
    )
    pooling = "token" if type(model).__name__ in _CLASS_TOKEN_FAMILIES else "average"
    return LoadedBackbone(name, model, find_blocks(model), preprocessing, pooling, pretrained)


def _resized(family: Any, preset: str, pretrained: bool, size: int, own_size: int | None) -> Any:
    """Load a backbone whose input has a fixed size with another one; convolutions do not mind, most transformers do."""
    argument = "image_shape" if "image_shape" in inspect.signature(family.__init__).parameters else "input_shape"
    try:
        return family.from_preset(preset, load_weights=pretrained, **{argument: (size, size, 3)})
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"The backbone {preset!r} takes pictures of {own_size} pixels only. Received: options.image_size {size}.",
            f"Set options.image_size to {own_size} or leave it out.",
        ) from error


def _read_preset(name: str, read: Any) -> Any:
    return read_preset(name, read, "vision", CATALOGUE_BACKBONES[0])


def _fixed_size(model: Any) -> int | None:
    shape = model.input.shape if not isinstance(model.input, dict) else next(iter(model.input.values())).shape
    return shape[1] if len(shape) == 4 else None


def _own_size(model: Any, converter: Any) -> int | None:
    fixed = _fixed_size(model)
    if fixed is not None:
        return int(fixed)
    size = converter.image_size
    return int(size[0]) if size and size[0] else None


def _numbers(value: Any, default: float) -> float | tuple[float, ...]:
    if value is None:
        return default
    array = keras.ops.convert_to_numpy(value).reshape(-1)
    return float(array[0]) if array.size == 1 else tuple(float(item) for item in array)
