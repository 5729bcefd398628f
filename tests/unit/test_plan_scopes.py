"""What a stage trains: each scope on a small network, and each shipped plan on tiny backbones of both kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.config import FinetuneConfig, load_config, shipped_plans
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block, find_blocks
from ftsuite.models.freezing import set_trainable
from ftsuite.training.fingerprints import describe_moves, hash_blocks
from ftsuite.training.plan import Stage, all_blocks, resolve_stages
from tests.tiny import tiny_efficientnet

NAMES = ("stem", "block1", "block2", "block3", "top")


def _resolve(scope: str, blocks: Sequence[Block], rules: Sequence[dict[str, Any]] = ()) -> Stage:
    stages = [{"train": scope, "for": "2 epochs", "learning_rate": 0.1}]
    (stage,) = resolve_stages(FinetuneConfig.model_validate({"stages": stages, "rules": rules}), blocks, 10)
    return stage


def _network() -> tuple[Any, tuple[Block, ...]]:
    """A dense layer and a BatchNorm a block; block2 has neither bias nor offset."""
    keras.utils.set_random_seed(0)
    features = inputs = keras.Input((4,))
    for name in NAMES:
        has_offsets = name != "block2"
        features = keras.layers.Dense(4, use_bias=has_offsets, name=name)(features)
        features = keras.layers.BatchNormalization(center=has_offsets, name=f"{name}_norm")(features)
        features = keras.layers.Activation("tanh")(features)
    model = keras.Model(inputs, keras.layers.Dense(2, name="classes")(features))
    parts = [Block(name, tuple(v for v in model.weights if v.path.startswith(name))) for name in NAMES]
    return model, all_blocks(model, parts)


SCOPES = [
    ("head", []),
    ("last 2", ["block3", "top"]),
    ("last 1%", ["top"]),
    ("last 20%", ["top"]),
    ("last 20.1%", ["block3", "top"]),
    ("last 50%", ["block2", "block3", "top"]),
    ("last 100%", list(NAMES)),
    ("first 1", ["stem"]),
    ("first 2", ["stem", "block1"]),
    ("first 5", list(NAMES)),
    ("blocks top, block1", ["block1", "top"]),
    ("biases", ["stem", "block1", "block3", "top"]),
    ("all", list(NAMES)),
]


@pytest.mark.parametrize(("scope", "expected"), SCOPES)
def test_each_scope_moves_what_it_says_and_nothing_else(scope: str, expected: list[str]) -> None:
    model, blocks = _network()
    stage = _resolve(scope, blocks)
    assert stage.name == scope
    assert stage.trained == (*expected, "head")
    set_trainable(model, stage.trained_part(blocks), stage.trained, "frozen-stats")
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    before = {v.path: np.asarray(v).copy() for v in model.weights}
    hashes = hash_blocks(blocks)
    rng = np.random.default_rng(1)
    model.train_on_batch(rng.normal(size=(8, 4)), rng.normal(size=(8, 2)))
    moves = describe_moves(blocks, hashes, hash_blocks(blocks), stage.trained)
    assert all(move["moved"] == move["expected"] and not move["statistics_moved"] for move in moves)
    moved = {v.path for v in model.weights if not np.array_equal(before[v.path], np.asarray(v))}
    part = {v.path for block in stage.trained_part(blocks) for v in block.variables}
    assert moved == {path for path in part if "moving" not in path}
    if scope == "biases":
        own = {path for path in moved if not path.startswith("classes")}
        assert own == {f"{n}/bias" for n in expected} | {f"{n}_norm/beta" for n in expected}
        assert "classes/kernel" in moved


def test_rules_freeze_within_biases() -> None:
    _, blocks = _network()
    stage = _resolve("biases", blocks, [{"match": "stem/*", "freeze": True}, {"match": "*/beta", "freeze": True}])
    part = {block.name: [v.path for v in block.variables] for block in stage.trained_part(blocks) if block.variables}
    assert stage.trained == ("block1", "block3", "top", "head")
    assert part["top"] == ["top/bias"]


@pytest.mark.parametrize(
    ("scope", "message", "advice"),
    [
        ("last 6", r"last 6 blocks; this backbone has 5: stem, block1, .*Received: last 6\.", "smaller number"),
        ("first 6", r"first 6 blocks; this backbone has 5: stem, .*Received: first 6\.", "smaller number"),
        (
            "blocks stem, blok3",
            r"of this backbone: stem, block1, .*, top\. Received: 'blok3'",
            "Did you mean `block3`?",
        ),
        ("blocks qqq", r"Received: 'qqq'", "Take one of these names."),
        ("blocks head", r"Received: 'head'", "The head trains in every stage"),
    ],
)
def test_blocks_that_a_backbone_has_not_are_refused(scope: str, message: str, advice: str) -> None:
    _, blocks = _network()
    with pytest.raises(ConfigError, match=r"finetune\.stages\.0\.train .*" + message) as caught:
        _resolve(scope, blocks)
    assert advice in (caught.value.advice or "")


def test_biases_of_a_backbone_without_any_are_refused() -> None:
    _, blocks = _network()
    bare = [Block(b.name, tuple(v for v in b.variables if v.name == "kernel")) for b in blocks]
    with pytest.raises(ConfigError, match=r"asks for biases\. Received: a backbone without any"):
        _resolve("biases", bare)


@pytest.fixture(scope="module")
def backbones() -> dict[str, tuple[Block, ...]]:
    """Blocks with a head each: of pictures for bird-species, of texts for sentiment."""
    import keras_hub

    pictures = tiny_efficientnet()
    pooled = keras.layers.GlobalAveragePooling2D()(pictures.output)
    birds = keras.Model(pictures.inputs, keras.layers.Dense(3, name="classes")(pooled))
    texts = keras_hub.models.BertBackbone(
        vocabulary_size=20, num_layers=6, num_heads=2, hidden_dim=8, intermediate_dim=8, max_sequence_length=16
    )
    reviews = keras.Model(texts.inputs, keras.layers.Dense(2, name="classes")(texts.output["pooled_output"]))
    return {
        "bird-species": all_blocks(birds, find_blocks(pictures)),
        "sentiment": all_blocks(reviews, find_blocks(texts)),
    }


# Shares of the backbone's blocks that stages of the shipped plans train, rounded up; the head is not counted.
SHIPPED = {
    "linear-probe": [0],
    "lp-ft": [0, 1],
    "gradual": [0, 0.25, 0.5, 0.75, 1],
    "full": [1],
    "full-decay": [1],
    "surgical-first": [0, None],
    "bitfit": [0, None],
    "lora": [0, 1],
    "l2-sp": [1],
    "progressive-resizing": [0, 1, 1, 0],
}


@pytest.mark.parametrize("config", ["bird-species", "sentiment"])
@pytest.mark.parametrize("name", sorted(shipped_plans()))
def test_every_shipped_plan_trains_what_it_says(
    name: str, config: str, backbones: dict[str, tuple[Block, ...]]
) -> None:
    finetune = load_config(config, [f"finetune.plan={name}"]).config.finetune
    blocks = backbones[config]
    names = [block.name for block in blocks if block.name != "head"]
    pixels = 224 if config == "bird-species" else None
    if pixels is None and any(stage.image_size is not None for stage in finetune.stages):
        with pytest.raises(ConfigError, match="goes with tasks of pictures"):
            resolve_stages(finetune, blocks, steps_per_epoch=10)
        return
    stages = resolve_stages(finetune, blocks, 10, image_size=pixels)
    if name == "progressive-resizing":
        assert [stage.image_size for stage in stages] == [128, 128, 160, 224]
    if name in SHIPPED:
        assert sum(stage.epochs for stage in stages) == 10, "so that plans can be compared"
    for stage, share in zip(stages, SHIPPED.get(name, [None] * len(stages)), strict=True):
        assert stage.trained[-1] == "head"
        if share is not None:
            count = -int(-share * len(names) // 1)
            assert stage.trained[:-1] == tuple(names[len(names) - count :])
            assert stage.trained_part(blocks)[-1] == blocks[-1]
    if name == "surgical-first":
        assert stages[-1].trained == (*names[:2], "head")
    if name == "bitfit":
        rows = [(block.name, v.name) for block in stages[-1].trained_part(blocks) for v in block.variables]
        assert {kind for block, kind in rows if block != "head"} <= {"bias", "beta"}
        assert {block for block, _ in rows} == {*names, "head"}
