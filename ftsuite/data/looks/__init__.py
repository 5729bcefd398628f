"""A first look at data for which there is no config yet: classes, sizes, columns. Quick, and without TensorFlow."""

from __future__ import annotations

from ftsuite.data.looks.at_source import look_at
from ftsuite.data.looks.look import Hint, Look, PictureLook, TextLook, Wanted

__all__ = ["Hint", "Look", "PictureLook", "TextLook", "Wanted", "look_at"]
