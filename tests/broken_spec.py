"""A spec whose module imports Keras, as no spec may."""

from __future__ import annotations

import keras  # noqa: F401

from ftsuite.api import TaskSpec
from ftsuite.families import ImageOptions

SPEC = TaskSpec(
    "imports-keras", "A spec that imports Keras.", ImageOptions, "ftsuite.families.image:ImageClassification"
)
