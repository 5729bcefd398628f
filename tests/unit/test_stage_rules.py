"""What a stage of adapters trains, and what an optimizer is told of one with L2-SP."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.config import FinetuneConfig, LoraConfig, load_config
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block
from ftsuite.models.freezing import set_trainable
from ftsuite.optim.optimizers import make_optimizer, optimizer_of
from ftsuite.optim.rules import VariableRule
from ftsuite.training.adapters import attach_adapters, merge_measured, planned_adapters
from ftsuite.training.plan import Stage, all_blocks, parameters_of, resolve_stages, trained_in_any
from ftsuite.training.stage_rules import follow_stage

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STAGES = [
    {"train": "head", "for": "1 epochs", "learning_rate": 0.1},
    {"train": "last 1", "for": "1 epochs", "learning_rate": 0.1, "layer_decay": 0.5},
]


@pytest.fixture
def network() -> tuple[Any, Any, tuple[Block, ...]]:
    """Two blocks of a dense layer each, the first of which is too small for a rank of 4, and a head."""
    keras.utils.set_random_seed(0)
    features = inputs = keras.Input((4,))
    features = keras.layers.Dense(32, activation="tanh", name="below")(features)
    features = keras.layers.Dense(24, activation="tanh", name="above")(features)
    backbone = keras.Model(inputs, features)
    model = keras.Model(inputs, keras.layers.Dense(2, name="classes")(backbone(inputs)))
    parts = [Block(name, tuple(v for v in model.weights if v.path.startswith(name))) for name in ("below", "above")]
    return model, backbone, all_blocks(model, parts)


def _resolve(finetune: dict[str, Any], blocks: tuple[Block, ...], paths: frozenset[str] | None) -> tuple[Stage, ...]:
    return resolve_stages(
        FinetuneConfig.model_validate({"stages": STAGES, **finetune}), blocks, 10, adapter_paths=paths
    )


@pytest.mark.parametrize("biases", [False, True])
def test_adapters_train_in_place_of_blocks(network: Any, biases: bool) -> None:
    model, backbone, blocks = network
    paths = [variable.path for variable in model.weights]
    planned = planned_adapters(backbone, blocks, LoraConfig(rank=4, biases=biases), 0)
    assert [variable.path for variable in model.weights] == paths, "planning leaves the model as it is"
    assert planned.layers == 1 and set(planned.left_out) == {"below"}
    assert planned.notes == (
        f"LoRA changes 1 layers and leaves 1 out, which stay frozen: below. Of below: {planned.left_out['below']}.",
    )
    head, last = _resolve({}, planned.blocks, planned.trained_paths)
    assert (head.trained, last.trained) == (("head",), ("above", "head"))
    trained = [v.path for block in last.trained_part(planned.blocks) for v in block.variables]
    own = ["above/lora_a", "above/lora_b", *(["above/bias"] if biases else [])]
    assert trained == [*own, "classes/kernel", "classes/bias"]
    size = 32 * 4 + 4 * 24 + 24 * biases + 24 * 2 + 2
    assert last.parameters(planned.blocks) == size
    assert last.trainable_share(planned.blocks) == pytest.approx(size / parameters_of(planned.blocks), abs=1e-6)
    assert last.rules(planned.blocks, 0.01)["above/lora_b"] == VariableRule(1.0, 0.01)


def test_the_same_adapters_come_each_time_and_merging_keeps_what_they_give(network: Any) -> None:
    model, backbone, _ = network
    lora = LoraConfig(rank=4, alpha=2.0)
    first = attach_adapters(backbone, lora, 3)
    start = [np.asarray(variable).copy() for variable in first.variables]
    for variable in first.variables:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    features = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")
    told = merge_measured(first, model, [features[:3], features[3:]])
    assert (told["layers"], told["left_out"]) == (1, ["below"])
    assert 0 <= told["largest_difference"] < 1e-5
    again = attach_adapters(backbone, lora, 3)
    for variable, value in zip(again.variables, start, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)
    assert not np.array_equal(np.asarray(attach_again(backbone, again, lora)), start[0])


def attach_again(backbone: Any, old: Any, lora: LoraConfig) -> Any:
    """A of another seed."""
    old.remove()
    return attach_adapters(backbone, lora, 4).variables[0]


def test_blocks_without_an_adapter_cannot_be_a_stage(network: Any) -> None:
    _, backbone, blocks = network
    planned = planned_adapters(backbone, blocks, LoraConfig(rank=4), 0)
    stages = [{"train": "first 1", "for": "1 epochs", "learning_rate": 0.1}]
    message = r"finetune\.stages\.0\.train must name blocks with an adapter .*Received: first 1, which is below, head"
    with pytest.raises(ConfigError, match=message):
        _resolve({"stages": stages}, planned.blocks, planned.trained_paths)


def test_only_what_some_stage_trains_needs_moments(network: Any) -> None:
    _, _, blocks = network
    part = trained_in_any(_resolve({}, blocks, None), blocks)
    assert [len(block.variables) for block in part] == [0, 2, 2]


def test_the_backbone_is_pulled_and_the_head_decays(network: Any) -> None:
    model, _, blocks = network
    rules = [{"match": "above/*/bias", "weight_decay": 0.3}]
    finetune = FinetuneConfig.model_validate({"stages": STAGES, "rules": rules, "l2_sp": {"alpha": 3, "beta": 0.02}})
    _, last = resolve_stages(finetune, blocks, 10)
    set_trainable(model, last.trained_part(blocks), last.trained, "frozen-stats")
    optimizer = optimizer_of(finetune)
    optimizer.build(model.trainable_variables)
    follow_stage(optimizer, last, blocks, finetune, model.trainable_variables)
    names = [variable.path for variable in optimizer._trainable_variables]
    assert dict(zip(names, optimizer._pulls, strict=True)) == {
        "above/kernel": 3.0, "above/bias": 0.0, "classes/kernel": 0.0, "classes/bias": 0.0,
    }  # fmt: skip
    decays = {name: rule.weight_decay for name, rule in zip(names, optimizer._rules, strict=True)}
    assert decays == {"above/kernel": 0.0, "above/bias": 0.3, "classes/kernel": 0.02, "classes/bias": 0.0}


def test_a_pull_beyond_the_start_is_refused_whatever_makes_it_so_strong(network: Any) -> None:
    _, _, blocks = network
    wanted = {"l2_sp": {"alpha": 3}, "rules": [{"match": "above/*", "learning_rate_factor": 4}]}
    with pytest.raises(ConfigError, match=r"must be below 1, .*Received: 0\.1 \* 4 \* 3\."):
        _resolve(wanted, blocks, None)
    _resolve({**wanted, "rules": [{"match": "head/*", "learning_rate_factor": 4}]}, blocks, None)


def test_rules_for_a_kernel_hold_its_adapter(network: Any) -> None:
    _, backbone, blocks = network
    planned = planned_adapters(backbone, blocks, LoraConfig(rank=4), 0)
    rules = [{"match": "above/*/kernel", "learning_rate_factor": 0.25}]
    _, last = _resolve({"rules": rules}, planned.blocks, planned.trained_paths)
    factors = {path: rule.multiplier for path, rule in last.rules(planned.blocks, None).items()}
    assert factors["above/lora_a"] == factors["above/lora_b"] == 0.25
    with pytest.raises(ConfigError, match=r"must name blocks with an adapter|must train something"):
        _resolve({"rules": [{"match": "above/*/kernel", "freeze": True}], "stages": STAGES[1:]}, planned.blocks,
                 planned.trained_paths)  # fmt: skip


def test_without_l2_sp_no_start_is_kept() -> None:
    assert not optimizer_of(FinetuneConfig.model_validate({"stages": STAGES})).keeps_start
    assert optimizer_of(FinetuneConfig.model_validate({"stages": STAGES, "l2_sp": {"alpha": 1}})).keeps_start


def test_muon_takes_a_head_alone_and_refuses_a_backbone_without_matrices() -> None:
    head, vector = keras.Variable(np.ones((2, 3), "float32")), keras.Variable(np.ones(3, "float32"))
    make_optimizer("muon").build([head], head=[head])
    with pytest.raises(ConfigError, match=r"muon needs matrices to train .*Received: 1 other"):
        make_optimizer("muon").build([head, vector], head=[head])


@pytest.mark.parametrize("config", ["bird-species", "sentiment"])
def test_shipped_plans_hold_on_to_the_start(config: str) -> None:
    lora = load_config(config, ["finetune.plan=lora"]).config.finetune
    assert lora.lora is not None and lora.lora.targets == ("all",)
    l2_sp = load_config(config, ["finetune.plan=l2-sp"]).config.finetune
    assert l2_sp.l2_sp is not None and max(stage.learning_rate for stage in l2_sp.stages) * l2_sp.l2_sp.alpha < 0.01
