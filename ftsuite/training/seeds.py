"""One seed for everything, and what else must hold for a run to repeat itself."""

from __future__ import annotations

import random

import keras
import numpy as np


def seed_everything(seed: int, deterministic: bool) -> None:
    """Seed Python, NumPy and Keras, and ask the backend for repeatable kernels where it has others.

    On a CPU TensorFlow's kernels repeat as they are for a given number of threads, and its determinism switch
    would make tf.data decode pictures one at a time; so it is thrown only where there is a GPU.
    """
    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow

        if tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.enable_op_determinism()


def uses_xla() -> bool:
    """Whether training steps are compiled by XLA.

    JAX always is. TensorFlow is on accelerators; on a CPU, XLA's convolutions are 14 to 40 times slower than
    oneDNN's, so it stays off there.
    """
    if keras.backend.backend() != "tensorflow":
        return True
    import tensorflow

    return any(device.device_type in ("GPU", "TPU") for device in tensorflow.config.list_physical_devices())


def on_accelerator() -> bool:
    """Whether the backend computes on something else than a CPU."""
    return any(not device.lower().startswith("cpu") for device in keras.distribution.list_devices())
