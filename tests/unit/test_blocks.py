"""Ordered blocks of the families that keras-hub and Keras offer, on small random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import pytest

from ftsuite.models.blocks import find_blocks
from tests.tiny import tiny_efficientnet
from tests.unit.tiny_text import FAMILIES as TEXT_FAMILIES

hub = keras_hub.models

FAMILIES: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "efficientnet": (tiny_efficientnet, ["stem", "block1", "block2", "block3", "top"]),
    "resnet": (
        lambda: hub.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[7],
            stackwise_num_filters=[64, 64],
            stackwise_num_blocks=[1, 2],
            stackwise_num_strides=[1, 2],
            block_type="bottleneck_block",
            use_pre_activation=True,
            image_shape=(None, None, 3),
        ),
        ["stem", "stack0", "stack1", "top"],
    ),
    "densenet": (
        lambda: hub.DenseNetBackbone(
            stackwise_num_repeats=[2, 2], compression_ratio=0.5, growth_rate=4, image_shape=(None, None, 3)
        ),
        ["stem", "stack1", "stack2", "top"],
    ),
    "vit": (
        lambda: hub.ViTBackbone(
            image_shape=(32, 32, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
        ),
        ["stem", "transformer_block_1", "transformer_block_2", "top"],
    ),
    "dinov2": (
        lambda: hub.DINOV2Backbone(
            patch_size=8, num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=32, image_shape=(32, 32, 3)
        ),
        ["stem", "layers_0", "layers_1", "top"],
    ),
    "mobilenet": (
        lambda: keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(64, 64, 3), alpha=0.35),
        ["stem", *(f"block{number}" for number in range(1, 17)), "top"],
    ),
    "convnext": (
        lambda: keras.applications.ConvNeXtTiny(include_top=False, weights=None, input_shape=(32, 32, 3)),
        ["stem", "stage_0", "stage_1", "stage_2", "stage_3", "top"],
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_blocks_are_ordered_and_cover_every_weight_once(family: str) -> None:
    make, expected = FAMILIES[family]
    backbone = make()
    blocks = find_blocks(backbone)
    assert [block.name for block in blocks] == expected
    covered = [id(variable) for block in blocks for variable in block.variables]
    assert sorted(covered) == sorted(id(variable) for variable in backbone.weights)


# Families with a pooler over the first token have weights after their layers.
WITH_POOLER = ("bert", "albert", "electra", "f_net")


@pytest.mark.parametrize("family", TEXT_FAMILIES)
def test_text_encoders_have_embeddings_and_layers(family: str) -> None:
    backbone = TEXT_FAMILIES[family]()
    blocks = find_blocks(backbone)
    layers = ["transformer_layer_0"] if family == "albert" else ["transformer_layer_0", "transformer_layer_1"]
    assert [block.name for block in blocks] == ["embeddings", *layers, *(["top"] if family in WITH_POOLER else [])]
    covered = [id(variable) for block in blocks for variable in block.variables]
    assert sorted(covered) == sorted(id(variable) for variable in backbone.weights)
    first = {variable.path.split("/")[0] for variable in blocks[0].variables}
    assert not [name for name in first if "layer_0" in name]
    assert any(variable is backbone.token_embedding.embeddings for variable in blocks[0].variables)


def test_a_group_of_several_inner_layers_has_a_block_each() -> None:
    backbone = hub.AlbertBackbone(
        vocabulary_size=50,
        num_layers=2,
        num_heads=2,
        embedding_dim=4,
        hidden_dim=8,
        intermediate_dim=16,
        num_groups=2,
        num_inner_repetitions=2,
    )
    layers = ["transformer_layer_0", "transformer_layer_0_1", "transformer_layer_1", "transformer_layer_1_1"]
    assert [block.name for block in find_blocks(backbone)] == ["embeddings", *layers, "top"]


def test_unknown_names_make_a_block_of_every_layer() -> None:
    layers = [keras.Input((4,)), keras.layers.Dense(3, name="one"), keras.layers.Dense(2, name="two")]
    model = keras.Sequential(layers, name="net")
    assert [block.name for block in find_blocks(model)] == ["net/one", "net/two"]
