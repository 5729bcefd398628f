"""The keys of `finetune`: the plan, what is trained, in which order, and how."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ftsuite.config import checks
from ftsuite.config.durations import Duration
from ftsuite.config.intervals import Interval
from ftsuite.config.kept_weights import (
    L2SpConfig,
    LoraConfig,
    frozen_statistics,
    one_hold_on_the_start,
    stages_fit_kept_weights,
)
from ftsuite.config.scope import TrainScope
from ftsuite.config.section import Section


class OptimizerConfig(Section):
    """How weights are updated."""

    name: Literal["adamw", "sgd", "lion", "muon"] = Field(
        "adamw",
        description="The optimizer: AdamW (Loshchilov and Hutter, 2019), gradient descent with momentum, Lion (Chen et "
        "al., 2023; a third to a tenth of AdamW's learning rate) or Muon (Jordan et al., 2024; AdamW's learning rate; "
        "for transformers, whose embeddings, vectors and head it leaves to Adam).",
    )
    weight_decay: float | None = Field(
        None,
        ge=0,
        lt=1,
        validate_default=True,
        description="Decoupled decay, scaled by the learning rate; off for biases and normalization. Null for the "
        "optimizer's own: 0.01, with sgd 0.001, with lion 0.1.",
    )
    beta_1: float | None = Field(
        None,
        ge=0,
        lt=1,
        validate_default=True,
        description="Decay of the running mean of gradients; for adamw, lion and muon (its Adam part). Null for 0.9.",
    )
    beta_2: float | None = Field(
        None,
        ge=0,
        lt=1,
        validate_default=True,
        description="Decay of the running mean of squared gradients, of gradients with lion; for adamw, lion and muon "
        "(its Adam part). Null for 0.999, with lion 0.99.",
    )
    momentum: float | None = Field(
        None,
        ge=0,
        lt=1,
        validate_default=True,
        description="Share of the last update in the next one; for sgd and muon. Null for 0.9, with muon 0.95.",
    )
    nesterov: bool | None = Field(
        None,
        validate_default=True,
        description="Look ahead along the momentum; for sgd and muon. Null for true.",
    )
    clip_norm: float | None = Field(
        1.0,
        gt=0,
        description="Longest global norm of the gradients of an update; null leaves them as they are. Off where "
        "`clip_value` is given.",
    )
    clip_value: float | None = Field(
        None, gt=0, description="Largest entry of a gradient, instead of `clip_norm`; null leaves them as they are."
    )
    accumulate_steps: int = Field(
        1,
        ge=1,
        le=10_000,
        description="Batches whose mean gradient makes one update, for batches larger than memory holds. Durations, "
        "warm-up and schedules go on counting batches. No update reaches into the next stage.",
    )

    _clip_default = model_validator(mode="before")(checks.clip_value_replaces_norm)
    _own_keys = field_validator(*checks.OPTIMIZER_BOUND_KEYS)(checks.key_fits_optimizer)
    _one_clip = field_validator("clip_value")(checks.one_kind_of_clipping)


class RuleConfig(Section):
    """What holds for the variables that a pattern matches, in every stage."""

    match: str = Field(
        min_length=1,
        description="Pattern of `block/path of the variable`; `*` stands for any text, slashes as well: "
        "`embeddings/*`, `*/bias`. Of the rules that match a variable, the first that gives a property decides it.",
    )
    learning_rate_factor: float | None = Field(
        None,
        gt=0,
        le=1000,
        description="Factor on the learning rate of the stage, instead of the one by `layer_decay`.",
    )
    weight_decay: float | None = Field(
        None, ge=0, lt=1, description="Decoupled decay of these variables, instead of the optimizer's."
    )
    freeze: bool | None = Field(
        None,
        validate_default=True,
        description="`true`: never trained; `false`: trained with their block, whatever a later rule says.",
    )

    _says_something = field_validator("freeze")(checks.rule_says_something)


class EmaConfig(Section):
    """The exponential moving average of the weights, which is judged and kept in place of the last weights."""

    decay: float = Field(
        0.99,
        gt=0,
        lt=1,
        description="Share of the average that stays at each update; it remembers about 1 / (1 - decay) updates.",
    )


class EarlyStoppingConfig(Section):
    """When a stage ends before its time; the best weights are kept."""

    metric: Literal["log_loss", "accuracy", "macro_f1"] = Field(
        "log_loss", description="The validation metric that must improve."
    )
    patience: Duration = Field(
        Duration.parse("5 epochs"), description="How long a stage goes on without an improvement."
    )

    _patience = field_validator("patience")(checks.duration_is_positive)


class CheckpointConfig(Section):
    """What is kept of a run while it trains, so that a stopped one goes on to the same result."""

    every: Interval = Field(
        Interval.parse("2 minutes"),
        description="How long training goes on without a checkpoint; one is also written at the end of each stage and "
        "where a run is stopped.",
    )
    keep: int = Field(2, ge=1, le=1000, description="Checkpoints that are kept, the newest ones.")


class StageConfig(Section):
    """One stage of the plan: what is trained, for how long, at which rate."""

    train: TrainScope = Field(
        description="What this stage trains, always with the head: so many blocks of the backbone or `P%` of them "
        "(above 0, rounded up), from its output (`last`) or its input (`first`); blocks by name (none twice, in quotes "
        "within braces); the `biases` of all blocks, with the offsets of normalizations; or `all`."
    )
    duration: Duration = Field(alias="for", description="How long, in epochs or steps.")
    learning_rate: float = Field(gt=0, le=100, description="Highest learning rate of the stage.")
    layer_decay: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Factor on the rate from each block to the one below it; 1 is one rate for all.",
    )
    schedule: Literal["cosine", "constant", "linear", "one-cycle", "inverse-sqrt"] = Field(
        "cosine",
        description="Course of the rate after the warm-up: `constant`; to zero by `cosine` or in a `linear` way; "
        "`one-cycle`, down as long as it went up and then to almost nothing (Smith and Topin, 2019); `inverse-sqrt` of "
        "the step (Vaswani et al., 2017).",
    )
    warmup: Duration | None = Field(
        None,
        validate_default=True,
        description="Length of the linear rise of the rate; a percentage is one of the stage. Null for `0%`, with "
        "one-cycle `30%`, with inverse-sqrt `10%`.",
    )

    _duration = field_validator("duration")(checks.duration_is_absolute)
    _warmup_default = field_validator("warmup")(checks.warmup_fits_schedule)
    _warmup = field_validator("warmup")(checks.warmup_fits_stage)


def default_stages() -> tuple[StageConfig, ...]:
    """The plan of a config that names no stages: head, last two blocks, everything."""
    rows: tuple[dict[str, Any], ...] = (
        {"train": "head", "for": "5 epochs", "learning_rate": 1e-3},
        {"train": "last 2", "for": "5 epochs", "learning_rate": 3e-4, "layer_decay": 0.75},
        {"train": "all", "for": "10 epochs", "learning_rate": 1e-4, "layer_decay": 0.75, "warmup": "10%"},
    )
    return tuple(StageConfig.model_validate(row) for row in rows)


class FinetuneConfig(Section):
    """The plan: what is trained, in which order, and how.

    `plan` is a name here and no more: its values are laid in where a config is loaded.
    """

    plan: str | None = Field(
        None,
        min_length=1,
        description="A plan by name (`ftsuite list plans`) or by the path of its file, relative to this one. What "
        "stands beside `plan` holds against the plan; an extended config does not, nor this file where `--set` names "
        "the plan.",
    )
    batch_norm: Literal["frozen-stats", "train", "recalibrate"] = Field(
        "frozen-stats",
        description="Statistics of BatchNorm: kept as pretrained, trained with the rest, or measured anew.",
    )
    optimizer: OptimizerConfig = Field(OptimizerConfig(), description="How weights are updated.")
    rules: tuple[RuleConfig, ...] = Field(
        (), description="Learning rates, weight decays and freezing by the names of variables; the first match decides."
    )
    lora: LoraConfig | None = Field(
        None,
        description="Train changes of low rank in place of the backbone's weights (Hu et al., 2021), in the blocks "
        "that a stage names; they are added to the weights at the end. `{}` for the defaults, null for none.",
    )
    l2_sp: L2SpConfig | None = Field(
        None,
        description="Pull the backbone's weights toward their start (Li et al., 2018) in place of weight decay, except "
        "where one of the `rules` gives a `weight_decay`; null for none.",
    )
    ema: EmaConfig | None = Field(
        None, description="Judge and keep averaged weights (Polyak and Juditsky, 1992); null keeps the last ones."
    )
    label_smoothing: float = Field(0.1, ge=0, lt=1, description="Share of the target spread over all classes.")
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="Weigh the loss by the inverse frequency of the class, or not."
    )
    focal_gamma: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Focal loss (Lin et al., 2017): how much less the examples count that are already right; 2 is "
        "usual, 0 is plain cross-entropy.",
    )
    early_stopping: EarlyStoppingConfig | None = Field(
        EarlyStoppingConfig(), description="When a stage ends before its time; null turns it off."
    )
    cache: Literal["auto", "off", "memory", "disk"] = Field(
        "auto",
        description="Keep what frozen blocks make of each example, and train only what follows: in memory, on the disk "
        "(where other runs find it), or auto: in memory, else on the disk, where it saves time and there is room.",
    )
    views: int = Field(
        4,
        ge=1,
        le=1000,
        description="Augmented views of each training example that the cache keeps; each epoch shows one of them. 1 "
        "keeps one that is not augmented.",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="What layers compute in; weights stay float32, and the model that is kept computes in float32. "
        "auto is bfloat16 on an accelerator that has it, else float32. float16 scales the loss.",
    )
    gradient_checkpointing: bool = Field(
        False,
        description="Compute the insides of transformer layers again on the way back instead of keeping them: less "
        "memory for more time, the same result.",
    )
    xla: bool | Literal["auto"] = Field(
        "auto",
        description="Compile training steps by XLA: auto where it pays, which is not on a CPU. JAX always does.",
    )
    checkpoints: CheckpointConfig = Field(CheckpointConfig(), description="What is kept of a run while it trains.")
    loss_limit: float | None = Field(
        None,
        gt=0,
        description="A training step with a higher loss ends the run as diverged; null for 10 times the loss of a "
        "guess (the logarithm of the number of classes), and at least 20.",
    )
    stages: tuple[StageConfig, ...] = Field(
        default_factory=default_stages, min_length=1, description="The stages, in their order."
    )

    _kept_statistics = field_validator("lora")(frozen_statistics)
    _kept_start = field_validator("l2_sp")(one_hold_on_the_start)
    _kept_stages = field_validator("stages")(stages_fit_kept_weights)
