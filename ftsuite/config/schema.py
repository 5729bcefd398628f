"""The keys of a config. Frozen; an unknown key is an error; every key says what it does.

The descriptions are what `ftsuite config schema`, the reference in the documentation and error messages show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from ftsuite.config import checks
from ftsuite.config.finetune import CheckpointConfig, EarlyStoppingConfig, FinetuneConfig
from ftsuite.config.kept_weights import L2SpConfig, LoraConfig
from ftsuite.config.optimizer import EmaConfig, OptimizerConfig, RuleConfig
from ftsuite.config.section import Section
from ftsuite.config.stage import StageConfig

__all__ = [
    "BackboneConfig",
    "CheckpointConfig",
    "Config",
    "DataConfig",
    "EarlyStoppingConfig",
    "EmaConfig",
    "EvaluationConfig",
    "ExampleLimits",
    "ExamplesPerClass",
    "FinetuneConfig",
    "HeadConfig",
    "L2SpConfig",
    "LoraConfig",
    "OptimizerConfig",
    "RuleConfig",
    "StageConfig",
]

_PATHS = "A relative path is taken from the current directory."

Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Column = Annotated[str, Field(min_length=1)]


class ExamplesPerClass(Section):
    """How many pictures of each species the field guide draws."""

    train: int = Field(30, ge=1, le=100_000, description="Training pictures of each species.")
    validation: int = Field(10, ge=1, le=100_000, description="Validation pictures of each species.")
    test: int = Field(25, ge=1, le=100_000, description="Test pictures of each species.")


class ExampleLimits(Section):
    """The most examples of each split that are used; chosen by content and seed, each class by its share."""

    train: int | None = Field(None, ge=1, description="Training examples; null for all.")
    validation: int | None = Field(None, ge=1, description="Validation examples; null for all.")
    test: int | None = Field(None, ge=1, description="Test examples; null for all.")


class DataConfig(Section):
    """What to train on, and how it is split and read."""

    source: str = Field(
        description="Where the examples are: `folder:PATH`, `csv:PATH`, `jsonl:PATH`, `parquet:PATH`, "
        "`records:PATH` (what `ftsuite data prepare` writes), `tfds:NAME[:VERSION]`, `asset:NAME`, `field-guide` "
        f"(birds that the suite renders) or a bare path, which is taken for what it is. {_PATHS}"
    )
    batch_size: Annotated[int, Field(ge=1, le=65_536)] | Literal["auto"] = Field(
        32,
        description="Examples in one training step; `auto` tries which part of `finetune.optimizer.global_batch_size` "
        "memory holds, and writes it into the run's own config. Durations in steps are then of the global batch.",
    )
    validation_fraction: Fraction = Field(
        0.15,
        description="Share of the training examples for validation, where the source has no such split.",
    )
    test_fraction: Fraction = Field(
        0.2,
        validate_default=True,
        description="Share of all examples for the test, where the source has no such split.",
    )
    bad_files: Literal["error", "skip"] = Field(
        "error", description="What to do with a file that cannot be read: stop, or leave it out and say so."
    )
    duplicates: Literal["keep", "drop"] = Field(
        "keep",
        description="Examples with exactly the same content: keep them (never on both sides of a split), or use the "
        "first of each.",
    )
    limit: ExampleLimits = Field(ExampleLimits(), description="Use at most so many examples of each split.")
    streaming: bool = Field(
        False,
        description="Read texts from the disk while training, in bounded memory, for a corpus larger than memory; for "
        "`jsonl:` only.",
    )
    data_dir: str | None = Field(
        None, min_length=1, description=f"Folder of prepared TensorFlow data sets; for `tfds:` only. {_PATHS}"
    )
    manual_dir: str | None = Field(
        None, min_length=1, description=f"Folder of archives fetched by hand; for `tfds:` only. {_PATHS}"
    )
    image_column: Column | None = Field(None, description="Column with the path of the picture; for tables.")
    text_column: Column | None = Field(None, description="Column with the text; for tables.")
    label_column: Column | None = Field(None, description="Column with the name of the class; for tables.")
    group_column: Column | None = Field(
        None, description="Column whose equal values must not lie on both sides of a split; for tables."
    )
    examples_per_class: ExamplesPerClass | None = Field(
        None,
        validate_default=True,
        description="How many pictures to draw; for the source `field-guide` only.",
    )

    _batches = field_validator("batch_size", mode="wrap")(checks.one_problem)
    _source = field_validator("source")(checks.source_has_known_form)
    _streaming = field_validator("streaming")(checks.streaming_fits_source)
    _fractions = field_validator("test_fraction")(checks.fractions_leave_training)
    _bound = field_validator(*checks.SOURCE_BOUND_KEYS)(checks.key_fits_source)

    @field_validator("examples_per_class")
    @classmethod
    def _field_guide_has_counts(cls, value: ExamplesPerClass | None, info: ValidationInfo) -> Any:
        return ExamplesPerClass() if value is None and info.data.get("source") == "field-guide" else value


class BackboneConfig(Section):
    """The pretrained model to start from."""

    name: str = Field(
        min_length=1,
        description="A name of `ftsuite list backbones`, a keras-hub preset, or the folder of a local preset "
        f"(written with a slash, as `./my-preset`). {_PATHS}",
    )
    weights: Literal["pretrained", "none"] = Field(
        "pretrained", description="Start from the pretrained weights, or (for comparison) from random ones."
    )


class HeadConfig(Section):
    """The new layers on top of the backbone."""

    dropout: float = Field(0.2, ge=0, lt=1, description="Share of the features that dropout zeroes in training.")


class EvaluationConfig(Section):
    """How the figures of the test are made."""

    headline: Literal["accuracy", "macro_f1"] | None = Field(
        None, description="The metric to lead with; null for the task's own choice."
    )
    baseline: bool = Field(
        True,
        description="Measure TF-IDF with logistic regression on the same split beside the model, where the inputs are "
        "texts.",
    )
    learning_curve: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (),
        description="Numbers of training examples to train with as well, by the same plan from the same start, to see "
        "what more data would bring; each costs its share of the training time.",
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="Confidence of the intervals.")
    bootstrap_samples: int = Field(2000, ge=10, le=1_000_000, description="Resamples of the bootstrap.")


class Config(Section):
    """A whole job."""

    summary: str | None = Field(None, description="One line that `ftsuite list configs` shows.")
    task: str = Field(min_length=1, description="The kind of job: a name of `ftsuite list tasks`.")
    seed: int = Field(0, ge=0, lt=2**32, description="Everything random follows from it.")
    deterministic: bool | None = Field(
        None,
        description="Use deterministic operations: the same seed gives the same figures on one machine. Null does so "
        "on a CPU, where it is free, and not on an accelerator, where it costs speed.",
    )
    data: DataConfig = Field(description="What to train on.")
    backbone: BackboneConfig = Field(description="The pretrained model to start from.")
    head: HeadConfig = Field(HeadConfig(), description="The new layers on top of the backbone.")
    options: Mapping[str, Any] = Field({}, description="Options of the task; each task has its own.")
    finetune: FinetuneConfig = Field(default_factory=FinetuneConfig, description="The plan.")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), description="How the figures of the test are made.")

    _updates = field_validator("finetune")(checks.batches_make_updates)
