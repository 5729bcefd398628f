"""EfficientNet-Lite as a keras-hub backbone, numerically equal to the networks its weights come from.

EfficientNet-Lite (Liu, 2020, https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite)
is EfficientNet (Tan and Le, 2019, https://arxiv.org/abs/1905.11946) without squeeze-and-excitation, with
ReLU6, and with a stem and a top that do not grow with the width. The published weights were trained in
TensorFlow, whose "same" padding is asymmetric when a stride is 2; keras-hub's EfficientNet blocks pad
symmetrically, which moves logits by several units while predictions still look plausible. Hence the
subclass here.

Importing this module registers its classes, so a `.keras` file that holds one loads afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras_hub.layers import ImageConverter
from keras_hub.models import EfficientNetBackbone, ImageClassifier, ImageClassifierPreprocessor

from ftsuite.errors import ConfigError
from ftsuite.models.efficientnet_lite_weights import assign_backbone, assign_classifier, read_weights

SCALE: float = 1.0 / 128.0
"""Multiplies a picture's pixels (0 to 255); with OFFSET it makes (x - 127) / 128."""
OFFSET: float = -127.0 / 128.0
"""Added after SCALE."""
INTERPOLATION: str = "bicubic"
ANTIALIAS: bool = True
IMAGE_SIZE: int = 224
"""Height and width, in pixels, at which Lite0 was trained; Lite1 at 240, Lite2 at 260."""
NUM_IMAGENET_CLASSES: int = 1000

VARIANT_IMAGE_SIZES: dict[str, int] = {"lite0": 224, "lite1": 240, "lite2": 260}

# Filters and repeats are written out because neither the stem, the first and last stack's repeats nor the
# top grow with a Lite variant, which keras-hub's two coefficients per stack cannot say.
_REPEATS: dict[str, list[int]] = {
    "lite0": [1, 2, 2, 3, 3, 4, 1],
    "lite1": [1, 3, 3, 4, 4, 5, 1],
    "lite2": [1, 3, 3, 4, 4, 5, 1],
}
_FILTERS: dict[str, list[int]] = {
    "lite0": [32, 16, 24, 40, 80, 112, 192, 320],
    "lite1": [32, 16, 24, 40, 80, 112, 192, 320],
    "lite2": [32, 16, 24, 48, 88, 120, 208, 352],
}


@keras.saving.register_keras_serializable(package="ftsuite")
class EfficientNetLiteBackbone(EfficientNetBackbone):  # type: ignore[misc, unused-ignore]
    """keras-hub's EfficientNet with TensorFlow's "same" padding in the depthwise convolutions.

    Maps images `(batch, height, width, 3)` float32, as `(pixel - 127) / 128`, to features
    `(batch, ceil(height / 32), ceil(width / 32), 1280)` float32. Arguments are those of
    `keras_hub.models.EfficientNetBackbone`; only blocks of type `"v1"` are affected.
    """

    def _apply_efficientnet_block(
        self,
        inputs: Any,
        filters_in: int = 32,
        filters_out: int = 16,
        kernel_size: int = 3,
        strides: int = 1,
        activation: str = "relu6",
        projection_activation: str | None = None,
        expand_ratio: int = 1,
        se_ratio: float = 0.0,
        dropout: float = 0.0,
        batch_norm_epsilon: float = 1e-3,
        name: str = "",
        data_format: str = "channels_last",
    ) -> Any:
        """Inverted residual block (Sandler et al., 2018, https://arxiv.org/abs/1801.04381).

        Takes and gives a symbolic tensor `(batch, height, width, channels)`; layers carry the names that
        keras-hub gives them. `batch_norm` momentum is Keras' 0.99, that of the original training.
        """
        if se_ratio or projection_activation or data_format != "channels_last":
            raise ConfigError(
                "EfficientNet-Lite has no squeeze-and-excitation, no projection activation and is "
                f"channels_last. Received: se_ratio={se_ratio}, projection_activation="
                f"{projection_activation!r}, data_format={data_format!r}."
            )

        def normalised(x: Any, layer: str) -> Any:
            return keras.layers.BatchNormalization(epsilon=batch_norm_epsilon, name=name + layer)(x)

        def pointwise(x: Any, filters: int, layer: str) -> Any:
            return keras.layers.Conv2D(
                filters,
                1,
                padding="same",
                use_bias=False,
                kernel_initializer=_initializer(),
                name=name + layer,
            )(x)

        x = inputs
        if expand_ratio != 1:
            x = normalised(pointwise(x, filters_in * expand_ratio, "expand_conv"), "expand_bn")
            x = keras.layers.Activation(activation, name=name + "expand_activation")(x)
        x = keras.layers.DepthwiseConv2D(
            kernel_size,
            strides=strides,
            padding="same",
            use_bias=False,
            depthwise_initializer=_initializer(),
            name=name + "dwconv",
        )(x)
        x = normalised(x, "dwconv_bn")
        x = keras.layers.Activation(activation, name=name + "dwconv_activation")(x)
        x = normalised(pointwise(x, filters_out, "project"), "project_bn")
        if strides == 1 and filters_in == filters_out:
            if dropout > 0:
                # One draw an example: stochastic depth (Huang et al., 2016, https://arxiv.org/abs/1603.09382).
                x = keras.layers.Dropout(dropout, noise_shape=(None, 1, 1, 1), name=name + "drop")(x)
            x = keras.layers.Add(name=name + "add")([x, inputs])
        return x


