"""What trains, and what BatchNorm and dropout do meanwhile."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.models.blocks import Block, find_blocks
from ftsuite.models.freezing import set_trainable, without_frozen_dropout
from ftsuite.training.fingerprints import hash_blocks
from ftsuite.training.plan import all_blocks
from tests.tiny import tiny_efficientnet


@pytest.fixture
def model() -> Any:
    backbone = tiny_efficientnet()
    image = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(image))
    return keras.Model(image, keras.layers.Dense(4, name="head")(pooled))


def _blocks(model: Any) -> tuple[Block, ...]:
    return all_blocks(model, find_blocks(model.layers[1]))


def _train_one_step(model: Any) -> None:
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(8, 32, 32, 3)), rng.normal(size=(8, 4)), epochs=1, verbose=0)


@pytest.mark.parametrize("trained", [["head"], ["block3", "top", "head"], None])
@pytest.mark.parametrize("batch_norm", ["frozen-stats", "train"])
def test_what_trains_moves_and_nothing_else(model: Any, trained: list[str] | None, batch_norm: str) -> None:
    blocks = _blocks(model)
    names = [block.name for block in blocks]
    wanted = names if trained is None else trained
    set_trainable(model, blocks, wanted, batch_norm)
    before = hash_blocks(blocks)
    _train_one_step(model)
    after = hash_blocks(blocks)
    moved = [name for name, old, new in zip(names, before, after, strict=True) if old[0] != new[0]]
    statistics = [name for name, old, new in zip(names, before, after, strict=True) if old[1] != new[1]]
    assert moved == [name for name in names if name in wanted]
    expected = [name for name in wanted if name != "head"] if batch_norm == "train" else []
    assert statistics == expected


def test_scale_and_offset_of_batch_norm_train_with_frozen_statistics(model: Any) -> None:
    blocks = _blocks(model)
    set_trainable(model, blocks, [block.name for block in blocks], "frozen-stats")
    names = {variable.name for variable in model.trainable_variables}
    assert {"gamma", "beta", "kernel"} <= names
    assert not {"moving_mean", "moving_variance"} & names


def test_thawing_again_restores_everything(model: Any) -> None:
    blocks = _blocks(model)
    everything = [block.name for block in blocks]
    set_trainable(model, blocks, everything, "train")
    count = len(model.trainable_variables)
    set_trainable(model, blocks, ["head"], "frozen-stats")
    assert len(model.trainable_variables) == 2
    set_trainable(model, blocks, everything, "train")
    assert len(model.trainable_variables) == count


def test_dropout_is_off_in_frozen_blocks_and_comes_back(model: Any) -> None:
    backbone = model.layers[1]
    layers = [layer for layer in backbone.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in layers]
    assert layers and all(rates)
    with without_frozen_dropout(model, _blocks(model), ["head"]):
        assert [layer.rate for layer in layers] == [0.0] * len(layers)
    assert [layer.rate for layer in layers] == rates
