"""When batches are asked for, and when they are there: what a training loop waits for its input.

The two moments are noted where tf.data hands batches out, in the thread that asks: what is prepared ahead is no wait.
"""

from __future__ import annotations

import time
import weakref
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf


class BatchClock:
    """Adds up how long batches were waited for.

    Attributes:
        waited_seconds: in all.
        arrived: how many batches were handed out.
        last_arrival_seconds: the moment of the last one, by `time.perf_counter`.
    """

    def __init__(self) -> None:
        self.waited_seconds = 0.0
        self.arrived = 0
        self.last_arrival_seconds = 0.0
        self._asked_seconds = 0.0

    def watch(self, batches: Any) -> Any:
        """The same batches, whose moments are noted: about a twentieth of a millisecond each."""
        # TensorFlow keeps every Python function that a graph calls for as long as the process lives, so these hold the
        # clock weakly.
        place = weakref.ref(self)

        def asked(number: Any) -> Any:
            with tf.control_dependencies([tf.numpy_function(partial(_asked, place), [], tf.int64)]):
                return tf.identity(number)

        def arrived(number: Any, batch: Any) -> Any:
            with tf.control_dependencies([tf.numpy_function(partial(_arrived, place), [], tf.int64)]):
                return tf.nest.map_structure(tf.identity, batch, expand_composites=True)

        # One after the other, the first before the batch is asked for and the second when it is there; a buffer behind
        # them, which tf.data would add of itself, would ask ahead and hide all waiting.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        length = batches.cardinality()
        asking = tf.data.Dataset.range(np.iinfo(np.int64).max).map(asked)
        watched = tf.data.Dataset.zip(asking, batches).map(arrived)
        return watched.apply(tf.data.experimental.assert_cardinality(length)).with_options(options)


def _asked(place: weakref.ref[BatchClock]) -> np.ndarray:
    clock = place()
    if clock is not None:
        clock._asked_seconds = time.perf_counter()
    return np.zeros((), np.int64)


def _arrived(place: weakref.ref[BatchClock]) -> np.ndarray:
    clock = place()
    if clock is not None:
        now = time.perf_counter()
        clock.waited_seconds += now - clock._asked_seconds
        clock.last_arrival_seconds = now
        clock.arrived += 1
    return np.zeros((), np.int64)
