"""What scans of pictures found, as columns: some forty bytes a picture, and not an object each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ftsuite.data.columns import HashColumn
from ftsuite.data.image_files import ImageInfo

TINY_PIXELS = 16
_SHA256_BYTES = 32


class Scans:
    """The scans of pictures, in order.

    Args:
        infos: of the pictures.

    Attributes:
        tiny: paths of pictures that are less than `TINY_PIXELS` high or wide, the first few.
        tiny_count: how many there are.
    """

    SHOWN = 5

    def __init__(self, infos: Iterable[ImageInfo] = ()) -> None:
        self._digests = bytearray()
        self._decoders = bytearray()
        self.tiny: list[str] = []
        self.tiny_count = 0
        for info in infos:
            self.add(info)

    def add(self, info: ImageInfo) -> None:
        """Note the next picture."""
        self._digests += bytes.fromhex(info.sha256)
        self._decoders.append(info.needs_pillow)
        if min(info.width, info.height) < TINY_PIXELS:
            self.tiny_count += 1
            if len(self.tiny) < self.SHOWN:
                self.tiny.append(info.path)

    def __len__(self) -> int:
        return len(self._decoders)

    @property
    def content_hashes(self) -> HashColumn:
        """sha256 of each picture's bytes."""
        return HashColumn(np.frombuffer(self._digests, np.uint8).reshape(-1, _SHA256_BYTES))

    @property
    def decoders(self) -> np.ndarray:
        """``(n,)`` uint8 as `ftsuite.api.Examples.decoders`."""
        return np.frombuffer(self._decoders, np.uint8)
