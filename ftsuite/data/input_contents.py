"""Reading what an input holds inside tf.data, whether it is a file, lies in an archive or was read already."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ftsuite.data.contents import INSIDE_PREFIX, read_inside
from ftsuite.data.records.inputs import CONTENT_MARK


def named_contents(source: Any) -> tuple[Any, Any]:
    """What to call an input in a message, and all its bytes; both scalar strings.

    Args:
        source: scalar string: an entry of `ftsuite.api.Examples.inputs` (a file, or a stretch of an archive), or the
            contents themselves behind `CONTENT_MARK`, as records give them.

    A file is read by TensorFlow; what lies in an archive by `ftsuite.data.contents.read_inside`.
    """
    given = tf.strings.substr(source, 0, 1) == CONTENT_MARK
    name, contents = tf.cond(
        given,
        lambda: (tf.constant("a record"), tf.strings.substr(source, 1, tf.strings.length(source) - 1)),
        lambda: (tf.identity(source), _read(source)),
    )
    contents.set_shape(())
    return name, contents


def _read(path: Any) -> Any:
    inside = tf.strings.substr(path, 0, len(INSIDE_PREFIX)) == INSIDE_PREFIX
    return tf.cond(
        inside,
        lambda: tf.numpy_function(_read_inside, [path], tf.string, stateful=False),
        lambda: tf.io.read_file(path),
    )


def _read_inside(path: bytes) -> bytes:
    return read_inside(path.decode("utf-8"))
