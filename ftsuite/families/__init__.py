"""Families of tasks to inherit from: they load, augment and batch; a plugin says what is answered and how well.

- `ImageTask`, `TextTask`: pictures, or texts, to any answer; write `answer`, `load` and `metrics`.
- `ImageClassification`, `TextClassification`: to one class of several; complete as they are.
- `number_metrics`, `label_metrics`: the usual metrics of numbers, and of labels that apply or do not.
- `source_path`, `examples_from_arrays`: for a `load` that reads a format of its own.
- `ImageOptions`, `TextOptions`: what their configs can say under ``options:``.

Importing a name imports what it needs and no more: options need no Keras, so a `ftsuite.api.TaskSpec` can name them.

>>> from ftsuite.families import ImageOptions
>>> ImageOptions(image_size=96).fit
'crop'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftsuite.data.image_options import ImageOptions
    from ftsuite.data.picture_arrays import examples_from_arrays
    from ftsuite.data.source_paths import source_path
    from ftsuite.data.targets import with_label_sets, with_numbers
    from ftsuite.data.text_options import TextOptions
    from ftsuite.families.image import ImageClassification, ImageTask
    from ftsuite.families.metrics import label_metrics, number_metrics
    from ftsuite.families.text import TextClassification, TextTask
    from ftsuite.models.answers import NamedAnswers

_HOMES = {
    "ImageOptions": "ftsuite.data.image_options",
    "TextOptions": "ftsuite.data.text_options",
    "ImageTask": "ftsuite.families.image",
    "ImageClassification": "ftsuite.families.image",
    "TextTask": "ftsuite.families.text",
    "TextClassification": "ftsuite.families.text",
    "NamedAnswers": "ftsuite.models.answers",
    "examples_from_arrays": "ftsuite.data.picture_arrays",
    "label_metrics": "ftsuite.families.metrics",
    "number_metrics": "ftsuite.families.metrics",
    "source_path": "ftsuite.data.source_paths",
    "with_label_sets": "ftsuite.data.targets",
    "with_numbers": "ftsuite.data.targets",
}
__all__ = [
    "ImageClassification",
    "ImageOptions",
    "ImageTask",
    "NamedAnswers",
    "TextClassification",
    "TextOptions",
    "TextTask",
    "examples_from_arrays",
    "label_metrics",
    "number_metrics",
    "source_path",
    "with_label_sets",
    "with_numbers",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ftsuite.families' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
