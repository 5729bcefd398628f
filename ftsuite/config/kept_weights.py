"""The keys of `finetune` that hold on to the pretrained weights while others train: `lora` and `l2_sp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationInfo

from ftsuite.config.checks import OPTIMIZER_DEFAULTS, crossed
from ftsuite.config.section import Section
from ftsuite.config.words import number_text

if TYPE_CHECKING:
    from ftsuite.config.stage import StageConfig


class LoraConfig(Section):
    """Changes of low rank that train in place of the backbone's weights (LoRA of Hu et al., 2021)."""

    rank: int = Field(8, ge=1, le=1024, description="Rank of the change of each kernel; 4 to 16 is usual.")
    alpha: float | None = Field(
        None,
        gt=0,
        le=100_000,
        description="The changes count `alpha / rank`; null for the rank itself, which is a factor of 1.",
    )
    targets: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        ("all",),
        min_length=1,
        description="The layers that change: `attention`, `dense` (those of attention among them), `convolution`, "
        "`all`, or patterns of layer paths, where `*` stands for any text: `*/query`. A layer whose adapter would have "
        "more than half of its weights is left out and named.",
    )
    biases: bool = Field(False, description="Train the biases of these layers as well.")


class L2SpConfig(Section):
    """A pull of the pretrained weights toward their start, in place of weight decay (L2-SP of Li et al., 2018)."""

    alpha: float = Field(
        ge=0,
        lt=1000,
        description="Pull of the backbone's weights to where they were when this training began. Each update takes "
        "them `learning rate * alpha` of the way back, however long the gradients are.",
    )
    beta: float = Field(
        0.01, ge=0, lt=1, description="Decay of the new head, scaled by the learning rate; off for its biases."
    )


def frozen_statistics(value: LoraConfig | None, info: ValidationInfo) -> LoraConfig | None:
    """Statistics of BatchNorm train with the layer's other weights, and adapters leave those alone."""
    if value is not None and info.data.get("batch_norm") == "train":
        raise crossed(
            "{name} must not stand beside finetune.batch_norm: train, because no BatchNorm layer trains with it. "
            "Received: both",
            "Write `batch_norm: recalibrate`, which measures the statistics anew at the end, or `frozen-stats`.",
        )
    return value


def one_hold_on_the_start(value: L2SpConfig | None, info: ValidationInfo) -> L2SpConfig | None:
    """L2-SP pulls what LoRA freezes, and takes the place of weight decay."""
    if value is None:
        return value
    if info.data.get("lora") is not None:
        raise crossed(
            "{name} and finetune.lora must not stand together: LoRA leaves nothing to pull back. Received: both",
            "Remove one of them (write `l2_sp: null` or `lora: null` where another config sets it).",
        )
    optimizer = info.data.get("optimizer")
    decay = getattr(optimizer, "weight_decay", None)
    if optimizer is not None and decay and decay != OPTIMIZER_DEFAULTS[optimizer.name]["weight_decay"]:
        raise crossed(
            "{name} takes the place of finetune.optimizer.weight_decay. "
            f"Received: both, and a weight_decay of {number_text(decay)}",
            "Remove `weight_decay`: alpha holds the backbone, and beta decays the head.",
        )
    return value


def stages_fit_kept_weights(value: Sequence[StageConfig], info: ValidationInfo) -> Any:
    """Stages that LoRA and L2-SP can work in."""
    lora, l2_sp = info.data.get("lora"), info.data.get("l2_sp")
    if lora is not None and any(stage.train.kind == "biases" for stage in value):
        raise crossed(
            "{name} must name blocks to adapt where finetune.lora is given. Received: a stage with `train: biases`",
            "Write `train: all` with `lora: {biases: true}`, or remove `lora`.",
        )
    highest = max(stage.learning_rate for stage in value)
    if l2_sp is not None and highest * l2_sp.alpha >= 1:
        raise crossed(
            "The learning rate times finetune.l2_sp.alpha must be below 1, or an update takes weights beyond their "
            f"start. Received: {number_text(highest)} * {number_text(l2_sp.alpha)} in {{name}}",
            "Lower `alpha` or the learning rate.",
        )
    return value
