"""A look at sources that are opened as a run opens them: records, assets, tfds and the field guide."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.config import DataConfig
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PIXELS
from ftsuite.data.looks.look import Look, PictureLook
from ftsuite.data.looks.pictures import look_at_pictures
from ftsuite.data.looks.rows import require_enough
from ftsuite.data.looks.texts import look_at_texts
from ftsuite.data.sources.found import Row
from ftsuite.data.sources.load import load_examples
from ftsuite.data.sources.parsing import Source
from ftsuite.errors import ResourceError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

_LOOKED_AT = 200


def look_at_opened(text: str, source: Source, progress: Progress | None) -> Look:
    """What the examples of a source tell, and a sample of their contents.

    Raises:
        ConfigError: no such source.
        DataError: it cannot be used.
        ResourceError: a tfds data set that is not prepared: nothing is downloaded to look at it.
    """
    if source.kind == "tfds":
        _require_prepared(source)
    data = DataConfig(source=text)
    examples = load_examples(data, 0, progress)
    look = _look(source.kind, examples)
    require_enough(look)
    return look


def _look(kind: str, examples: Examples) -> Look:
    names = examples.class_names
    splits = [""] * len(examples) if examples.splits is None else examples.splits.tolist()
    counts: dict[str, Counter[str]] = {}
    for split, label in zip(splits, examples.labels.tolist(), strict=True):
        counts.setdefault(split, Counter())[names[label]] += 1
    step = max(len(examples) // _LOOKED_AT, 1)
    sample = [examples.inputs[index] for index in range(0, len(examples), step)]
    pictures = None
    if examples.kind == "field-guide":
        pictures = PictureLook(len(sample), FIELD_GUIDE_PIXELS, FIELD_GUIDE_PIXELS, 1.0, 0.0)
    elif examples.kind != "text":
        pictures, _ = look_at_pictures([Row(f"{index}.jpg", value, "") for index, value in enumerate(sample)])
    return Look(
        kind=kind,
        modality="text" if examples.kind == "text" else "image",
        class_names=names,
        counts=counts,
        columns={},
        pictures=pictures,
        texts=look_at_texts(sample) if examples.kind == "text" else None,
        shared=_shared(examples),
        notes=examples.notes,
    )


def _shared(examples: Examples) -> int:
    """Contents that stand in several official splits."""
    if examples.splits is None:
        return 0
    splits: dict[str, str] = {}
    shared = set()
    for content, split in zip(examples.content_hashes, examples.splits.tolist(), strict=True):
        if splits.setdefault(content, split) != split:
            shared.add(content)
    return len(shared)


def _require_prepared(source: Source) -> None:
    from ftsuite.config.source import is_tfds_folder
    from ftsuite.data.sources.tfds import make_builder

    if is_tfds_folder(source.rest):
        return
    builder = make_builder(source.rest, None)
    if not Path(str(builder.data_path)).is_dir():
        raise ResourceError(
            f"Expected a tfds data set that is prepared, to look at. Received: 'tfds:{source.rest}', which is not at "
            f"{str(builder.data_path)!r}.",
            f"Prepare it first: ftsuite run bird-species --data tfds:{source.rest} --dry-run downloads it.",
        )
