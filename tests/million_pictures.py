"""What `tests/e2e/test_million_pictures.py` measures, in a process of its own: loading and an epoch of many records.

    python -m tests.million_pictures SMALL-RECORDS RECORDS

prints one JSON object: seconds, and bytes of resident memory by the example.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

BATCH = 256


def resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def load(folder: str) -> tuple[Any, Any, Any]:
    """Examples, pipeline and the training part, as a run makes them before it builds its model."""
    from ftsuite.config import DataConfig
    from ftsuite.data.pipeline import Pipeline
    from ftsuite.data.sources import load_examples
    from ftsuite.data.split_file import write_split
    from ftsuite.data.splits import split_examples

    examples = load_examples(DataConfig(source=f"records:{folder}"), 0)
    splits = split_examples(examples, validation_fraction=0.05, test_fraction=0.05, seed=0)
    write_split(Path(folder).with_suffix(".split.json"), examples, splits)
    training = examples.take(np.flatnonzero(splits == "train"))
    pipeline = Pipeline(_pixels, lambda features, targets, key: (features, targets), 10, BATCH, 0)
    return examples, pipeline, training


def _pixels(element: Any, training: bool, key: Any) -> Any:
    from ftsuite.data.image import read_image

    image = read_image(element["input"], element["decoder"], element.get("contents"))
    image.set_shape((8, 8, 3))
    return image


def main(small: str, large: str) -> None:
    # Whatever is loaded once, whether for ten pictures or for a million, is loaded before memory is measured.
    _, pipeline, training = load(small)
    for _ in pipeline.training_epoch(training, 0):
        pass
    before, began, computing = resident_bytes(), time.perf_counter(), time.process_time()
    is_busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    examples, pipeline, training = load(large)
    batches = iter(pipeline.training_epoch(training, 0))
    next(batches)
    first_batch_seconds, computed = time.perf_counter() - began, time.process_time() - computing
    index_bytes = resident_bytes() - before
    steps, resident = pipeline.steps_per_epoch(training), []
    seen = BATCH
    for step, (features, _, _) in enumerate(batches, 2):
        seen += len(features)
        if step % (steps // 20) == 0 and step >= steps // 5:
            resident.append(resident_bytes())
    print(
        json.dumps(
            {
                "examples": len(examples),
                "seen": seen,
                "training": len(training),
                "first_batch_seconds": first_batch_seconds,
                "first_batch_cpu_seconds": computed,
                "machine_is_busy": is_busy,
                "bytes_an_example": index_bytes / len(examples),
                "growth_bytes": max(resident) - resident[0],
                "epoch_seconds": time.perf_counter() - began - first_batch_seconds,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
