"""Makes run folders that look like real ones, without training: for the report's tests."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pyarrow
import pyarrow.parquet

from ftsuite.api import Examples
from ftsuite.data.split_file import write_split
from ftsuite.evaluation import evaluate_predictions

BIRDS = tuple(
    f"{first} {second}"
    for second in ("sparrow", "tit", "gull", "woodpecker", "swallow", "finch")
    for first in ("northern", "black-throated", "lesser", "common")
)
STAGES = (("head", 5, 1e-3), ("last 2", 5, 3e-4), ("all", 10, 1e-4))
BLOCKS = ("stem", *(f"block{i}" for i in range(1, 8)), "top", "head")
CONFIG = """\
task: image-classification
summary: Twenty-four birds & their look-alikes
seed: 7
data: {source: "folder:pictures"}
backbone: {name: efficientnet_lite0_imagenet, weights: pretrained}
finetune:
  stages:
  - {train: head, for: 5 epochs, learning_rate: 0.001, layer_decay: 1.0, warmup: 0%, schedule: cosine}
  - {train: last 2, for: 5 epochs, learning_rate: 0.0003, layer_decay: 0.75, warmup: 0%, schedule: cosine}
  - {train: all, for: 10 epochs, learning_rate: 0.0001, layer_decay: 0.75, warmup: 10%, schedule: cosine}
