"""Makers of tiny things that tests train on: a keras-hub preset folder, and folders of coloured pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

COLOURS = {"blue jay": (40, 70, 190), "cardinal": (200, 30, 40), "goldfinch": (230, 200, 40), "crow": (25, 25, 30)}


def tiny_efficientnet(dropout: float = 0.2) -> Any:
    """An EfficientNet with 30,000 random weights in blocks stem, block1, block2, block3, top."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(1)
    return keras_hub.models.EfficientNetBackbone(
        stackwise_kernel_sizes=[3, 3, 3],
        stackwise_num_repeats=[1, 2, 1],
        stackwise_input_filters=[8, 8, 16],
        stackwise_output_filters=[8, 16, 16],
        stackwise_expansion_ratios=[1, 2, 2],
        stackwise_strides=[1, 2, 2],
        stackwise_block_types=["v1", "v1", "v1"],
        stackwise_squeeze_and_excite_ratios=[0, 0, 0],
        min_depth=8,
        depth_divisor=8,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        dropout=dropout,
        input_shape=(None, None, 3),
    )


def save_tiny_preset(folder: Path) -> Path:
    """Write a preset folder as a user would save one from keras-hub, for pictures of 32 pixels."""
    import keras_hub

    converter = keras_hub.layers.EfficientNetImageConverter(image_size=(32, 32), scale=1 / 255.0)
    preprocessor = keras_hub.models.EfficientNetImageClassifierPreprocessor(image_converter=converter)
    classifier = keras_hub.models.EfficientNetImageClassifier(
        backbone=tiny_efficientnet(), num_classes=2, preprocessor=preprocessor
    )
    classifier.save_to_preset(str(folder))
    return folder


def save_pictures(folder: Path, per_class: int = 12, seed: int = 0, pixels: int = 40) -> Path:
    """Write class folders of noisy pictures in one colour a class; easy, but not the same picture twice."""
    rng = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(per_class):
            noise = rng.normal(0, 45, size=(pixels, pixels + number % 7, 3))
            picture = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
            PIL.Image.fromarray(picture).save(folder / name / f"{number:03d}.png")
    return folder
