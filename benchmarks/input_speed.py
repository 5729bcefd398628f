"""How fast training pictures are made, beside a plain loop that only decodes them.

    python benchmarks/input_speed.py [FOLDER ...] [--size 224] [--cores 2] [--rounds 7]

For each folder of JPEG files and for the field guide: pictures a second by a plain libjpeg-turbo loop (simplejpeg:
read, decode to RGB, drop; one thread a core), and by the input pipeline (read or take from what is kept, decode, cut,
resize, mirror, recolour, batch) with the default augmentation. The loops take turns on the same files and the same
cores, so the ratios hold on a machine that does other work too; they are medians over the rounds, with the lowest and
the highest. The second ratio is by processor time, which other work disturbs less.

simplejpeg's loop is the fastest that there is in Python and the one that all are compared with. Beside it stand the
plain loops of Pillow and of TensorFlow (`tf.io.decode_jpeg` in a map of tf.data, as it comes), which decode with
libjpeg-turbo too. Below each folder's table stands what the parts of a picture cost (`benchmarks/input_parts.py`), and
what share of the plain loop's rate can be reached at most by one thread that does them all.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import simplejpeg
import tensorflow as tf
from input_parts import print_parts
from PIL import Image

from ftsuite.api import Examples
from ftsuite.data import augment as augmentations
from ftsuite.data.drawn_pictures import field_guide_input
from ftsuite.data.field_guide import examples as guide_examples
from ftsuite.data.image import ImageReader
from ftsuite.data.image_decode import decode_dataset_element
from ftsuite.data.image_options import ImageOptions
from ftsuite.data.kept_pictures import DRAWN, KeptPictures
from ftsuite.data.pipeline import Pipeline
from ftsuite.runs.decoded_pictures import PicturesOnDisk, write_pictures

_PICTURES = 2048
_BATCH = 32
_KEPT_BYTES = 2 * 2**30
_PARTS_PICTURES = 256


@dataclass
class Loop:
    """One way through all pictures, and what its rounds took."""

    name: str
    run: Callable[[], int]
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def round(self) -> None:
        """Once through, timed a picture."""
        wall, processor = time.perf_counter(), time.process_time()
        count = self.run()
        self.wall.append((time.perf_counter() - wall) / count)
        self.processor.append((time.process_time() - processor) / count)


def plain_loop(paths: Sequence[str], cores: int) -> int:
    """Read and decode every file, `cores` threads beside each other."""

    def decode(mine: Sequence[str]) -> None:
        for path in mine:
            with open(path, "rb") as file:
                data = file.read()
            simplejpeg.decode_jpeg(data, colorspace="RGB")

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(decode, [paths[start::cores] for start in range(cores)]))
    return len(paths)


def pillow_loop(paths: Sequence[str], cores: int) -> int:
    """The same by Pillow."""

    def decode(mine: Sequence[str]) -> None:
        for path in mine:
            with Image.open(path) as picture:
                picture.load()

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(decode, [paths[start::cores] for start in range(cores)]))
    return len(paths)


def tensorflow_loop(paths: Sequence[str], cores: int) -> int:
    """The same by TensorFlow alone: no batches, and nothing comes back to Python."""

    def decode(path: Any) -> Any:
        return tf.size(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), tf.int64)

    sizes = tf.data.Dataset.from_tensor_slices(list(paths)).map(decode, num_parallel_calls=cores)
    assert int(sizes.reduce(np.int64(0), lambda total, size: total + size)) > 0
    return len(paths)


def pipeline_loop(pipeline: Pipeline, examples: Examples) -> int:
    """One epoch of training batches."""
    return sum(len(features) for features, _, _ in pipeline.training_epoch(examples, 0))


def old_picture(element: dict[str, Any], size: int, augment: Sequence[Any], key: Any) -> Any:
    """One picture as it was made before: decoded whole and exactly, then each change by TensorFlow in float32."""
    image = decode_dataset_element(element["input"], element["decoder"] == 1)
    crop = augmentations.crop_of(augment)
    assert crop is not None
    begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(image),
        tf.zeros((1, 0, 4), tf.float32),
        seed=key,
        min_object_covered=0.0,
        aspect_ratio_range=crop.ratio,
        area_range=crop.scale,
        max_attempts=20,
        use_image_if_no_bounding_boxes=True,
    )
    box = tf.cast(tf.slice(image, begin, extent), tf.float32)
    image = tf.image.resize(box, (size, size), "bilinear", antialias=True)
    image.set_shape((size, size, 3))
    return augmentations.augment_image(image, augment, key)


def new_pipeline(size: int, kept: KeptPictures | None) -> tuple[Pipeline, ImageReader]:
    """The pipeline of a job with the default augmentation."""
    reader = ImageReader(size, size, None, ImageOptions().augment, kept)
    return Pipeline(reader, reader.mix, 2, _BATCH, 0, preprocess_batch=reader.batch), reader


def folder_loops(folder: Path, size: int, cores: int) -> list[Loop]:
    """The loops over the JPEG files below a folder."""
    paths = [str(path) for path in sorted(folder.rglob("*.jpg"))]
    paths = (paths * -(-_PICTURES // len(paths)))[:_PICTURES]
    many = _examples(paths, "image-file")
    few = many.take(range(0, _PICTURES, 4))
    augment = ImageOptions().augment
    old = Pipeline(lambda e, t, key: old_picture(e, size, augment, key), lambda f, t, k: (f, t), 2, _BATCH, 0)
    kept = KeptPictures()
    kept.keep_in_memory(_KEPT_BYTES)
    fresh, kept_reader = new_pipeline(size, None), new_pipeline(size, kept)
    pipeline_loop(kept_reader[0], many)
    loops = [
        Loop("plain decode loop", lambda: plain_loop(paths, cores)),
        Loop("plain decode loop of TensorFlow", lambda: tensorflow_loop(paths, cores)),
        Loop("plain decode loop of Pillow", lambda: pillow_loop(paths, cores)),
        Loop("before: TensorFlow, one by one", lambda: pipeline_loop(old, few)),
        Loop("folder, decoded each time", lambda: pipeline_loop(fresh[0], many)),
        Loop("folder, kept in memory", lambda: pipeline_loop(kept_reader[0], many)),
        *_record_loops(paths, size, fresh[1], kept_reader[1]),
    ]
    return loops


def _record_loops(paths: Sequence[str], size: int, *readers: ImageReader) -> list[Loop]:
    """Encoded pictures from one TFRecord file, whose bytes go to the reader as they are."""
    target = Path(os.environ["FTSUITE_HOME"]) / f"{abs(hash(paths[0]))}.tfrecord"
    with tf.io.TFRecordWriter(str(target)) as writer:
        for path in paths:
            feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[Path(path).read_bytes()]))
            name = tf.train.Feature(bytes_list=tf.train.BytesList(value=[path.encode()]))
            example = tf.train.Example(features=tf.train.Features(feature={"contents": feature, "input": name}))
            writer.write(example.SerializeToString())
    spec = {name: tf.io.FixedLenFeature((), tf.string) for name in ("contents", "input")}

    def run(reader: ImageReader) -> int:
        def make(numbers: Any, records: Any) -> Any:
            elements = tf.io.parse_example(records, spec)
            keys = tf.stack([tf.zeros_like(numbers), numbers], axis=1)
            return reader.batch({**elements, "decoder": tf.zeros(tf.shape(numbers), tf.uint8)}, tf.cast(keys, tf.int32))

        numbered = tf.data.TFRecordDataset(str(target)).enumerate().batch(_BATCH, drop_remainder=True)
        options = tf.data.Options()
        options.autotune.enabled = False  # as `ftsuite.data.pipeline` has it
        made = numbered.map(make, num_parallel_calls=len(os.sched_getaffinity(0))).prefetch(2).with_options(options)
        return sum(len(features) for features in made)

    names = ("TFRecord, decoded each time", "TFRecord, kept in memory")
    return [Loop(name, partial(run, reader)) for name, reader in zip(names, readers, strict=True)]


def guide_loops(size: int, cores: int) -> list[Loop]:
    """The field guide: its pictures are drawn once, and for the plain loop coded as JPEG of the usual quality."""
    ids = guide_examples(0, {"train": 11}).ids[:256]
    kept = KeptPictures()
    kept.keep_in_memory(_KEPT_BYTES)
    sources = [field_guide_input(one, 0) for one in ids]
    with ThreadPoolExecutor(cores) as pool:
        pictures = list(pool.map(kept.drawn, sources))
    coded = [simplejpeg.encode_jpeg(np.ascontiguousarray(one), quality=90, colorspace="RGB") for one in pictures]
    coded = (coded * -(-_PICTURES // len(coded)))[:_PICTURES]

    def decode(mine: Sequence[bytes]) -> None:
        for data in mine:
            simplejpeg.decode_jpeg(data, colorspace="RGB")

    def plain() -> int:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(decode, [coded[start::cores] for start in range(cores)]))
        return len(coded)

    many = _examples((sources * -(-_PICTURES // len(sources)))[:_PICTURES], "field-guide")
    made = new_pipeline(size, kept)
    on_disk = KeptPictures()
    decoders, bytes_each = np.zeros(len(sources), np.uint8), pictures[0].nbytes
    plan = PicturesOnDisk(sources, decoders, "benchmark", DRAWN, len(sources) * bytes_each, asked=True)
    write_pictures(SimpleNamespace(kept_pictures=on_disk), plan, lambda event: None)
    made_of_disk = new_pipeline(size, on_disk)
    loops = [
        Loop("plain decode loop (as JPEG, from memory)", plain),
        Loop("field guide, kept in memory", lambda: pipeline_loop(made[0], many)),
        Loop("field guide, kept on the disk", lambda: pipeline_loop(made_of_disk[0], many)),
    ]
    return loops


def _examples(inputs: Sequence[str], kind: str) -> Examples:
    names = tuple(str(number) for number in range(len(inputs)))
    decoders = np.zeros(len(inputs), np.uint8)
    return Examples(names, tuple(inputs), np.zeros(len(inputs), np.int64), ("a", "b"), names, kind, decoders=decoders)


def measure(title: str, loops: Sequence[Loop], rounds: int) -> None:
    """Let the loops take turns, then print one table."""
    for loop in loops:
        loop.run()
    for number in range(rounds):
        for loop in loops if number % 2 == 0 else loops[::-1]:
            loop.round()
    print(f"\n{title}\n{'':42}{'pictures/s':>11}{'of the plain loop':>22}{'by processor time':>22}")
    for loop in loops:
        print(
            f"{loop.name:42}{1 / np.median(loop.wall):11,.0f}{_ratio(loops[0].wall, loop.wall):>22}"
            f"{_ratio(loops[0].processor, loop.processor):>22}"
        )


def _ratio(plain: Sequence[float], mine: Sequence[float]) -> str:
    ratios = np.array(plain) / np.array(mine)
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}-{ratios.max():.2f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, help="of JPEG files; none: the field guide only")
    parser.add_argument("--size", type=int, default=224, help="pixels of what the model sees")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FTSUITE_HOME"] = folder
        _measure_all(arguments)


def _measure_all(arguments: argparse.Namespace) -> None:
    for folder in arguments.folders:
        title = f"{folder}: {arguments.size} pixels, {arguments.cores} cores, n = {arguments.rounds}"
        measure(title, folder_loops(folder, arguments.size, arguments.cores), arguments.rounds)
        paths = [str(path) for path in sorted(folder.rglob("*.jpg"))]
        print_parts(paths[:_PARTS_PICTURES], arguments.size, arguments.rounds)
    title = f"Field guide: {arguments.size} pixels, {arguments.cores} cores, n = {arguments.rounds}"
    measure(title, guide_loops(arguments.size, arguments.cores), arguments.rounds)


if __name__ == "__main__":
    main()
