"""A look at a few pictures of many."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path

import PIL.Image

from ftsuite.data.contents import is_inside
from ftsuite.data.image_files import ENDINGS, FORMATS, BadFile, read_bytes, scan_bytes
from ftsuite.data.looks.look import PictureLook
from ftsuite.data.sources.found import Row

# Of so many only the head is read, which tells the size; so many, and so many bytes, are decoded as well.
_OPENED, _DECODED, _DECODED_BYTES = 160, 60, 4_000_000
# Files whose names are no picture's: likely no pictures.
_ODD_NAMES, _NEARLY_ALL = 400, 0.9
_GREY = ("L", "1", "I", "I;16", "F", "LA")


def evenly(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, evenly spread."""
    if len(rows) <= most:
        return list(rows)
    return [rows[index * len(rows) // most] for index in range(most)]


def look_at_pictures(rows: Sequence[Row]) -> tuple[PictureLook | None, dict[str, str]]:
    """Open a sample of pictures, and all files whose names do not end as those of pictures do.

    Returns:
        What the sample is like (None where no picture of it can be opened), and the ids of those that cannot be used
        with the reasons.
    """
    odd = [row for row in rows if Path(row.id).suffix.lower() not in ENDINGS and not is_inside(row.input)]
    odd_ids = {row.id for row in odd}
    sample = evenly([row for row in rows if row.id not in odd_ids] if odd_ids else rows, _OPENED)
    bad: dict[str, str] = {}
    sizes: list[tuple[int, int, str]] = []
    decoded_bytes = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, row in enumerate([*sample, *odd[:_ODD_NAMES]]):
            decode = number < _DECODED and decoded_bytes < _DECODED_BYTES
            found = _decoded(row.input) if decode or is_inside(row.input) else _opened(row.input)
            if isinstance(found, str):
                bad[row.id] = found
                continue
            height, width, mode, size_bytes = found
            decoded_bytes += size_bytes
            sizes.append((height, width, mode))
    bad.update(_alike(odd, bad))
    return (_summary(sizes) if sizes else None), bad


def _alike(odd: Sequence[Row], bad: dict[str, str]) -> dict[str, str]:
    """Files that were not opened, and are named as those of which nearly none is a picture."""
    opened = odd[:_ODD_NAMES]
    if len(odd) == len(opened) or sum(row.id in bad for row in opened) < _NEARLY_ALL * len(opened):
        return {}
    reason = f"is not named like a picture; nearly all of {len(opened):,} such files are none"
    return dict.fromkeys((row.id for row in odd[_ODD_NAMES:]), reason)


def look_at_encoded(contents: Sequence[bytes]) -> PictureLook | None:
    """`look_at_pictures` of pictures that are in memory."""
    scans = [scan_bytes(data, "") for data in contents]
    sizes = [(scan.height, scan.width, scan.mode) for scan in scans if not isinstance(scan, BadFile)]
    return _summary(sizes) if sizes else None


def _decoded(path: str) -> tuple[int, int, str, int] | str:
    data = read_bytes(path)
    if isinstance(data, BadFile):
        return data.reason
    info = scan_bytes(data, path)
    return info.reason if isinstance(info, BadFile) else (info.height, info.width, info.mode, len(data))


def _opened(path: str) -> tuple[int, int, str, int] | str:
    try:
        if not Path(path).is_file():
            return "does not exist" if not Path(path).exists() else "is not a regular file"
        PIL.Image.init()
        formats = [name for name in FORMATS if name in PIL.Image.OPEN]
        with PIL.Image.open(path, formats=formats) as picture:
            return picture.height, picture.width, picture.mode, 0
    except Exception:  # whatever the decoder stumbles over: the scan finds the words
        return _decoded(path)


def _summary(sizes: Sequence[tuple[int, int, str]]) -> PictureLook:
    area = statistics.median_low(height * width for height, width, _ in sizes)
    height, width = next((h, w) for h, w, _ in sizes if h * w == area)
    elongations = sorted(max(h, w) / min(h, w) for h, w, _ in sizes)
    grey = sum(mode in _GREY for _, _, mode in sizes) / len(sizes)
    return PictureLook(len(sizes), height, width, elongations[int(0.9 * (len(sizes) - 1))], grey)
