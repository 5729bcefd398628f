"""How a picture that the field guide draws is named among an example's inputs, and drawn again from that name."""

from __future__ import annotations

import functools

import numpy as np

from ftsuite.data.field_guide import render
from ftsuite.data.image_files import decode_image

# Drawn at this size whatever the model's, so that a random crop has something to cut from.
FIELD_GUIDE_PIXELS = 224
FIELD_GUIDE_PREFIX = "field-guide:"
# 150 KB a picture: at most 300 MB, and a small set is drawn only once a run.
_KEPT_PICTURES = 2048


def field_guide_input(example_id: str, seed: int) -> str:
    """What stands in `Examples.inputs` for a drawn picture: enough to draw it anywhere."""
    return f"{FIELD_GUIDE_PREFIX}{seed}:{example_id}"


@functools.lru_cache(maxsize=_KEPT_PICTURES)
def draw_input(source: str) -> np.ndarray:
    """The picture that `field_guide_input` names: uint8 ``(pixels, pixels, 3)``, not to be written to."""
    return draw_anew(source)


def draw_anew(source: str) -> np.ndarray:
    """Do as `draw_input`, and keep nothing.

    One that was drawn into a record is read from there.
    """
    if source.startswith(FIELD_GUIDE_PREFIX):
        _, seed, example_id = source.split(":", 2)
        picture = render(example_id, int(seed), FIELD_GUIDE_PIXELS)
    else:
        picture = decode_image(source)
    picture.setflags(write=False)
    return picture
