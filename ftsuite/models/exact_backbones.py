"""keras-hub's encoders with the activation and the epsilon that a checkpoint was trained with.

keras-hub writes its BERT with the tanh approximation of GELU (Hendrycks and Gimpel, 2016,
https://arxiv.org/abs/1606.08415). Checkpoints of other libraries mostly use the exact form, and then hidden states are
off by some thousandths. The classes here carry both settings in their configs, so that they outlive saving.

Importing this module registers its classes.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub


class _ExactEncoder:
    """Mixin: sets the activation of the feedforward layers and the epsilon of the normalisations, where given.

    Args:
        hidden_activation: ``gelu`` (exact), ``gelu_approximate`` (tanh), ``relu``, ``silu``; None for the family's own.
        layer_norm_epsilon: of every layer normalisation; None for the family's own.
    """

    def __init__(
        self,
        *args: Any,
        hidden_activation: str | None = None,
        layer_norm_epsilon: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.hidden_activation = hidden_activation
        self.layer_norm_epsilon = layer_norm_epsilon
        model: Any = self
        for layer in model._flatten_layers(include_self=False):
            if isinstance(layer, keras.layers.LayerNormalization) and layer_norm_epsilon is not None:
                layer.epsilon = layer_norm_epsilon
            if isinstance(layer, keras_hub.layers.TransformerEncoder):
                _adjust(layer, hidden_activation, layer_norm_epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the family and these two."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {
            **config,
            "hidden_activation": self.hidden_activation,
            "layer_norm_epsilon": self.layer_norm_epsilon,
        }


def _adjust(layer: Any, activation: str | None, epsilon: float | None) -> None:
    if activation is not None:
        # Both: the layer's own goes into its config, the dense layer's into the computation.
        layer.activation = activation_function(activation)
        layer._feedforward_intermediate_dense.activation = layer.activation
    if epsilon is not None:
        layer.layer_norm_epsilon = epsilon


def activation_function(name: str) -> Any:
    """The function of an activation's name, serialisable by Keras."""
    if name == "gelu_approximate":
        return keras.saving.get_registered_object("keras_hub>gelu_approximate")
    return keras.activations.get(name)


@keras.saving.register_keras_serializable(package="ftsuite")
class ExactBertBackbone(_ExactEncoder, keras_hub.models.BertBackbone):  # type: ignore[misc, unused-ignore]
    """BERT (Devlin et al., 2018, https://arxiv.org/abs/1810.04805), arguments as keras-hub's and the mixin's."""


@keras.saving.register_keras_serializable(package="ftsuite")
class ExactAlbertBackbone(_ExactEncoder, keras_hub.models.AlbertBackbone):  # type: ignore[misc, unused-ignore]
    """ALBERT (Lan et al., 2019, https://arxiv.org/abs/1909.11942), arguments as keras-hub's and the mixin's."""


@keras.saving.register_keras_serializable(package="ftsuite")
class ExactDistilBertBackbone(_ExactEncoder, keras_hub.models.DistilBertBackbone):  # type: ignore[misc, unused-ignore]
    """DistilBERT (Sanh et al., 2019, https://arxiv.org/abs/1910.01108), arguments as keras-hub's and the mixin's."""


@keras.saving.register_keras_serializable(package="ftsuite")
class ExactRobertaBackbone(_ExactEncoder, keras_hub.models.RobertaBackbone):  # type: ignore[misc, unused-ignore]
    """RoBERTa (Liu et al., 2019, https://arxiv.org/abs/1907.11692), arguments as keras-hub's and the mixin's."""


@keras.saving.register_keras_serializable(package="ftsuite")
class ExactXLMRobertaBackbone(_ExactEncoder, keras_hub.models.XLMRobertaBackbone):  # type: ignore[misc, unused-ignore]
    """XLM-R (Conneau et al., 2019, https://arxiv.org/abs/1911.02116), arguments as keras-hub's and the mixin's."""


EXACT_CLASSES: dict[str, Any] = {
    "BertBackbone": ExactBertBackbone,
    "AlbertBackbone": ExactAlbertBackbone,
    "DistilBertBackbone": ExactDistilBertBackbone,
    "RobertaBackbone": ExactRobertaBackbone,
    "XLMRobertaBackbone": ExactXLMRobertaBackbone,
}
