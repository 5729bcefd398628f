"""The keys of a config. Frozen; an unknown key is an error; every key says what it does.

The descriptions are what `ftsuite config schema`, the reference in the documentation and error messages show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from ftsuite.config import checks, grouping, imbalance
from ftsuite.config.finetune import CheckpointConfig, EarlyStoppingConfig, FinetuneConfig
from ftsuite.config.folds import FoldsConfig, folds_fit_data, time_fits_data
from ftsuite.config.kept_weights import L2SpConfig, LoraConfig
from ftsuite.config.optimizer import EmaConfig, OptimizerConfig, RuleConfig
from ftsuite.config.sample_size import SampleSize
from ftsuite.config.section import Section
from ftsuite.config.source_entry import DataSource
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
    "FoldsConfig",
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

    source: DataSource = Field(
        description="Where the examples are: `folder:PATH`, `archive:PATH` (zip or tar), `csv:PATH`, `jsonl:PATH`, "
        "`parquet:PATH`, `huggingface:PATH`, `records:PATH` (what `ftsuite data prepare` writes), "
        "`tfds:NAME[:VERSION]` or `tfds:PATH`, `asset:NAME`, `field-guide` (birds that the suite renders) or a bare "
        f"path, which is taken for what it is. {_PATHS} Or a list of these, or of maps with `source`, `weight` and "
        "columns of their own: several sources together."
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
        "first of each (none of those that stand under several classes).",
    )
    sample: SampleSize | None = Field(
        None,
        description="A quick look: so many of all examples, or such a share of them, chosen by content and seed, each "
        "class by its share, before they are split. A larger sample holds every smaller one; null for all.",
    )
    overlap: Literal["refuse", "allow", "drop-from-training"] = Field(
        "refuse",
        description="What to do where the source's own splits, or a split by time, put examples of the same content or "
        "group on both sides: stop, keep them and say so, or leave those in training out (and those in validation that "
        "are in the test).",
    )
    sampling: imbalance.Sampling = imbalance.SAMPLING
    limit: ExampleLimits = Field(ExampleLimits(), description="Use at most so many examples of each split.")
    cache: Literal["auto", "off", "memory", "disk"] = Field(
        "auto",
        description="Keep decoded training pictures between epochs: in memory, as many as half of what is free holds, "
        "or on the disk, where other runs find them, up to FTSUITE_PICTURES_GIB (10) for all. `auto` keeps photos in "
        "memory if they take a quarter of what is free at most, and drawn pictures on the disk. No choice changes a "
        "pixel; for pictures only.",
    )
    streaming: bool = Field(
        False,
        description="Read texts from the disk while training, in bounded memory, for a corpus larger than memory; for "
        "`jsonl:` only.",
    )
    folds: FoldsConfig | None = Field(
        None, description="Cross-validation in place of one test split; as `ftsuite run CONFIG --folds 5`."
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
    time_column: Column | None = Field(
        None,
        description="Column with the time of each example, for a split forward in time: the newest are the test, those "
        "before them validation, the oldest training. Dates and times in ISO 8601, or numbers (years, seconds); rows "
        "of equal time stay together. Newer rows move the cuts, which `split.json` records. For tables in files.",
    )
    group_pattern: str | None = Field(
        None,
        min_length=1,
        description="A regular expression that is searched for in each example's id (of pictures the path below the "
        "source's folder); what its first group `(…)` matches must not lie on both sides of a split. Examples whose "
        "id it does not fit are groups of their own.",
    )
    manifest: str | None = Field(
        None,
        min_length=1,
        description="A table that `ftsuite data audit --fix` writes: only the examples that it keeps are used, under "
        f"its labels. {_PATHS}",
    )
    examples_per_class: ExamplesPerClass | None = Field(
        None,
        validate_default=True,
        description="How many pictures to draw; for the source `field-guide` only.",
    )

    _batches = field_validator("batch_size", mode="wrap")(checks.one_problem)
    _streaming = field_validator("streaming")(checks.streaming_fits_source)
    _fractions = field_validator("test_fraction")(checks.fractions_leave_training)
    _pattern = field_validator("group_pattern")(grouping.pattern_names_groups)
    _bound = field_validator(*checks.SOURCE_BOUND_KEYS)(checks.key_fits_source)
    _folds = field_validator("folds")(folds_fit_data)
    _time = field_validator("time_column")(time_fits_data)

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

    headline: str | None = Field(
        None,
        min_length=1,
        description="The metric to lead with: accuracy or macro_f1, or one of the task's own metrics; null for the "
        "task's own choice.",
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
    _imbalance = field_validator("finetune")(imbalance.one_correction_of_imbalance)
