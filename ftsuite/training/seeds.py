"""One seed for everything, what else must hold for a run to repeat itself, and what the devices can do."""

from __future__ import annotations

import os
import random
from contextvars import ContextVar, Token
from typing import Any, Literal

import keras
import numpy as np

from ftsuite.errors import ConfigError

Xla = bool | Literal["auto"]

_JAX_FLAG = "--xla_gpu_deterministic_ops=true"
# NVIDIA's chips compute bfloat16 in their matrix units from Ampere on.
_FIRST_BFLOAT16_CAPABILITY = (8, 0)
_xla: ContextVar[Xla] = ContextVar("ftsuite_xla", default="auto")


def seed_everything(seed: int, deterministic: bool | None) -> bool:
    """Seed Python, NumPy and Keras, and ask the backend for repeatable kernels where it has others.

    On a CPU TensorFlow's kernels repeat as they are for a given number of threads, and its determinism switch
    would make tf.data decode pictures one at a time; so it is thrown only where there is a GPU. It cannot be taken
    back within a process.

    Args:
        seed: of all random numbers.
        deterministic: see `is_deterministic`.

    Returns:
        Whether the run repeats itself bit by bit.

    Raises:
        ConfigError: on JAX with a GPU, which decides it when the process starts.
    """
    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)
    holds = is_deterministic(deterministic)
    if holds and on_accelerator():
        _make_deterministic()
    return holds


def is_deterministic(wanted: bool | None) -> bool:
    """Whether repeatable kernels are used: as wanted, else (None) on a CPU, where they cost nothing."""
    return not on_accelerator() if wanted is None else wanted


def _make_deterministic() -> None:
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
        return
    platforms = {device.split(":")[0].lower() for device in keras.distribution.list_devices()}
    if platforms & {"gpu", "cuda", "rocm"} and _JAX_FLAG not in os.environ.get("XLA_FLAGS", ""):
        raise ConfigError(
            f"deterministic: true needs {_JAX_FLAG} among the environment variable XLA_FLAGS on JAX with a GPU. "
            f"Received: XLA_FLAGS={os.environ.get('XLA_FLAGS', '')!r}.",
            f"Start the command with XLA_FLAGS={_JAX_FLAG}, or set deterministic to null.",
        )


def compile_with_xla(wanted: Xla) -> Token[Xla]:
    """Say what `uses_xla` answers from now on; `forget_xla` takes it back.

    Args:
        wanted: ``auto``, or a bool to decide it.

    Raises:
        ConfigError: if XLA is to be off on a backend that knows nothing else.
    """
    if wanted is False and keras.backend.backend() != "tensorflow":
        raise ConfigError(
            f"finetune.xla must be auto or true on the backend {keras.backend.backend()}, which compiles everything "
            "by XLA. Received: false.",
            "Set it to auto, or take the backend tensorflow.",
        )
    return _xla.set(wanted)


def forget_xla(token: Token[Xla]) -> None:
    """Take back what `compile_with_xla` said."""
    _xla.reset(token)


def uses_xla() -> bool:
    """Whether steps are compiled by XLA: as `compile_with_xla` was told, else by what pays.

    JAX always is. TensorFlow is on accelerators; on a CPU, XLA's convolutions are 14 to 40 times slower than
    oneDNN's, so it stays off there.
    """
    wanted = _xla.get()
    if wanted != "auto":
        return wanted
    return keras.backend.backend() != "tensorflow" or on_accelerator()


def on_accelerator() -> bool:
    """Whether the backend computes on something else than a CPU."""
    return any(not device.lower().startswith("cpu") for device in keras.distribution.list_devices())


def has_bfloat16() -> bool:
    """Whether every accelerator computes bfloat16 faster than float32: TPUs, and NVIDIA's GPUs from Ampere on.

    False where there is none, and for a GPU that does not tell its compute capability.
    """
    if keras.backend.backend() == "tensorflow":
        return _tensorflow_has_bfloat16()
    if keras.backend.backend() == "jax":
        return _jax_has_bfloat16()
    return False


def _tensorflow_has_bfloat16() -> bool:
    import tensorflow

    if tensorflow.config.list_logical_devices("TPU"):
        return True
    found = [
        tensorflow.config.experimental.get_device_details(device).get("compute_capability", (0, 0))
        for device in tensorflow.config.list_physical_devices("GPU")
    ]
    return bool(found) and all(tuple(capability) >= _FIRST_BFLOAT16_CAPABILITY for capability in found)


def _jax_has_bfloat16() -> bool:
    import jax

    return all(_jax_device_has_bfloat16(device) for device in jax.devices())


def _jax_device_has_bfloat16(device: Any) -> bool:
    if device.platform == "tpu":
        return True
    numbers = str(getattr(device, "compute_capability", "") or "0.0").split(".")
    return device.platform != "cpu" and tuple(int(part) for part in numbers) >= _FIRST_BFLOAT16_CAPABILITY
