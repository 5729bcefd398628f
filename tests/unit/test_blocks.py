"""Ordered blocks of the families that keras-hub and Keras offer, on small random ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import pytest

from ftsuite.models.blocks import find_blocks
from tests.tiny import tiny_efficientnet

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
    "bert": (
        lambda: hub.BertBackbone(vocabulary_size=50, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=16),
        ["stem", "transformer_layer_0", "transformer_layer_1", "top"],
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


def test_unknown_names_make_a_block_of_every_layer() -> None:
    layers = [keras.Input((4,)), keras.layers.Dense(3, name="one"), keras.layers.Dense(2, name="two")]
    model = keras.Sequential(layers, name="net")
    assert [block.name for block in find_blocks(model)] == ["net/one", "net/two"]
