"""A config's stages made concrete for one model and one data set: which blocks, how many steps, which rates.

A step is a batch, also where the gradients of several batches make one update.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ftsuite.config.words import nearest
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block
from ftsuite.models.freezing import decays
from ftsuite.optim.patterns import full_name, is_frozen, require_matches
from ftsuite.optim.rules import VariableRule, layerwise_multipliers, variable_rules
from ftsuite.optim.schedules import StageSchedule

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig, StageConfig, TrainScope
    from ftsuite.config.schema import RuleConfig

HEAD = "head"

# What Keras and keras-hub call the additive terms of their layers and normalizations.
_OFFSETS = ("bias", "beta")


@dataclass(frozen=True)
class Stage:
    """One stage, ready to train.

    Attributes:
        number: from 0.
        name: what trains, as the config says it: ``head``, ``last 2``, ``all``.
        trained: names of the blocks of which something trains, in order.
        total_steps: batches.
        steps_per_epoch: steps of a full epoch.
        warmup_steps: of the schedule.
        learning_rate: peak rate of the last block.
        layer_decay: factor from a block's rate to the one before it.
        schedule: shape after warm-up.
        user_rules: the config's, in order.
        biases_only: of the backbone's blocks, train only biases and the offsets of normalizations.
        image_size: pixels of its training pictures, where the config gives the stage a size.
    """

    number: int
    name: str
    trained: tuple[str, ...]
    total_steps: int
    steps_per_epoch: int
    warmup_steps: int
    learning_rate: float
    layer_decay: float
    schedule: Any
    user_rules: tuple[RuleConfig, ...] = ()
    biases_only: bool = False
    image_size: int | None = None

    @property
    def epochs(self) -> int:
        """Epochs begun, the last one perhaps partial."""
        return math.ceil(self.total_steps / self.steps_per_epoch)

    def steps_of_epoch(self, epoch: int) -> int:
        """Steps of the stage's epoch, counted from 0."""
        return min(self.steps_per_epoch, self.total_steps - epoch * self.steps_per_epoch)

    def learning_rates(self, first_step: int) -> StageSchedule:
        """The schedule for an optimizer that has seen `first_step` batches when the stage begins."""
        return StageSchedule(self.learning_rate, self.total_steps, self.warmup_steps, self.schedule, first_step)

    def multipliers(self, blocks: Sequence[Block]) -> dict[str, float]:
        """The share of the rate that each block learns at; the head learns at the full rate like the last block."""
        backbone = [block.name for block in blocks if block.name != HEAD]
        return {**layerwise_multipliers(backbone, self.layer_decay), HEAD: 1.0}

    def rules(self, blocks: Sequence[Block], weight_decay: float | None) -> dict[str, VariableRule]:
        """The rule of each variable for the optimizer.

        Args:
            blocks: all of the model.
            weight_decay: of the optimizer, for kernels and embeddings; None for none.
        """
        named = [(block.name, block.variables) for block in blocks]
        return variable_rules(named, self.multipliers(blocks), weight_decay or 0.0, decays, self.user_rules)

    def trains(self, block_name: str, variable: Any) -> bool:
        """Whether this stage trains a variable of a block, so far as it is one to train."""
        in_scope = not self.biases_only or block_name == HEAD or _is_offset(variable)
        return (
            in_scope and block_name in self.trained and not is_frozen(self.user_rules, full_name(block_name, variable))
        )

    def trained_part(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The same blocks, each with only the variables that this stage trains; a frozen block has none."""
        return tuple(
            Block(block.name, tuple(v for v in block.variables if self.trains(block.name, v))) for block in blocks
        )


def all_blocks(model: Any, backbone_blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The backbone's blocks and, last, ``head``: every other weight of the model."""
    taken = {id(variable) for block in backbone_blocks for variable in block.variables}
    rest = tuple(variable for variable in model.weights if id(variable) not in taken)
    return (*backbone_blocks, Block(HEAD, rest))


def resolve_stages(
    finetune: FinetuneConfig, blocks: Sequence[Block], steps_per_epoch: int, image_size: int | None = None
) -> tuple[Stage, ...]:
    """Make the stages of a config concrete.

    Args:
        finetune: the config's part.
        blocks: all of the model.
        steps_per_epoch: batches of a full epoch.
        image_size: pixels that the model is judged and saved at; None where its inputs are no pictures.

    Raises:
        ConfigError: where a stage asks for blocks that the backbone has not, or for biases and it has none, a rule's
            pattern matches nothing, the rules leave a stage nothing to train, or a stage gives texts a size.
    """
    require_matches(finetune.rules, [full_name(block.name, v) for block in blocks for v in block.variables])
    stages = tuple(
        _resolve(number, stage, finetune.rules, blocks, steps_per_epoch) for number, stage in enumerate(finetune.stages)
    )
    return tuple(
        replace(stage, image_size=_pixels(stage.number, wanted, image_size))
        for stage, wanted in zip(stages, finetune.stages, strict=True)
    )


def _pixels(number: int, stage: StageConfig, shipped: int | None) -> int | None:
    if stage.image_size is None:
        return None
    if shipped is None:
        raise ConfigError(
            f"finetune.stages.{number}.image_size goes with tasks of pictures. Received: {stage.image_size}, and a "
            "task of texts.",
            "Remove `image_size`, or take another plan.",
        )
    return stage.image_size.pixels(shipped)


def _resolve(
    number: int, stage: StageConfig, rules: Sequence[RuleConfig], blocks: Sequence[Block], steps_per_epoch: int
) -> Stage:
    total_steps = stage.duration.to_steps(steps_per_epoch, None)
    warmup = stage.warmup.to_steps(steps_per_epoch, total_steps) if stage.warmup is not None else 0
    wanted = Stage(
        number=number,
        name=str(stage.train),
        trained=_trained_blocks(number, stage.train, blocks),
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        warmup_steps=min(warmup, total_steps - 1),
        learning_rate=stage.learning_rate,
        layer_decay=stage.layer_decay,
        schedule=stage.schedule,
        user_rules=tuple(rules),
        biases_only=stage.train.kind == "biases",
    )
    return replace(wanted, trained=_with_something_to_train(wanted, blocks))


def _trained_blocks(number: int, scope: TrainScope, blocks: Sequence[Block]) -> tuple[str, ...]:
    """The blocks that a scope names, in the order of the model."""
    backbone = [block.name for block in blocks if block.name != HEAD]
    if scope.kind == "biases":
        return (*_blocks_with_offsets(number, blocks), HEAD)
    if scope.kind == "blocks":
        _require_blocks(number, scope, backbone)
        return (*(name for name in backbone if name in scope.names), HEAD)
    if scope.kind not in ("first", "last"):
        return (*backbone, HEAD) if scope.kind == "all" else (HEAD,)
    count = scope.count_of(len(backbone))
    assert count is not None, "`first` and `last` always have one"
    if count > len(backbone):
        raise ConfigError(
            f"finetune.stages.{number}.train asks for the {scope.kind} {count} blocks; this backbone has "
            f"{len(backbone)}: {', '.join(backbone)}. Received: {scope}.",
            "Give a smaller number, or `train: all`.",
        )
    return (*(backbone[:count] if scope.kind == "first" else backbone[len(backbone) - count :]), HEAD)


def _require_blocks(number: int, scope: TrainScope, backbone: Sequence[str]) -> None:
    for name in scope.names:
        if name in backbone:
            continue
        near = nearest(name, backbone)
        advice = f"Did you mean `{near}`?" if near is not None else "Take one of these names."
        raise ConfigError(
            f"finetune.stages.{number}.train must name blocks of this backbone: {', '.join(backbone)}. "
            f"Received: {name!r}.",
            "The head trains in every stage: take it out." if name == HEAD else advice,
        )


def _blocks_with_offsets(number: int, blocks: Sequence[Block]) -> tuple[str, ...]:
    found = tuple(b.name for b in blocks if b.name != HEAD and any(_is_offset(v) for v in b.variables))
    if not found:
        raise ConfigError(
            f"finetune.stages.{number}.train asks for biases. Received: a backbone without any.",
            "Write `train: head`, or train whole blocks by `last N`.",
        )
    return found


def _is_offset(variable: Any) -> bool:
    """Whether a variable is a bias or the offset of a normalization: what BitFit trains."""
    return variable.name in _OFFSETS


def _with_something_to_train(stage: Stage, blocks: Sequence[Block]) -> tuple[str, ...]:
    """The blocks of a stage of which its rules leave something."""
    left = {block.name for block in stage.trained_part(blocks) if block.variables}
    names = tuple(name for name in stage.trained if name in left)
    if not names:
        raise ConfigError(
            f"finetune.stages.{stage.number} must train something. Received: rules that freeze all of "
            f"{', '.join(stage.trained)}.",
            "Take the stage out, or narrow the patterns of the rules with `freeze: true`.",
        )
    return names
