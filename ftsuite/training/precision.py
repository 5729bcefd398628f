"""The numbers that layers compute in: Keras' dtype policy while a job runs, and float32 for what is shipped.

Weights, moments, averages and checkpoints are float32 under every policy here; mixed precision computes in a shorter
format (Micikevicius et al., 2018, https://arxiv.org/abs/1710.03740). The policy is a global one, because keras-hub's
backbones hand a ``dtype`` of their own not on to all of their inner layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import keras

from ftsuite.training.seeds import compile_with_xla, forget_xla, has_bfloat16

Precision = Literal["auto", "float32", "bfloat16", "float16"]

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def resolved_precision(wanted: Precision) -> str:
    """``float32``, ``bfloat16`` or ``float16``: as wanted; ``auto`` is bfloat16 where the accelerator has it."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if has_bfloat16() else "float32"


def use_precision(wanted: Precision) -> str:
    """Let every layer that is made from now on compute in this precision; returns which one that is.

    ``keras.utils.clear_session`` forgets it.
    """
    precision = resolved_precision(wanted)
    keras.config.set_dtype_policy(_POLICIES[precision])
    return precision


def precision_in_use() -> str:
    """The precision that new layers compute in: ``float32``, ``bfloat16`` or ``float16``."""
    return str(keras.config.dtype_policy().compute_dtype)


@contextmanager
def process_settings_kept() -> Iterator[None]:
    """Give the process back its dtype policy and its choice of XLA at the end, whatever a job makes of them."""
    policy = keras.config.dtype_policy()
    token = compile_with_xla("auto")
    try:
        yield
    finally:
        forget_xla(token)
        keras.config.set_dtype_policy(policy)


@contextmanager
def in_float32(model: Any) -> Iterator[None]:
    """Let a model that was made in mixed precision compute in float32 meanwhile, to be judged and saved.

    A saved layer keeps its policy, and what is shipped is used on machines where a short format is slow (float16 and
    bfloat16 convolutions on a CPU) or absent (LiteRT, ONNX), one example at a time. Its weights are float32 in any
    case, so nothing of them is lost. What was compiled before must be compiled again: make a new `keras.Model`.

    Args:
        model: a Keras model; layers that it shares with others change there too.
    """
    changed = [layer for layer in model._flatten_layers() if layer.compute_dtype in ("float16", "bfloat16")]
    policies = [layer.dtype_policy for layer in changed]
    _set_policies(changed, ["float32"] * len(changed))
    try:
        yield
    finally:
        _set_policies(changed, policies)


def _set_policies(layers: list[Any], policies: list[Any]) -> None:
    for layer, policy in zip(layers, policies, strict=True):
        layer.dtype_policy = policy
