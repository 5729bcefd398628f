"""What BiT's rule makes of the data at hand, and what more it would want: a note of the run."""

from __future__ import annotations

import io
import statistics
from typing import Any

import PIL.Image

from ftsuite.api import Examples
from ftsuite.config import Config
from ftsuite.config.stage_checks import BY_DATA_SIZE
from ftsuite.data.contents import is_inside, read_inside
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PIXELS
from ftsuite.optim.data_size_schedule import data_size_schedule, training_length

# Pictures whose sides are looked up, spread evenly over the training split: only their headers are read.
_LOOKED_AT = 100
_SIZES = {"small": "fewer than 20,000", "medium": "20,000 to 499,999", "large": "500,000 or more"}


def data_size_notes(config: Config, options: Any, training: Examples) -> tuple[str, ...]:
    """Sentences on the length that `for: by-data-size` came to; none where no stage has it.

    Args:
        config: of the run.
        options: of the task.
        training: the training split.
    """
    stages = [number for number, stage in enumerate(config.finetune.stages) if stage.duration == BY_DATA_SIZE]
    if not stages:
        return ()
    assert config.data.batch_size != "auto", "in numbers before anything is prepared"
    examples, batch = len(training), min(config.data.batch_size, len(training))
    length = training_length(examples, batch)
    keys = " and ".join(f"finetune.stages.{number}.for" for number in stages)
    counts = (
        f"{keys}: by-data-size is {length.steps:,} steps of {batch} examples, as many examples as "
        f"{length.steps_of_512:,} steps of 512, by BiT's rule for {_SIZES[length.size]} training examples "
        f"(here {examples:,})."
    )
    return (counts, _wants(options, training, batch))


def _wants(options: Any, training: Examples, batch: int) -> str:
    """What the rule says besides, that is up to the task's options."""
    sides = _typical_sides(training)
    if sides is None:
        return "BiT's rule was tried on pictures only; that it fits other data is not known."
    rule = data_size_schedule(len(training), *sides, batch)
    mixup = f"MixUp {rule.mixup_alpha:g}" if rule.mixup_alpha else "no MixUp"
    named = [str(change.name) for change in getattr(options, "augment", ())]
    size = getattr(options, "train_image_size", None) or getattr(options, "image_size", None)
    has = f"options.image_size {size}" if size else "pictures of the backbone's own size"
    return (
        f"BiT's rule asks for pictures of {rule.resize_pixels} pixels cropped to {rule.crop_pixels}, flips and {mixup} "
        f"for these data; that is up to the task's options, and no plan sets it. This run has {has}, and "
        f"in options.augment {', '.join(named) if named else 'nothing'}."
    )


def _typical_sides(training: Examples) -> tuple[int, int] | None:
    """Height and width of the picture of median area, of a sample; None for what are no pictures."""
    if training.kind == "field-guide":
        return FIELD_GUIDE_PIXELS, FIELD_GUIDE_PIXELS
    if training.kind != "image-file":
        return None
    step = max(len(training) // _LOOKED_AT, 1)
    found = [sides for path in list(training.inputs[::step]) if (sides := _sides(path)) is not None]
    if not found:
        return None
    area = statistics.median_low(height * width for height, width in found)
    return next(sides for sides in found if sides[0] * sides[1] == area)


def _sides(path: str) -> tuple[int, int] | None:
    try:
        # Only the head of a file is read; a picture in an archive comes whole.
        with PIL.Image.open(io.BytesIO(read_inside(path)) if is_inside(path) else path) as picture:
            return picture.height, picture.width
    except (OSError, ValueError, PIL.Image.DecompressionBombError):
        return None  # unreadable to Pillow is for the reader of pictures to tell
