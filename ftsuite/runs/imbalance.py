"""From what a config says of classes of unlike size to numbers a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ftsuite.api import Examples
from ftsuite.config import Config
from ftsuite.config.imbalance import DEFAULT_BETA
from ftsuite.config.words import nearest
from ftsuite.data.balanced_sampling import class_shares
from ftsuite.data.class_weights import effective_number_weights
from ftsuite.data.pipeline import balanced_class_weights
from ftsuite.errors import ConfigError


def class_weights_of(config: Config, training: Examples) -> np.ndarray | None:
    """Weights ``(num_classes,)`` float32 of the loss, None where all count alike.

    Raises:
        ConfigError: a weight is given to a class that the data have not.
    """
    wanted, num_classes = config.finetune.class_weights, len(training.class_names)
    if wanted == "none":
        return None
    if wanted == "balanced":
        return balanced_class_weights(training.labels, num_classes, training.sample_weights)
    if wanted == "effective-number":
        beta = config.finetune.class_weights_beta
        beta = DEFAULT_BETA if beta is None else beta
        return effective_number_weights(training.labels, num_classes, beta, training.sample_weights)
    _require_classes(list(wanted), training.class_names)
    return np.array([wanted.get(name, 1.0) for name in training.class_names], dtype=np.float32)


def logit_offsets_of(config: Config, training: Examples) -> np.ndarray | None:
    """What is added to logits in the loss, ``(num_classes,)`` float32; None for nothing.

    It is made of the classes' shares as training shows and weighs them, so that no imbalance is corrected twice. A
    class without training examples counts as half an example.
    """
    strength = config.finetune.logit_adjustment
    if not strength:
        return None
    num_classes, sampling = len(training.class_names), config.data.sampling
    shares = class_shares(training.labels, num_classes, sampling)
    if sampling == "natural" and training.sample_weights is not None:
        shares = np.bincount(training.labels, weights=training.sample_weights, minlength=num_classes) / len(training)
    weights = class_weights_of(config, training)
    shares = np.maximum(shares, 0.5 / len(training)) * (1.0 if weights is None else np.maximum(weights, 1e-6))
    return (strength * np.log(shares / shares.sum())).astype(np.float32)


def corrects_imbalance(config: Config) -> bool:
    """Whether small classes count more in training than their size makes them."""
    finetune = config.finetune
    return config.data.sampling != "natural" or finetune.class_weights != "none" or finetune.logit_adjustment > 0


def imbalance_notes(config: Config, training: Examples) -> tuple[str, ...]:
    """How often sampling shows the examples of the smallest class and of the largest."""
    if config.data.sampling == "natural":
        return ()
    counts = np.bincount(training.labels, minlength=len(training.class_names))
    shares = class_shares(training.labels, len(counts), config.data.sampling)
    present = np.flatnonzero(counts)
    times = shares[present] * len(training) / counts[present]
    small, large = present[np.argmax(times)], present[np.argmin(times)]
    return (
        f"data.sampling: {config.data.sampling} shows an example of {training.class_names[small]!r} "
        f"({counts[small]:,} examples) {times.max():.3g} times an epoch, and one of {training.class_names[large]!r} "
        f"({counts[large]:,}) {times.min():.3g} times.",
    )


def _require_classes(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name in known:
            continue
        near = nearest(name, known)
        shown = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
        raise ConfigError(
            f"finetune.class_weights must name classes of the data: {shown}. Received: {name!r}.",
            f"Did you mean `{near}`?" if near is not None else "Take one of these names.",
        )
