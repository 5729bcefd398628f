"""Tiny backbones with random weights, saved as keras-hub presets, so that a job needs no download and no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftsuite.testing.texts import tiny_vocabulary


def tiny_image_backbone(dropout: float = 0.2) -> Any:
    """An EfficientNet with 30,000 random weights in blocks stem, block1, block2, block3, top.

    Args:
        dropout: share of the feature maps that it drops in training.
    """
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


def tiny_image_preset(folder: str | Path) -> Path:
    """Write a preset folder as a user would save one from keras-hub, for pictures of 32 pixels.

    Returns:
        The folder: what `backbone.name` can be.
    """
    import keras_hub

    converter = keras_hub.layers.EfficientNetImageConverter(image_size=(32, 32), scale=1 / 255.0)
    preprocessor = keras_hub.models.EfficientNetImageClassifierPreprocessor(image_converter=converter)
    classifier = keras_hub.models.EfficientNetImageClassifier(
        backbone=tiny_image_backbone(), num_classes=2, preprocessor=preprocessor
    )
    classifier.save_to_preset(str(folder))
    return Path(folder)


def tiny_text_preset(folder: str | Path, layers: int = 2, max_length: int = 64) -> Path:
    """Write a preset folder of a BERT with a few thousand random weights, as a user would save one from keras-hub.

    Args:
        folder: to write.
        layers: of the transformer.
        max_length: the most tokens that it takes.

    Returns:
        The folder: what `backbone.name` can be.
    """
    import keras
    import keras_hub

    keras.utils.set_random_seed(1)
    vocabulary = tiny_vocabulary()
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=layers,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=max_length,
    )
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=32)
    classifier = keras_hub.models.BertTextClassifier(backbone=backbone, num_classes=2, preprocessor=preprocessor)
    classifier.save_to_preset(str(folder))
    return Path(folder)
