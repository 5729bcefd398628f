"""Pictures read in place, in archives and Arrow files, against the same pictures as files: what each costs.

    python benchmarks/reading_in_place.py photos --pictures 1000

The folder holds class folders. Its pictures are packed four ways, and decoded and resized by tf.data. The forms take
turns within one run, so what else the machine does weighs on all of them alike; what counts is processor time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples


def main() -> None:
    """Pack, read in turns, and print milliseconds a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    everything = load_examples(DataConfig(source=f"folder:{arguments.folder}"), seed=0)
    step = max(len(everything) // arguments.pictures, 1)
    files = everything.take(range(0, len(everything), step)[: arguments.pictures])
    with tempfile.TemporaryDirectory() as place:
        forms = {
            "files": files,
            **{name: _packed(write, Path(place) / name, files) for name, write in _WRITERS.items()},
        }
        datasets = {name: _pipeline(examples) for name, examples in forms.items()}
        for dataset in datasets.values():
            _read(dataset)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in forms}
        for _ in range(arguments.rounds):
            for name, dataset in datasets.items():
                found[name].append(_read(dataset))
    for name, times in found.items():
        processor, wall = (statistics.median(column) / len(files) * 1000 for column in zip(*times, strict=True))
        print(f"{name}: {processor:.2f} ms of processor time a picture, {wall:.2f} ms in all")


def _pipeline(examples: Examples) -> Any:
    import tensorflow as tf

    from ftsuite.data.image_decode import decode_dataset_element

    def prepare(source: Any, decoder: Any) -> Any:
        image = decode_dataset_element(source, decoder)
        return tf.image.resize(tf.cast(image, tf.float32), (224, 224))

    columns = (list(examples.inputs), examples.decoders)
    return tf.data.Dataset.from_tensor_slices(columns).map(prepare, num_parallel_calls=tf.data.AUTOTUNE).batch(32)


def _read(dataset: Any) -> tuple[float, float]:
    """Seconds of processor time and of the clock."""
    start, processor = time.perf_counter(), time.process_time()
    for _ in dataset:
        pass
    return time.process_time() - processor, time.perf_counter() - start


def _packed(write: Callable[[Path, Examples], str], path: Path, files: Examples) -> Examples:
    found = load_examples(DataConfig(source=write(path, files)), seed=0)
    assert sorted(found.content_hashes) == sorted(files.content_hashes), "the same pictures in every form"
    return found


def _zip(packing: int) -> Callable[[Path, Examples], str]:
    def write(path: Path, files: Examples) -> str:
        with zipfile.ZipFile(path, "w", packing) as archive:
            for name, file in zip(files.ids, files.inputs, strict=True):
                archive.write(file, name)
        return f"archive:{path}"

    return write


def _tar(path: Path, files: Examples) -> str:
    with tarfile.open(path, "w") as archive:
        for name, file in zip(files.ids, files.inputs, strict=True):
            archive.add(file, name)
    return f"archive:{path}"


def _arrow(path: Path, files: Examples) -> str:
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": list(files.class_names)}}
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pa.schema([("image", picture), ("label", pa.int64())], metadata)
    target = path.with_suffix(".arrow")
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for file, label in zip(files.inputs, files.labels.tolist(), strict=True):
            row = {"image": {"bytes": Path(file).read_bytes(), "path": None}, "label": label}
            writer.write_batch(pa.RecordBatch.from_pylist([row], schema))
    return f"huggingface:{target}"


_WRITERS: dict[str, Callable[[Path, Examples], str]] = {
    "zip, stored": _zip(zipfile.ZIP_STORED),
    "zip, deflated": _zip(zipfile.ZIP_DEFLATED),
    "tar": _tar,
    "Arrow": _arrow,
}


if __name__ == "__main__":
    main()
