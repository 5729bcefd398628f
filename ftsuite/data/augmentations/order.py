"""Which orders of augmentations can be honoured. Imports no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CROP = "crop-resize"
MIXERS = ("mixup", "cutmix")


def order_can_be_kept(items: Sequence[Any]) -> Any:
    """Check a list of augmentations: the crop comes first and once, what mixes pictures comes last and once each.

    The crop is made while a picture is resized, before all else. Pictures are mixed when a batch is made of them, after
    all else.

    Args:
        items: options with a `name`.

    Returns:
        The items.

    Raises:
        PydanticCustomError: an order that would be another one in training.
    """
    # Imported here because a task's spec names these options: a list of tasks needs no configs.
    from ftsuite.config.checks import crossed

    names = [item.name for item in items]
    for position, name in enumerate(names):
        before = names[:position]
        if name in (CROP, *MIXERS) and name in before:
            raise crossed(
                f"{{name}} can hold `{name}` once. Received: it stands at {before.index(name)} and at {position}",
                "Remove one of them, and give the other the values that you want.",
            )
        mixers = [other for other in before if other in MIXERS]
        if mixers and name not in MIXERS:
            raise crossed(
                f"{{name}} must end with `{mixers[0]}`: pictures are mixed when a batch is made of them, after "
                f"everything that changes single pictures. Received: `{name}` behind it",
                f"Move `{mixers[0]}` to the end.",
            )
        if name == CROP and position:
            raise crossed(
                f"{{name}} must begin with `{CROP}`: the part is cut out while the picture is resized. "
                f"Received: `{before[0]}` before it",
                f"Move `{CROP}` to the front.",
            )
    return items
