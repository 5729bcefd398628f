"""A config's rules for variables, its optimizer's defaults, and what a stage makes of them."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from ftsuite.config import FinetuneConfig, OptimizerConfig
from ftsuite.config.schema import RuleConfig, StageConfig
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block
from ftsuite.models.freezing import set_trainable
from ftsuite.optim.optimizers import AdamW, Lion, Muon, make_optimizer, optimizer_of
from ftsuite.optim.rules import VariableRule
from ftsuite.training.plan import Stage, all_blocks, resolve_stages

STAGES = [{"train": "last 1", "for": "2 epochs", "learning_rate": 0.1, "layer_decay": 0.5}]


@pytest.fixture(scope="module")
def model() -> Any:
    keras.utils.clear_session(free_memory=False)
    features = inputs = keras.Input((4,))
    for name in ("below", "above"):
        features = keras.layers.Dense(4, name=name)(features)
        features = keras.layers.BatchNormalization(name=f"{name}_norm")(features)
    return keras.Model(inputs, keras.layers.Dense(2, name="classes")(features))


@pytest.fixture
def blocks(model: Any) -> tuple[Block, ...]:
    weights = {name: tuple(v for v in model.weights if v.path.startswith(name)) for name in ("below", "above")}
    return all_blocks(model, [Block(name, variables) for name, variables in weights.items()])


def _stage(blocks: tuple[Block, ...], rules: list[dict[str, Any]], stages: Any = STAGES) -> Stage:
    finetune = FinetuneConfig.model_validate({"stages": stages, "rules": rules})
    return resolve_stages(finetune, blocks, steps_per_epoch=10)[0]


def test_without_rules_blocks_and_shapes_decide(blocks: tuple[Block, ...]) -> None:
    found = _stage(blocks, []).rules(blocks, 0.02)
    assert len(found) == sum(len(block.variables) for block in blocks)
    assert found["below/kernel"] == VariableRule(0.5, 0.02)
    assert found["above/kernel"] == VariableRule(1.0, 0.02)
    assert found["above_norm/gamma"] == VariableRule(1.0, 0.0)
    assert found["classes/bias"] == VariableRule(1.0, 0.0)


def test_the_first_rule_that_gives_a_property_decides_it(blocks: tuple[Block, ...]) -> None:
    rules = [
        {"match": "below/*/kernel", "weight_decay": 0.3},
        {"match": "*/kernel", "learning_rate_factor": 2.0, "weight_decay": 0.1},
        {"match": "below/*", "learning_rate_factor": 9.0},
        {"match": "head/*", "weight_decay": 0.0},
    ]
    found = _stage(blocks, rules).rules(blocks, 0.02)
    assert found["below/kernel"] == VariableRule(2.0, 0.3)
    assert found["below/bias"] == VariableRule(9.0, 0.0)
    assert found["above/kernel"] == VariableRule(2.0, 0.1)
    assert found["classes/kernel"] == VariableRule(2.0, 0.1)
    assert found["classes/bias"] == VariableRule(1.0, 0.0)


def test_freezing_reaches_into_a_block_and_only_what_a_stage_trains_thaws(
    model: Any, blocks: tuple[Block, ...]
) -> None:
    rules = [{"match": "above/above/bias", "freeze": False}, {"match": "above/*", "freeze": True}]
    stage = _stage(blocks, rules)
    assert stage.trained == ("above", "head")
    part = {block.name: [v.path for v in block.variables] for block in stage.trained_part(blocks)}
    assert part == {"below": [], "above": ["above/bias"], "head": ["classes/kernel", "classes/bias"]}
    assert not stage.trains("below", blocks[0].variables[0])
    set_trainable(model, stage.trained_part(blocks), stage.trained, "train")
    assert [v.path for v in model.trainable_variables] == ["above/bias", "classes/kernel", "classes/bias"]
    assert not model.get_layer("above_norm").trainable
    set_trainable(model, blocks, ["below", "above", "head"], "train")
    assert len(model.trainable_variables) == 10


def test_a_block_that_is_frozen_whole_is_no_part_of_the_stage(blocks: tuple[Block, ...]) -> None:
    assert _stage(blocks, [{"match": "above/*", "freeze": True}]).trained == ("head",)
    with pytest.raises(ConfigError, match=r"finetune\.stages\.0 must train something"):
        _stage(blocks, [{"match": "*", "freeze": True}])


def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_path(blocks: tuple[Block, ...]) -> None:
    rules = [{"match": "head/*", "weight_decay": 0.0}, {"match": "blow/*/kernel", "freeze": True}]
    with pytest.raises(ConfigError, match=r"finetune\.rules\.1\.match .*Received: 'blow/\*/kernel'") as caught:
        _stage(blocks, rules)
    assert caught.value.advice == "The nearest variable is `below/below/kernel`."
    with pytest.raises(ConfigError) as caught:
        _stage(blocks, [{"match": "clases/bias", "weight_decay": 0.0}])
    assert caught.value.advice == "The nearest variable is `head/classes/bias`."


DEFAULTS: dict[str, dict[str, Any]] = {
    "adamw": {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999, "momentum": None, "nesterov": None},
    "sgd": {"weight_decay": 0.001, "beta_1": None, "beta_2": None, "momentum": 0.9, "nesterov": True},
    "lion": {"weight_decay": 0.1, "beta_1": 0.9, "beta_2": 0.99, "momentum": None, "nesterov": None},
    "muon": {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999, "momentum": 0.95, "nesterov": True},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_optimizer_has_its_own_defaults_and_reads_its_own_dump(name: str) -> None:
    config = OptimizerConfig.model_validate({"name": name})
    assert config.model_dump(include=set(DEFAULTS[name])) == DEFAULTS[name]
    assert OptimizerConfig.model_validate(config.model_dump()) == config


def test_clipping_by_value_replaces_the_default_of_clipping_by_norm() -> None:
    assert OptimizerConfig().clip_norm == 1.0
    by_value = OptimizerConfig.model_validate({"clip_value": 0.5})
    assert (by_value.clip_norm, by_value.clip_value) == (None, 0.5)
    assert OptimizerConfig.model_validate(by_value.model_dump()) == by_value


@pytest.mark.parametrize(
    ("schedule", "warmup"), [("cosine", "0%"), ("one-cycle", "30%"), ("inverse-sqrt", "10%"), ("constant", "0%")]
)
def test_each_schedule_has_its_own_warmup(blocks: tuple[Block, ...], schedule: str, warmup: str) -> None:
    row = {**STAGES[0], "schedule": schedule}
    assert str(StageConfig.model_validate(row).warmup) == warmup
    stage = _stage(blocks, [], [row])
    assert stage.warmup_steps == int(warmup[:-1]) * 20 // 100
    assert stage.learning_rates(7).get_config() == {
        "peak": 0.1,
        "total_steps": 20,
        "warmup_steps": stage.warmup_steps,
        "name": schedule,
        "first_step": 7,
    }


def test_the_optimizer_is_the_one_that_the_plan_asks_for() -> None:
    plan = {"optimizer": {"name": "lion", "beta_2": 0.95, "clip_value": 0.5, "accumulate_steps": 3}, "ema": {}}
    optimizer = optimizer_of(FinetuneConfig.model_validate(plan))
    assert isinstance(optimizer, Lion)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.9, 0.95)
    assert (optimizer.clipvalue, optimizer.global_clipnorm) == (0.5, None)
    assert (optimizer.accumulate_steps, optimizer.average_decay) == (3, 0.99)
    muon = optimizer_of(FinetuneConfig.model_validate({"optimizer": {"name": "muon", "beta_1": 0.8}}))
    assert isinstance(muon, Muon)
    assert (muon.adam_beta_1, muon.momentum, muon.global_clipnorm, muon.average_decay) == (0.8, 0.95, 1.0, None)


def test_an_optimizer_is_made_again_from_its_own_config() -> None:
    config = make_optimizer("adamw", 0.8, accumulate_steps=4, average_decay=0.9).get_config()
    again = AdamW.from_config(config)
    assert (again.beta_1, again.accumulate_steps, again.average_decay) == (0.8, 4, 0.9)


def test_a_rule_must_say_something() -> None:
    with pytest.raises(ValueError, match="must give"):
        RuleConfig(match="*")