"""


def make_fake_run(
    folder: Path,
    class_names: Sequence[str] = BIRDS,
    *,
    per_class: int = 25,
    kind: str = "field-guide",
    sharpness: float = 4.2,
    texts: Sequence[str] = ("a text", "another"),
    seed: int = 0,
) -> Path:
    """Write every file that a report reads. Neighbouring classes look alike, so that pairs are confused."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    (folder / "config.resolved.yaml").write_text(CONFIG, encoding="utf-8")
    parts = {
        split: _predictions(rng, len(class_names), count, sharpness)
        for split, count in (("validation", max(per_class // 2, 1)), ("test", per_class))
    }
    figures = {
        split: evaluate_predictions(probabilities, labels, class_names, bootstrap_samples=200)
        for split, (probabilities, labels) in parts.items()
    }
    stages = [{"name": name, "validation": figures["validation"]} for name, _, _ in STAGES]
    _dump(folder / "metrics.json", {"format": 1, "headline": "accuracy", **figures, "stages": stages})
    tables = [_table(split, *parts[split], class_names, kind, texts) for split in parts]
    pyarrow.parquet.write_table(pyarrow.concat_tables(tables), folder / "predictions.parquet")
    _dump(folder / "environment.json", _environment(class_names, kind))
    _write_journal(folder / "journal.jsonl", rng)
    _write_split(folder / "split.json", class_names, per_class)
    return folder


def fake_thumbnails(inputs: Sequence[str]) -> list[bytes | None]:
    """Draw a round bird for each input, whose colours follow from its name; the fifth is not to be had."""
    return [None if place == 4 else _bird(name) for place, name in enumerate(inputs)]


def _bird(name: str) -> bytes:
    rng = np.random.default_rng(sum(map(ord, name.split("/")[1])))
    body, sky, wing = (tuple(int(v) for v in rng.integers(40, 230, 3)) for _ in range(3))
    picture = PIL.Image.new("RGB", (96, 96), sky)
    draw = PIL.ImageDraw.Draw(picture)
    draw.ellipse((20, 34, 74, 80), fill=body)
    draw.ellipse((56, 20, 82, 46), fill=body)
    draw.polygon([(80, 30), (94, 35), (80, 38)], fill=(240, 180, 40))
    draw.ellipse((28, 44, 60, 68), fill=wing)
    draw.ellipse((68, 27, 73, 32), fill=(0, 0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _predictions(
    rng: np.random.Generator, classes: int, per_class: int, sharpness: float
) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(classes), per_class)
    logits = rng.normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += sharpness
    twin = np.minimum(labels ^ 1, classes - 1)
    logits[np.arange(len(labels)), twin] += rng.gamma(1.0, sharpness / 3, len(labels))
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32), labels


def _table(
    split: str,
    probabilities: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    kind: str,
    texts: Sequence[str],
) -> pyarrow.Table:
    names = np.asarray(class_names, dtype=object)
    ids = [f"{split}/{names[label]}/{row:05d}" for row, label in enumerate(labels)]
    columns: dict[str, object] = {
        "id": ids,
        "split": [split] * len(labels),
        "input": [texts[row % len(texts)] for row in range(len(labels))] if kind == "text" else ids,
        "label": list(names[labels]),
        "prediction": list(names[probabilities.argmax(axis=1)]),
    }
    for number, name in enumerate(class_names):
        columns[f"probability_{name}"] = probabilities[:, number]
    return pyarrow.table(columns)


def _environment(class_names: Sequence[str], kind: str) -> dict[str, object]:
    rendered = kind == "field-guide"
    return {
        "format": 1,
        "versions": {"python": "3.11.9", "ftsuite": "0.1.0", "keras": "3.15.1", "tensorflow": "2.21.0"},
        "devices": ["/physical_device:CPU:0"],
        "xla": False,
        "seed": 7,
        "command": "ftsuite run bird-species --set seed=7",
        "weights": {"backbone": "efficientnet_lite0_imagenet", "fingerprint": "5793" * 16},
        "data": {
            "source": "field-guide" if rendered else "folder:pictures",
            "kind": kind,
            "sha256": "ab" * 32,
            "class_names": list(class_names),
            "rendered": rendered,
            "hint": "To train on photographs: ftsuite run bird-species --data folder:PATH",
            "notes": ["Left out 2 empty classes: dodo, great auk."],
        },
    }


def _write_journal(path: Path, rng: np.random.Generator) -> None:
    events: list[dict[str, object]] = [
        {"event": "run_started", "config": "bird-species", "task": "image-classification"}
    ]
    epoch = 0
    for stage, (name, count, rate) in enumerate(STAGES):
        events.append({"event": "stage_started", "stage": stage, "stage_name": name, "epochs": count})
        for stage_epoch in range(1, count + 1):
            epoch += 1
            loss = 0.4 + 2.6 * np.exp(-epoch / 4)
            events.append(
                {
                    "event": "epoch",
                    "stage": stage,
                    "stage_name": name,
                    "epoch": epoch,
                    "stage_epoch": stage_epoch,
                    "steps": 23,
                    "train_loss": loss + 0.35 + rng.normal(0, 0.02),
                    "train_accuracy": 1 - loss / 3.4,
                    "validation_log_loss": loss + rng.normal(0, 0.04),
                    "validation_accuracy": 1 - loss / 3.8 + rng.normal(0, 0.01),
                    "validation_macro_f1": 1 - loss / 3.9,
                    "learning_rate": rate * (0.5 + 0.5 * np.cos(np.pi * stage_epoch / (count + 1))),
                    "seconds": 8.5,
                    "examples_per_second": 88.0,
                }
            )
        trained = {"head": 1, "last 2": 3, "all": len(BLOCKS)}[name]
        blocks = [
            {
                "name": block,
                "before": f"{17 * place + stage:016x}",
                "after": f"{17 * place + stage + (place >= len(BLOCKS) - trained):016x}",
                "moved": place >= len(BLOCKS) - trained,
                "expected": place >= len(BLOCKS) - trained,
                "statistics_moved": False,
            }
            for place, block in enumerate(BLOCKS)
        ]
        events.append(
            {
                "event": "stage_ended",
                "stage": stage,
                "stage_name": name,
                "best_epoch": epoch - 1,
                "stopped_early": stage == 2,
                "blocks": blocks,
            }
        )
    events.append({"event": "run_ended", "seconds": 312.4, "peak_memory_bytes": 1.9 * 2**30})
    lines = [json.dumps({"time": "2026-01-31T12:00:00.000+00:00", **event}, ensure_ascii=False) for event in events]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_split(path: Path, class_names: Sequence[str], per_class: int) -> None:
    counts = {"train": per_class * 2, "validation": max(per_class // 2, 1), "test": per_class}
    splits = np.repeat(list(counts), np.array(list(counts.values())) * len(class_names))
    ids = tuple(f"{split}/{row:05d}" for row, split in enumerate(splits))
    examples = Examples(
        ids=ids,
        inputs=ids,
        labels=np.zeros(len(ids), dtype=np.int64),
        class_names=tuple(class_names),
        content_hashes=tuple(f"{row:064x}" for row in range(len(ids))),
        kind="image-file",
    )
    write_split(path, examples, splits)


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def figure(value: float, low: float, high: float, n: int = 500) -> dict[str, object]:
    """A figure of metrics.json."""
    return {"value": value, "ci95": [low, high], "n": n}


def compared(accuracy: dict[str, object], macro_f1: dict[str, object], **more: object) -> dict[str, object]:
    """Another model's figures, with the run's differences to it."""
    same = figure(0.78, 0.74, 0.82)
    return {"accuracy": same, "macro_f1": same, "difference": {"accuracy": accuracy, "macro_f1": macro_f1}, **more}


def add_to_metrics(folder: Path, **parts: object) -> None:
    """Put more parts into metrics.json."""
    path = folder / "metrics.json"
    _dump(path, {**json.loads(path.read_text(encoding="utf-8")), **parts})


def write_showcase(folder: Path, entries: object) -> None:
    """Write showcase.json."""
    _dump(folder / "showcase.json", entries)


def add_to_epochs(folder: Path, **figures: float) -> None:
    """Put more figures into every epoch of the journal."""
    path = folder / "journal.jsonl"
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps({**event, **(figures if event["event"] == "epoch" else {})}) for event in events]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
