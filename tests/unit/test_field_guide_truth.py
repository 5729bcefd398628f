"""What a drawn picture shows, told without drawing it."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.data.field_guide import FieldGuide, example_id, truth
from ftsuite.data.field_guide.guide import Marks
from ftsuite.data.field_guide.randomness import generator_for
from ftsuite.errors import DataError

IDS = [example_id("train", species, number) for species in FieldGuide.load().species for number in range(3)]


def test_it_is_a_function_of_seed_and_id() -> None:
    assert truth(IDS[0], 0) == truth(IDS[0], 0) != truth(IDS[0], 1)


def test_all_of_it_is_in_range_and_varies() -> None:
    found = [truth(name, 0) for name in IDS]
    lengths = [one.length_share for one in found]
    assert 0.38 <= min(lengths) < 0.5 and 0.75 < max(lengths) <= 0.88
    assert np.std([one.tilt_degrees for one in found]) > 8
    assert {mark for one in found for mark in one.marks} <= set(Marks.model_fields)
    assert len({one.marks for one in found}) > 24, "plumages of one species differ"


def test_the_length_is_that_of_the_bird_in_the_frame() -> None:
    import importlib

    module = importlib.import_module("ftsuite.data.field_guide.render")
    species = FieldGuide.load().species[0]
    scene = module._compose(species, generator_for(0, IDS[0]))
    module._frame(scene.body, 448, scene.fills, scene.offset)
    least, greatest = scene.body.extent()
    assert float((greatest - least).max()) / 448 == pytest.approx(truth(IDS[0], 0).length_share)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(DataError, match="field-guide id"):
        truth("train/dodo", 0)
