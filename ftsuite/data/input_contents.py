"""Reading what an input holds inside tf.data, whether it is a file or lies in an archive."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ftsuite.data.contents import INSIDE_PREFIX, read_inside


def read_contents(path: Any) -> Any:
    """All bytes of an input, as a scalar string.

    Args:
        path: scalar string of `ftsuite.api.Examples.inputs`: a file, or a stretch of an archive.

    A file is read by TensorFlow; what lies in an archive by `ftsuite.data.contents.read_inside`.
    """
    inside = tf.strings.substr(path, 0, len(INSIDE_PREFIX)) == INSIDE_PREFIX
    contents = tf.cond(
        inside,
        lambda: tf.numpy_function(_read_inside, [path], tf.string, stateful=False),
        lambda: tf.io.read_file(path),
    )
    contents.set_shape(())
    return contents


def _read_inside(path: bytes) -> bytes:
    return read_inside(path.decode("utf-8"))
