"""What an error of TensorFlow's input becomes: the example at fault, by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.errors import DataError
from ftsuite.runs.lost_inputs import named_inputs
from tests.found_pictures import picture


def of(paths: list[Path]) -> Examples:
    texts = tuple(map(str, paths))
    return Examples(texts, texts, np.zeros(len(texts), np.int64), ("a", "b"), texts, "image-file")


def test_a_picture_that_was_cut_meanwhile_is_named(tmp_path: Path) -> None:
    for name in ("good.png", "cut.png"):
        picture(tmp_path / name)
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:40])
    with pytest.raises(DataError, match=r"cut\.png"), named_inputs(of([tmp_path / "good.png", tmp_path / "cut.png"])):
        raise tf.errors.UnknownError(None, None, "x")


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    for error in (ValueError("y"), tf.errors.UnknownError(None, None, "x"), DataError("z")):
        with pytest.raises(type(error)), named_inputs(of([tmp_path / "good.png"])):
            raise error