@keras.saving.register_keras_serializable(package="ftsuite")
class EfficientNetLiteImageConverter(ImageConverter):  # type: ignore[misc, unused-ignore]
    """keras-hub image converter that belongs to `EfficientNetLiteBackbone`."""

    backbone_cls = EfficientNetLiteBackbone


@keras.saving.register_keras_serializable(package="ftsuite")
class EfficientNetLiteImageClassifierPreprocessor(ImageClassifierPreprocessor):  # type: ignore[misc, unused-ignore]
    """keras-hub preprocessor that belongs to `EfficientNetLiteBackbone`."""

    backbone_cls = EfficientNetLiteBackbone
    image_converter_cls = EfficientNetLiteImageConverter


@keras.saving.register_keras_serializable(package="ftsuite")
class EfficientNetLiteImageClassifier(ImageClassifier):  # type: ignore[misc, unused-ignore]
    """keras-hub image classifier that belongs to `EfficientNetLiteBackbone`."""

    backbone_cls = EfficientNetLiteBackbone
    preprocessor_cls = EfficientNetLiteImageClassifierPreprocessor


def _initializer() -> Any:
    return keras.initializers.VarianceScaling(scale=2.0, mode="fan_out", distribution="truncated_normal")


def efficientnet_lite_backbone(
    variant: str = "lite0",
    weights: Path | None = None,
    image_shape: tuple[int | None, int | None, int] = (None, None, 3),
    *,
    dropout: float = 0.0,
) -> EfficientNetLiteBackbone:
    """Build an EfficientNet-Lite backbone, with ImageNet weights or random ones.

    Args:
        variant: `"lite0"`, `"lite1"` or `"lite2"`.
        weights: the asset's folder, or the `weights.safetensors` in it; None for random weights.
        image_shape: `(height, width, channels)` in pixels, None where it varies.
        dropout: rate of stochastic depth in the last block, 0 to 1; earlier blocks have less.

    Returns:
        A backbone from `(batch, height, width, 3)` to `(batch, height / 32, width / 32, 1280)`, float32.

    Raises:
        ConfigError: an unknown variant.
        ArtifactError: weights are missing, damaged or those of another network.
    """
    if variant not in _FILTERS:
        raise ConfigError(
            f"EfficientNet-Lite variants are {', '.join(_FILTERS)}. Received: {variant!r}.",
            "Use lite0, the smallest, where unsure.",
        )
    filters = _FILTERS[variant]
    backbone = EfficientNetLiteBackbone(
        stackwise_width_coefficients=[1.0] * 7,
        stackwise_depth_coefficients=[1.0] * 7,
        stackwise_kernel_sizes=[3, 3, 5, 3, 5, 5, 3],
        stackwise_num_repeats=_REPEATS[variant],
        stackwise_input_filters=filters[:-1],
        stackwise_output_filters=filters[1:],
        stackwise_expansion_ratios=[1, 6, 6, 6, 6, 6, 6],
        stackwise_squeeze_and_excite_ratios=[0] * 7,
        stackwise_strides=[1, 2, 2, 2, 1, 2, 1],
        stackwise_block_types=["v1"] * 7,
        min_depth=None,
        use_depth_divisor_as_min_depth=True,
        cap_round_filter_decrease=True,
        include_stem_padding=False,
        stem_conv_padding="same",
        batch_norm_momentum=0.99,
        batch_norm_epsilon=1e-3,
        activation="relu6",
        dropout=dropout,
        input_shape=image_shape,
        name=f"efficientnet_{variant}",
    )
    if weights is not None:
        assign_backbone(backbone, read_weights(weights))
    return backbone


def imagenet_classifier(path: Path, variant: str = "lite0") -> EfficientNetLiteImageClassifier:
    """Build the original network with its 1000-class ImageNet head, which is kept for checks.

    Args:
        path: the asset's folder, or the `weights.safetensors` in it.
        variant: `"lite0"`, `"lite1"` or `"lite2"`.

    Returns:
        A model from `(batch, height, width, 3)` as `(pixel - 127) / 128` to logits `(batch, 1000)`, float32.

    Raises:
        ArtifactError: weights are missing, damaged or those of another network.
    """
    tensors = read_weights(path)
    backbone = efficientnet_lite_backbone(variant)
    assign_backbone(backbone, tensors)
    classifier = EfficientNetLiteImageClassifier(backbone=backbone, num_classes=NUM_IMAGENET_CLASSES)
    assign_classifier(classifier.output_dense, tensors)
    return classifier


def image_converter(image_size: int = IMAGE_SIZE) -> Callable[..., Any]:
    """Build the layer that makes the network's input from pictures.

    Args:
        image_size: height and width of the result, in pixels.

    Returns:
        A layer from pixels `(batch, height, width, 3)` or `(height, width, 3)`, 0 to 255, to
        `(…, image_size, image_size, 3)` float32: the centre at the picture's own proportions, resized
        bicubically with antialiasing, then `(pixel - 127) / 128`.
    """
    converter: Callable[..., Any] = EfficientNetLiteImageConverter(
        image_size=(image_size, image_size),
        scale=SCALE,
        offset=OFFSET,
        crop_to_aspect_ratio=True,
        interpolation=INTERPOLATION,
        antialias=ANTIALIAS,
    )
    return converter
