"""What goes wrong with a user's files while they are read again is told as an error of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.data.image_decode import find_undecodable
from ftsuite.errors import DataError


@contextmanager
def data_errors(examples: Examples) -> Iterator[None]:
    """Name the files that cannot be read any more where reading the examples fails.

    Raises:
        DataError: in place of TensorFlow's error, if a picture of the examples is gone, cut or replaced.
    """
    try:
        yield
    except tf.errors.OpError as error:
        named = find_undecodable(examples.inputs) if examples.kind == "image-file" else None
        if named is not None:
            raise named from error
        raise DataError(
            f"Every example should be readable. Received: {str(error).splitlines()[0]}",
            "Check the source, and begin again.",
        ) from error
