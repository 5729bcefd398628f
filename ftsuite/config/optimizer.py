"""The keys of `finetune.optimizer`, `finetune.rules` and `finetune.ema`: how weights are updated."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ftsuite.config import checks
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
        le=65_536,
        description="Batches whose mean gradient makes one update, for batches larger than memory holds. Durations, "
        "warm-up and schedules go on counting batches. No update reaches into the next stage.",
    )
    global_batch_size: int | None = Field(
        None,
        ge=1,
        le=65_536,
        description="Examples whose mean gradient makes one update: a multiple of `data.batch_size`, from which "
        "`accumulate_steps` follows. Null for `accumulate_steps` batches; with `data.batch_size: auto` for 32.",
    )

    _clip_default = model_validator(mode="before")(checks.clip_value_replaces_norm)
    _own_keys = field_validator(*checks.OPTIMIZER_BOUND_KEYS)(checks.key_fits_optimizer)
    _one_clip = field_validator("clip_value")(checks.one_kind_of_clipping)


class RuleConfig(Section):
    """What holds for the variables that a pattern matches, in every stage."""

    match: str = Field(
        min_length=1,
        description="Pattern of `block/path of the variable`; `*` stands for any text, slashes as well: "
        "`embeddings/*`, `*/bias`. LoRA's change of a kernel goes by the kernel's name as well. Of the rules that "
        "match a variable, the first that gives a property decides it.",
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
