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


POSITIVE = ("a warm and funny film", "great acting and a lovely story", "i loved every minute", "happy and clever")
NEGATIVE = ("a dull and boring film", "poor acting and a silly story", "i hated every minute", "sad slow and stupid")
_FILLERS = ("the cast", "the music", "this evening", "my friends", "the camera", "its ending", "the first half")


def tiny_vocabulary() -> list[str]:
    """Word pieces of the tiny reviews, special tokens first."""
    words = " ".join((*POSITIVE, *NEGATIVE, *_FILLERS)).split()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *[f"##{letter}" for letter in letters], *"0123456789.,!?'", *[f"##{n}" for n in range(10)]]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*words, *pieces])]


def save_tiny_text_preset(folder: Path, layers: int = 2) -> Path:
    """Write a preset folder of a BERT with a few thousand random weights, as a user would save one from keras-hub."""
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
        max_sequence_length=64,
    )
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=32)
    classifier = keras_hub.models.BertTextClassifier(backbone=backbone, num_classes=2, preprocessor=preprocessor)
    classifier.save_to_preset(str(folder))
    return folder


def tiny_reviews(count: int = 160, seed: int = 0) -> list[tuple[str, str]]:
    """Short reviews and their labels, ``neg`` and ``pos``: easy, of many lengths, none twice."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        positive = number % 2 == 0
        phrases = rng.choice(POSITIVE if positive else NEGATIVE, size=1 + number % 3)
        fillers = rng.choice(_FILLERS, size=number % 4)
        rows.append((" ".join([*phrases, *fillers, str(number)]), "pos" if positive else "neg"))
    return rows


def save_reviews(path: Path, count: int = 160, seed: int = 0) -> Path:
    """Write `tiny_reviews` as CSV with the columns text and label."""
    rows = "".join(f"{text},{label}\n" for text, label in tiny_reviews(count, seed))
    path.write_text(f"text,label\n{rows}", encoding="utf-8")
    return path
