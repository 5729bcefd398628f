"""Decoding inside tf.data: TensorFlow's own decoders where they give Pillow's pixels, Pillow for all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ftsuite.data.image_files import BadFile, bad_files_error, decode_bytes, decode_image, scan_images
from ftsuite.data.input_contents import read_contents
from ftsuite.errors import DataError

_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG"
_PNG_END = b"IEND\xaeB`\x82"
_CHANGED = "A picture has changed or was damaged since it was scanned; expected a whole JPEG or PNG file. Received:"


def decode_dataset_element(path: Any, needs_pillow: Any, contents: Any = None) -> Any:
    """Decode one picture file inside tf.data.

    Args:
        path: scalar string, a file (or a picture in an archive) that a scan has accepted.
        needs_pillow: scalar bool (or 0/1), what the scan said of it (`ftsuite.api.Examples.decoders`).
        contents: scalar string, the bytes of the file where they are at hand; `path` then only names it.

    Returns:
        ``(height, width, 3)`` uint8; equal to `ftsuite.data.image_files.decode_image` within two levels.
        A file that is gone, cut or replaced raises tf.errors.OpError with its path in the message.
    """
    image = tf.cond(
        tf.cast(needs_pillow, tf.bool),
        lambda: tf.numpy_function(
            _decode_with_pillow, [path] if contents is None else [path, contents], tf.uint8, stateful=False
        ),
        lambda: _decode_with_tensorflow(path, read_contents(path) if contents is None else contents),
    )
    image.set_shape((None, None, 3))
    return image


def find_undecodable(paths: Sequence[str]) -> DataError | None:
    """Scan again after a decoder failed in the middle of work: the error that names the files at fault."""
    bad = [entry for entry in scan_images(paths) if isinstance(entry, BadFile)]
    return bad_files_error(bad, len(paths)) if bad else None


def _decode_with_tensorflow(path: Any, contents: Any) -> Any:
    is_png = tf.strings.substr(contents, 0, 4) == _PNG_START
    return tf.cond(is_png, lambda: _png(contents, path), lambda: _jpeg(contents, path))


def _jpeg(contents: Any, path: Any) -> Any:
    # TensorFlow's decoders do not say which file they failed on, so a cut one is caught by its end mark.
    whole = tf.logical_and(tf.io.is_jpeg(contents), _ends_with(contents, _JPEG_END))
    with tf.control_dependencies([tf.debugging.Assert(whole, [_CHANGED, path])]):
        # Pillow's choices: the exact inverse transform and smoothed chroma.
        return tf.io.decode_jpeg(contents, channels=3, dct_method="INTEGER_ACCURATE", fancy_upscaling=True)


def _png(contents: Any, path: Any) -> Any:
    with tf.control_dependencies([tf.debugging.Assert(_ends_with(contents, _PNG_END), [_CHANGED, path])]):
        return tf.io.decode_png(contents, channels=3)


def _ends_with(contents: Any, end: bytes) -> Any:
    start = tf.maximum(tf.strings.length(contents) - len(end), 0)
    return tf.strings.substr(contents, start, len(end)) == end


def _decode_with_pillow(path: bytes, contents: bytes | None = None) -> np.ndarray:
    return decode_image(path.decode("utf-8")) if contents is None else decode_bytes(contents, path.decode("utf-8"))
