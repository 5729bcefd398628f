"""About how long a config will take, by what one example costs."""

from __future__ import annotations

from ftsuite.config import Config
from ftsuite.runs.proposal.sizes import Cost, Sizes

_START_SECONDS = 30.0
# Stages of the last blocks train on what the first ones made, which is kept, and backward through a part.
_LAST_BLOCKS_SHARE = 0.5


def expected_seconds(config: Config, sizes: Sizes, cost: Cost) -> float:
    """Training, validation and test together, for stages in epochs."""
    augments = bool(config.options.get("augment"))
    seconds = _START_SECONDS + cost.forward_seconds(sizes.test)
    for stage in config.finetune.stages:
        epochs = _epochs(str(stage.duration))
        scope = str(stage.train)
        if scope == "head":
            seconds += cost.forward_seconds(sizes.train * (config.finetune.views if augments else 1))
        else:
            share = 1.0 if scope == "all" else _LAST_BLOCKS_SHARE
            seconds += epochs * share * cost.train_seconds(sizes.train)
            seconds += epochs * cost.forward_seconds(sizes.validation)
    return seconds


def _epochs(duration: str) -> float:
    amount, _, unit = duration.partition(" ")
    return float(amount) if unit.startswith("epoch") else 1.0
