"""JPEG files whose end was never written: decoders fill in what is missing and say nothing."""

from __future__ import annotations

_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
# Compressed pixels do not end in so many zeros, and a file that was given its full size before it was copied does.
_LEAST_ZEROS = 64


def has_zeroed_end(data: bytes) -> bool:
    """Whether a JPEG ends in zeros without its end mark behind the start of its last scan.

    Zeros behind the end mark are harmless padding, and so is what cameras write there. Inside of compressed pixels
    the two bytes of a mark do not occur, but those of a thumbnail in front of the picture do: hence the last scan.
    """
    return data.endswith(bytes(_LEAST_ZEROS)) and data.rfind(_END) < data.rfind(_SCAN)
