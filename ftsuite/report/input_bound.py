"""Whether training waited for its input, and what would help."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftsuite.data.records.layout import is_records_folder
from ftsuite.report.files import read_object, read_yaml
from ftsuite.report.journal import Epoch, read_journal

# Below, what could be gained is about as much as one measurement differs from the next.
THRESHOLD = 0.1
# Augmentations that take longer than decoding a picture.
_COSTLY = frozenset(
    ("rand-augment", "trivial-augment", "perspective", "affine", "rotate", "blur", "sharpness", "noise", "jpeg")
)


def input_sentence_of(folder: Path) -> str | None:
    """`input_sentence` of a run folder; None where it has no journal yet."""
    names = ("journal.jsonl", "config.resolved.yaml", "environment.json")
    journal, config, environment = (folder / name for name in names)
    if not all(path.is_file() for path in (journal, config, environment)):
        return None
    return input_sentence(read_journal(journal).epochs, read_yaml(config)[1], read_object(environment))


def input_sentence(epochs: Sequence[Epoch], config: Mapping[str, Any], environment: Mapping[str, Any]) -> str | None:
    """A sentence on the share of step time that was waiting, with remedies; None below a tenth, or without a measure.

    Args:
        epochs: of the run; those on kept activations have no share.
        config: as resolved.
        environment: the content of environment.json.
    """
    measured = [epoch for epoch in epochs if not math.isnan(epoch.input_wait_share) and epoch.seconds > 0]
    seconds = sum(epoch.seconds for epoch in measured)
    share = sum(epoch.input_wait_share * epoch.seconds for epoch in measured) / seconds if seconds else 0.0
    if share < THRESHOLD:
        return None
    told = f"Input-bound: {100 * share:.0f} % of step time went into waiting for the next batch."
    return f"{told} {_advice(config, environment)}"


def _advice(config: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    told = environment.get("data")
    kind = str(told.get("kind")) if isinstance(told, Mapping) else ""
    data, options = (part if isinstance(part, Mapping) else {} for part in (config.get("data"), config.get("options")))
    remedies = _of_texts(data) if kind == "text" else [*_of_pictures(data, options, kind), *_of_augmentation(options)]
    cores = environment.get("cpu_count")
    remedies.append(f"more CPU cores than the {cores} of this machine" if cores else "more CPU cores")
    return "What helps: " + "; ".join(remedies) + "."


def _of_texts(data: Mapping[str, Any]) -> list[str]:
    return ["`data.streaming: false`, where memory holds the texts"] if data.get("streaming") else []


def _of_pictures(data: Mapping[str, Any], options: Mapping[str, Any], kind: str) -> list[str]:
    found = []
    if data.get("cache") in ("off", False, None) and "cache" in data:
        found.append("`data.cache: auto`, which keeps decoded pictures")
    if not _is_prepared(data.get("source")):
        what = "stores the pictures that are drawn now" if kind == "field-guide" else "stores smaller pictures once"
        size = options.get("train_image_size") or options.get("image_size")
        pixels = str(math.ceil(1.15 * size / 8) * 8) if isinstance(size, int) else "PIXELS"
        asked = "" if kind == "field-guide" else f" --image-size {pixels}"
        found.append(f"`ftsuite data prepare CONFIG{asked}`, which {what}, and `--data records:…`")
    return found


def _is_prepared(source: Any) -> bool:
    """Whether it lies in records already, or cannot: those of several sources keep no weights."""
    if not isinstance(source, str):
        return any(isinstance(one, Mapping) and one.get("weight") is not None for one in source or ())
    return source.startswith("records:") or is_records_folder(Path(source))


def _of_augmentation(options: Mapping[str, Any]) -> list[str]:
    augment = options.get("augment")
    names = (
        [str(item.get("name")) for item in augment if isinstance(item, Mapping)] if isinstance(augment, list) else []
    )
    costly = [name for name in names if name in _COSTLY]
    return [f"leaving out what costs most of options.augment: {', '.join(costly)}"] if costly else []
