"""The Keras backends that the suite runs on, checked before Keras is imported with a name that it does not know."""

from __future__ import annotations

import os

from ftsuite.errors import ConfigError

BACKENDS = ("tensorflow", "jax")


def require_known_backend() -> None:
    """Refuse a KERAS_BACKEND that the suite does not run on.

    Raises:
        ConfigError: naming those that it does.
    """
    backend = os.environ.get("KERAS_BACKEND", BACKENDS[0])
    if backend not in BACKENDS:
        raise ConfigError(
            f"KERAS_BACKEND must be {' or '.join(BACKENDS)}. Received: {backend!r}.",
            "Change the environment variable, or unset it for TensorFlow.",
        )
