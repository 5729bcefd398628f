"""Small models of every kind that adapters go on, with inputs for them; they run on TensorFlow and on JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.tiny import tiny_efficientnet


def convolutions(data_format: str = "channels_last") -> Any:
    """A plain, a 1x1 with strides, a grouped and a depthwise convolution, biases and activations among them."""
    shape = (12, 12, 6) if data_format == "channels_last" else (6, 12, 12)
    image = keras.Input(shape)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="tanh", data_format=data_format, name="plain")(image)
    x = keras.layers.Conv2D(24, 1, strides=2, use_bias=False, data_format=data_format, name="point")(x)
    x = keras.layers.Conv2D(24, 3, groups=3, data_format=data_format, name="grouped")(x)
    x = keras.layers.DepthwiseConv2D(3, activation="relu", data_format=data_format, name="depthwise")(x)
    return keras.Model(image, x)


def einsums() -> Any:
    """Dense layers in every notation, and attention."""
    tokens = keras.Input((5, 16))
    x = keras.layers.Dense(16, activation="gelu", name="dense")(tokens)
    x = x + keras.layers.MultiHeadAttention(4, 4, name="attention")(x, x)
    x = keras.layers.EinsumDense("...x,xy->...y", 16, bias_axes="y", name="dots")(x)
    x = keras.layers.EinsumDense("abc,dc->abd", (5, 16), activation="tanh", name="turned")(x)
    return keras.Model(tokens, x)


def resnet() -> Any:
    """A tiny ResNet of keras-hub."""
    import keras_hub

    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[8],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 16],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="bottleneck_block",
        image_shape=(32, 32, 3),
    )


def vision_transformer() -> Any:
    """A tiny ViT of keras-hub."""
    import keras_hub

    return keras_hub.models.ViTBackbone(
        image_shape=(32, 32, 3), patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
    )


def text_encoder(family: str) -> Any:
    """A tiny text encoder of keras-hub."""
    from tests.unit.tiny_text import FAMILIES

    return FAMILIES[family]()


MODELS: dict[str, Callable[[], Any]] = {
    "convolutions": convolutions,
    "einsums": einsums,
    "efficientnet": tiny_efficientnet,
    "resnet": resnet,
    "vit": vision_transformer,
    "bert": lambda: text_encoder("bert"),
    "roberta": lambda: text_encoder("roberta"),
    "deberta_v3": lambda: text_encoder("deberta_v3"),
    "albert": lambda: text_encoder("albert"),
}


def inputs_of(model: Any, seed: int = 0) -> Any:
    """A batch of two for a model."""
    rng = np.random.default_rng(seed)
    if isinstance(model.input, dict):
        ids = {name: rng.integers(1, 9, (2, 12)).astype("int32") for name in model.input}
        if "segment_ids" in ids:
            ids["segment_ids"] %= 2
        return {**ids, "padding_mask": np.arange(12)[None] < np.array([[12], [7]])}
    shape = [size or 32 for size in model.input.shape[1:]]
    return rng.normal(size=(2, *shape)).astype("float32")


def outputs_of(model: Any, inputs: Any) -> list[np.ndarray]:
    """What a model makes in inference, as float32 arrays."""
    made = keras.tree.flatten(model(inputs, training=False))
    return [keras.ops.convert_to_numpy(keras.ops.cast(each, "float32")) for each in made]


def made(name: str) -> Any:
    """One of `MODELS`, its weights of a size at which differences show."""
    keras.utils.set_random_seed(3)
    model = MODELS[name]()
    for variable in model.weights:
        if variable.name in ("bias", "beta", "moving_mean"):
            noise = np.random.default_rng(7).normal(0, 0.1, variable.shape)
            variable.assign(noise.astype("float32"))
    return model


def shake(variables: Any, seed: int = 5, spread: float = 0.1) -> None:
    """Give adapters values as if they had been trained."""
    rng = np.random.default_rng(seed)
    for variable in variables:
        variable.assign(rng.normal(0, spread, variable.shape).astype("float32"))
