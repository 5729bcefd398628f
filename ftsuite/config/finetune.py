"""The keys of `finetune`: the plan, what is trained, in which order, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ftsuite.config import checks, imbalance
from ftsuite.config.durations import Duration
from ftsuite.config.intervals import Interval
from ftsuite.config.kept_weights import (
    L2SpConfig,
    LoraConfig,
    frozen_statistics,
    one_hold_on_the_start,
    stages_fit_kept_weights,
)
from ftsuite.config.optimizer import EmaConfig, OptimizerConfig, RuleConfig
from ftsuite.config.section import Section
from ftsuite.config.stage import StageConfig, default_stages
from ftsuite.config.wise_ft import WiseFtConfig, wise_ft_has_two_ends


class EarlyStoppingConfig(Section):
    """When a stage ends before its time; the best weights are kept."""

    metric: str = Field(
        "log_loss",
        min_length=1,
        # Which names a task knows is checked when it is made, before data are read.
        description="The validation metric that must improve: log_loss, accuracy or macro_f1; of a task with metrics "
        "of its own loss or one of these, and log_loss stands for the loss there.",
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
    class_weights: imbalance.ClassWeights = imbalance.CLASS_WEIGHTS
    class_weights_beta: float | None = imbalance.CLASS_WEIGHTS_BETA
    logit_adjustment: float = imbalance.LOGIT_ADJUSTMENT
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
        "guess (the logarithm of the number of classes), and at least 20; of a task without classes 100 times the loss "
        "of a guess or of the untrained model.",
    )
    stages: tuple[StageConfig, ...] = Field(
        default_factory=default_stages, min_length=1, description="The stages, in their order."
    )
    wise_ft: WiseFtConfig | None = Field(
        None,
        description="Keep a model between the end of the head's own stage (the last before the backbone trains) and "
        "that of the last stage: the mean of their weights (WiSE-FT, Wortsman et al., 2022), for data unlike the "
        "training split. Null keeps the last one; `{}` turns it on.",
    )

    _weights = field_validator("class_weights", mode="wrap")(imbalance.weights_are_numbers)
    _beta = field_validator("class_weights_beta")(imbalance.beta_has_its_weights)
    _adjustment = field_validator("logit_adjustment")(imbalance.adjustment_is_the_only_correction)
    _kept_statistics = field_validator("lora")(frozen_statistics)
    _kept_start = field_validator("l2_sp")(one_hold_on_the_start)
    _kept_stages = field_validator("stages")(stages_fit_kept_weights)
    # Below the stages that it looks at.
    _wise_ft = field_validator("wise_ft")(wise_ft_has_two_ends)
