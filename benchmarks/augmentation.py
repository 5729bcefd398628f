"""What each augmentation of pictures costs, while batches are made and inside the training step, side by side.

    python benchmarks/augmentation.py [--pixels 224] [--batch 32] [--batches 20]

Random pictures in memory, so that no decoding is measured. The first figure is of tf.data on the CPU, the second of the
layer on the device of the backend (a GPU where there is one). Both are of this machine and this moment: compare them
with each other.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ftsuite.data import augment
from ftsuite.data.accelerator_augment import AMOUNTS, DrawnAugmentation, split_list
from ftsuite.data.image_options import ImageOptions
from ftsuite.models.accelerator_augment import AugmentPictures

_NAMES = (
    *("flip", "vertical-flip", "rotate-90", "rotate", "affine", "perspective", "colour", "greyscale", "gamma"),
    *("sharpness", "blur", "noise", "jpeg", "erasing", "rand-augment", "trivial-augment"),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=20)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    pictures = random.uniform(0, 255, (arguments.batch, arguments.pixels, arguments.pixels, 3)).astype(np.float32)
    print(f"{'':>16} {'tf.data, images/s':>18} {'in the step, images/s':>22}   ratio")
    for name in _NAMES:
        # Always applied, so that a rare change does not look cheap.
        item: Any = ImageOptions.model_validate_json(f'{{"augment": [{{"name": "{name}"}}]}}').augment[0]
        if hasattr(item, "probability"):
            item = item.model_copy(update={"probability": 1.0})
        outside = _outside(item, pictures, arguments.batches)
        inside = _inside(item, pictures, arguments.batches)
        shown = f"{inside:>22,.0f} {inside / outside:>7.2f}" if inside else f"{'on the CPU only':>22}"
        print(f"{name:>16} {outside:>18,.0f} {shown}", flush=True)


def _outside(item: Any, pictures: np.ndarray, batches: int) -> float:
    """Images a second of tf.data."""
    numbers = tf.data.Dataset.range(len(pictures) * (batches + 2))
    kept = tf.constant(pictures)

    def change(number: Any) -> Any:
        image = kept[number % len(pictures)]
        return augment.augment_image(image, (item,), tf.stack([3, tf.cast(number, tf.int32)]))

    made = iter(numbers.map(change, num_parallel_calls=tf.data.AUTOTUNE).batch(len(pictures)))
    for _ in range(2):
        next(made)
    began = time.perf_counter()
    for _ in range(batches):
        next(made)
    return batches * len(pictures) / (time.perf_counter() - began)


def _inside(item: Any, pictures: np.ndarray, batches: int) -> float | None:
    """Images a second of the layer, compiled; None for what a CPU alone can make."""
    if not split_list((item,))[1]:
        return None
    drawn = DrawnAugmentation((item,), pictures.shape[1], lambda element, training, key: element)
    keys = [tf.constant([3, number], tf.int32) for number in range(len(pictures))]
    amounts = np.stack([drawn.preprocess(pictures[0], True, key)["amounts"].numpy() for key in keys])
    inputs = {
        "image": keras.Input(pictures.shape[1:], name="image"),
        "amounts": keras.Input(amounts.shape[1:], name="amounts"),
    }
    # The mean, or copying pictures back would be most of what is measured.
    changed = AugmentPictures([(item, AMOUNTS[type(item)])])(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(changed))
    model.compile()
    fed = {name: keras.ops.convert_to_tensor(array) for name, array in (("image", pictures), ("amounts", amounts))}
    model.predict_on_batch(fed)
    began = time.perf_counter()
    for _ in range(batches):
        model.predict_on_batch(fed)
    return batches * len(pictures) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
