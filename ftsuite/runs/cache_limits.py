"""The most that a part of the cache may take on the disk, as the environment says."""

from __future__ import annotations

import os

from ftsuite.errors import ConfigError


def limit_bytes_of(variable: str) -> int:
    """The limit that an environment variable gives in GiB; 10 GiB where it is not set.

    Raises:
        ConfigError: if that is no number above 0.
    """
    received = os.environ.get(variable, "10")
    try:
        limit = float(received)
    except ValueError:
        limit = 0.0
    if not 0.0 < limit < 1e6:
        raise ConfigError(
            f"The environment variable {variable} must be a number above 0. Received: {received!r}.",
            "Set it to 10, for instance, or unset it.",
        )
    return int(limit * 2**30)
