"""What a training picture costs, part by part: microseconds of one thread, and the bound that follows from them.

    python benchmarks/input_parts.py FOLDER [...] [--size 224] [--rounds 9]

The parts take turns on the same JPEG files; each figure is the lowest of its rounds by processor time, so that other
work on the machine disturbs it least. What several threads and TensorFlow add is not in it: `input_speed.py` has that.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from ftsuite.data.counter_random import uniforms
from ftsuite.data.crop_boxes import CROP_STREAM, sample_boxes
from ftsuite.data.crop_decode import EncodedPicture, Scratch, open_picture
from ftsuite.data.image_options import CropResize, ImageOptions
from ftsuite.data.kept_pictures import KeptPictures
from ftsuite.data.training_pictures import TrainingPictures

_BATCH = 32


def microseconds(paths: Sequence[str], size: int, rounds: int) -> dict[str, float]:
    """Each part's time a picture, of one thread."""
    augment = ImageOptions().augment
    crop = next(item for item in augment if isinstance(item, CropResize))
    whole, cropped = (TrainingPictures(size, items, KeptPictures()) for items in (augment, (crop,)))
    files = [
        picture for path in paths if isinstance(picture := open_picture(path, False, whole.needed), EncodedPicture)
    ]
    pixels = [picture.decode() for picture in files]
    keys = np.stack([np.zeros(len(files)), np.arange(len(files))], axis=1).astype(np.int32)
    draws = uniforms(keys, CROP_STREAM)
    boxes = sample_boxes(np.array([one.shape[:2] for one in pixels]), crop, keys, (draws,))
    cuts = [one[y : y + h, x : x + w] for one, (y, x, h, w) in zip(pixels, boxes.tolist(), strict=True)]
    scratch, made = Scratch(), np.empty((size, size, 3), np.uint8)

    def batches(make: TrainingPictures) -> None:
        for first in range(0, len(pixels), _BATCH):
            make.augmented(pixels[first : first + _BATCH], keys[first : first + _BATCH])

    # Each maps over all and drops what it gives at once: memory that is held must be fetched anew for the next.
    parts: dict[str, Callable[[], object]] = {
        "read": lambda: _each(lambda path: Path(path).read_bytes(), paths),
        "plain": lambda: _each(lambda one: simplejpeg.decode_jpeg(one.data, colorspace="RGB"), files),
        "entropy": lambda: _each(lambda one: simplejpeg.decode_jpeg(one.data, "GRAY", **_SMALLEST), files),
        "open": lambda: _each(lambda path: open_picture(path, False, whole.needed), paths),
        "decode": lambda: _each(lambda one: one.decode(scratch), files),
        "resize": lambda: _each(lambda cut: cv2.resize(cut, (size, size), dst=made), cuts),
        "cropped": lambda: batches(cropped),
        "whole": lambda: batches(whole),
    }
    lowest = dict.fromkeys(parts, float("inf"))
    for _ in range(rounds + 1):
        for name, part in parts.items():
            begin = time.process_time()
            part()
            lowest[name] = min(lowest[name], (time.process_time() - begin) / len(files) * 1e6)
    return lowest


_SMALLEST = {"min_factor": 8, "min_height": 1, "min_width": 1}


def _each(change: Callable[[Any], object], items: Sequence[Any]) -> None:
    deque(map(change, items), maxlen=0)


def bounds(parts: dict[str, float]) -> dict[str, float]:
    """What share of a plain loop's rate one thread can reach, by what it does."""
    plain = parts["read"] + parts["plain"]
    return {
        "open, decode and resize, nothing else": plain / (parts["open"] + parts["decode"] + parts["resize"]),
        "the same where decoding cost no more than reading its bits": plain
        / (parts["open"] + parts["entropy"] + parts["resize"]),
        "all that is done to a picture, decoded each time": plain / (parts["open"] + parts["decode"] + parts["whole"]),
        "all that is done to a picture, decoded before": plain / parts["whole"],
    }


def print_parts(paths: Sequence[str], size: int, rounds: int) -> None:
    """Measure and print one table."""
    parts = microseconds(paths, size, rounds)
    lines = {
        "plain loop: read the file": parts["read"],
        "plain loop: decode": parts["plain"],
        "  of which reading the bits (decoded at 1/8)": parts["entropy"],
        "training: read the file and its header": parts["open"],
        "training: decode": parts["decode"],
        "training: resize": parts["resize"],
        "training: mirror and recolour": parts["whole"] - parts["cropped"],
        "training: random numbers and calls": parts["cropped"] - parts["resize"],
    }
    print(f"\nMicroseconds a picture, one thread, {len(paths)} pictures, {size} pixels")
    for name, cost in lines.items():
        print(f"{name:62}{cost:9.1f}")
    print("Of the plain loop's rate one thread can reach at most")
    for name, share in bounds(parts).items():
        print(f"{name:62}{share:9.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="of JPEG files")
    parser.add_argument("--size", type=int, default=224, help="pixels of what the model sees")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    for folder in arguments.folders:
        print_parts([str(path) for path in sorted(folder.rglob("*.jpg"))][:256], arguments.size, arguments.rounds)


if __name__ == "__main__":
    main()
