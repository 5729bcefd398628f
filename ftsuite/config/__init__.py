"""Configs: YAML 1.2 files to validated, frozen settings in which every value knows where it came from."""

from __future__ import annotations

from ftsuite.config.dump import dump_yaml
from ftsuite.config.durations import Duration
from ftsuite.config.image_size import ImageSize
from ftsuite.config.load import LoadedConfig, load_config, shipped_summaries
from ftsuite.config.locate import shipped_configs
from ftsuite.config.origins import Origin
from ftsuite.config.overrides import quoted_override
from ftsuite.config.plans import Plan, plan_summaries, shipped_plans
from ftsuite.config.problems import Problem, WrongConfigError
from ftsuite.config.sample_size import SampleSize
from ftsuite.config.schema import (
    BackboneConfig,
    Config,
    DataConfig,
    EarlyStoppingConfig,
    EvaluationConfig,
    ExampleLimits,
    ExamplesPerClass,
    FinetuneConfig,
    FoldsConfig,
    HeadConfig,
    L2SpConfig,
    LoraConfig,
    OptimizerConfig,
    StageConfig,
)
from ftsuite.config.scope import TrainScope
from ftsuite.config.source import SourceReference, parse_source
from ftsuite.config.source_entry import SourceEntry, entries_of, source_names, source_text, source_weights

__all__ = [
    "BackboneConfig",
    "Config",
    "DataConfig",
    "Duration",
    "EarlyStoppingConfig",
    "EvaluationConfig",
    "ExampleLimits",
    "ExamplesPerClass",
    "FinetuneConfig",
    "FoldsConfig",
    "HeadConfig",
    "ImageSize",
    "L2SpConfig",
    "LoadedConfig",
    "LoraConfig",
    "OptimizerConfig",
    "Origin",
    "Plan",
    "Problem",
    "SampleSize",
    "SourceEntry",
    "SourceReference",
    "StageConfig",
    "TrainScope",
    "WrongConfigError",
    "dump_yaml",
    "entries_of",
    "load_config",
    "parse_source",
    "plan_summaries",
    "quoted_override",
    "shipped_configs",
    "shipped_plans",
    "shipped_summaries",
    "source_names",
    "source_text",
    "source_weights",
]
