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
from ftsuite.training.stage_length import TrainingSize, rate_factor, total_and_warmup_steps

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig, StageConfig, TrainScope
    from ftsuite.config.schema import RuleConfig

HEAD = "head"

_STATISTICS = ("moving_mean", "moving_variance")
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
        milestones: shares of the stage, for the schedule of that name.
        rate_factor: what the config's rate was multiplied by to fit the examples of an update.
        adapter_paths: of the backbone's blocks, train only the variables of these paths; None for all of them.
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
    milestones: tuple[float, ...] = ()
    rate_factor: float = 1.0
    adapter_paths: frozenset[str] | None = None
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
        return StageSchedule(
            self.learning_rate, self.total_steps, self.warmup_steps, self.schedule, first_step, self.milestones
        )

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
        in_scope = (not self.biases_only or _is_offset(variable)) and (
            self.adapter_paths is None or variable.path in self.adapter_paths
        )
        return (
            (in_scope or block_name == HEAD)
            and block_name in self.trained
            and not is_frozen(self.user_rules, full_name(block_name, variable))
        )

    def trained_part(self, blocks: Sequence[Block]) -> tuple[Block, ...]:
        """The same blocks, each with only the variables that this stage trains; a frozen block has none."""
        return tuple(
            Block(block.name, tuple(v for v in block.variables if self.trains(block.name, v))) for block in blocks
        )

    def parameters(self, blocks: Sequence[Block]) -> int:
        """How many weights this stage trains."""
        return parameters_of(self.trained_part(blocks))

    def trainable_share(self, blocks: Sequence[Block]) -> float:
        """The weights that this stage trains, as a share of all, adapters among them."""
        return round(self.parameters(blocks) / max(parameters_of(blocks), 1), 6)


def all_blocks(model: Any, backbone_blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The backbone's blocks and, last, ``head``: every other weight of the model."""
    taken = {id(variable) for block in backbone_blocks for variable in block.variables}
    rest = tuple(variable for variable in model.weights if id(variable) not in taken)
    return (*backbone_blocks, Block(HEAD, rest))


def parameters_of(blocks: Sequence[Block]) -> int:
    """How many weights of the blocks are ones to train: all but the statistics of BatchNorm."""
    return sum(math.prod(v.shape) for block in blocks for v in block.variables if v.name not in _STATISTICS)


def trained_in_any(stages: Sequence[Stage], blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The same blocks, each with only the variables that at least one of the stages trains."""
    return tuple(
        Block(block.name, tuple(v for v in block.variables if any(stage.trains(block.name, v) for stage in stages)))
        for block in blocks
    )


def resolve_stages(
    finetune: FinetuneConfig,
    blocks: Sequence[Block],
    steps_per_epoch: int,
    examples: int = 1,
    batch_size: int = 1,
    adapter_paths: frozenset[str] | None = None,
    image_size: int | None = None,
) -> tuple[Stage, ...]:
    """Make the stages of a config concrete.

    Args:
        finetune: the config's part.
        blocks: all of the model, head last; with adapters, where there are any.
        steps_per_epoch: batches of one pass over the training split.
        examples: of the training split, and
        batch_size: of the config, for lengths and rates that follow from them.
        adapter_paths: see `Stage`.
        image_size: pixels that the model is judged and saved at; None where its inputs are no pictures.

    Raises:
        ConfigError: where a stage asks for blocks that the backbone has not, or for biases and it has none, a milestone
            lies within the warm-up, a rule's pattern matches nothing, the rules leave a stage nothing to train, no
            adapter is in its blocks, L2-SP would pull beyond the start, or a stage gives texts a size.
    """
    require_matches(finetune.rules, [full_name(block.name, v) for block in blocks for v in block.variables])
    size = TrainingSize.of(examples, steps_per_epoch, batch_size, finetune.optimizer.accumulate_steps)
    stages = tuple(
        _resolve(number, stage, finetune.rules, blocks, size, adapter_paths)
        for number, stage in enumerate(finetune.stages)
    )
    for stage in stages:
        _require_bounded_pull(finetune, stage, blocks)
    return tuple(
        replace(stage, image_size=_pixels(stage.number, wanted, image_size))
        for stage, wanted in zip(stages, finetune.stages, strict=True)
    )


def _require_bounded_pull(finetune: FinetuneConfig, stage: Stage, blocks: Sequence[Block]) -> None:
    """An update of L2-SP takes a weight no further than back to its start."""
    if finetune.l2_sp is None:
        return
    rules = stage.rules(blocks, None)
    pulled = [v.path for block in stage.trained_part(blocks) if block.name != HEAD for v in block.variables]
    factor = max((rules[path].multiplier for path in pulled), default=0.0)
    strength = stage.learning_rate * factor * finetune.l2_sp.alpha
    if strength >= 1:
        raise ConfigError(
            f"The highest learning rate of finetune.stages.{stage.number} times finetune.l2_sp.alpha must be below 1, "
            f"or an update takes weights beyond their start. Received: {stage.learning_rate:g} * {factor:g} * "
            f"{finetune.l2_sp.alpha:g}.",
            "Lower `alpha`, the learning rate, or the `learning_rate_factor` of a rule.",
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
    number: int,
    stage: StageConfig,
    rules: Sequence[RuleConfig],
    blocks: Sequence[Block],
    size: TrainingSize,
    adapter_paths: frozenset[str] | None,
) -> Stage:
    total_steps, warmup_steps = total_and_warmup_steps(number, stage, size)
    factor = rate_factor(stage, size)
    wanted = Stage(
        number=number,
        name=str(stage.train),
        trained=_trained_blocks(number, stage.train, blocks),
        total_steps=total_steps,
        steps_per_epoch=size.steps_per_epoch,
        warmup_steps=warmup_steps,
        learning_rate=stage.learning_rate * factor,
        layer_decay=stage.layer_decay,
        schedule=stage.schedule,
        user_rules=tuple(rules),
        biases_only=stage.train.kind == "biases",
        milestones=tuple(float(milestone.amount) / 100 for milestone in stage.milestones or ()),
        rate_factor=factor,
        adapter_paths=adapter_paths,
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
    if stage.adapter_paths is not None and names == (HEAD,) != stage.trained:
        raise ConfigError(
            f"finetune.stages.{stage.number}.train must name blocks with an adapter of finetune.lora that trains. "
            f"Received: {stage.name}, which is {', '.join(stage.trained)}.",
            "Write `train: head` or name more blocks; or widen finetune.lora.targets, or lower finetune.lora.rank.",
        )
    return names
