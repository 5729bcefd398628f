"""The field guide: 24 bird species that the suite draws itself, as many pictures of each as are asked for."""

from __future__ import annotations

from ftsuite.data.field_guide.examples import KIND, FieldGuideExamples, example_id, examples, parse_example_id
from ftsuite.data.field_guide.guide import FieldGuide, Species
from ftsuite.data.field_guide.randomness import content_hash
from ftsuite.data.field_guide.render import Truth, render, truth

__all__ = [
    "KIND",
    "FieldGuide",
    "FieldGuideExamples",
    "Species",
    "Truth",
    "content_hash",
    "example_id",
    "examples",
    "parse_example_id",
    "render",
    "truth",
]
