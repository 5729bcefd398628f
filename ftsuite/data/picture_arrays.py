"""Examples of pictures that a task read as arrays: from a format of its own, a simulation, an instrument.

They are kept as PNGs in one archive in the cache, so that everything that reads pictures (training, previews, audits,
reports) reads these as it reads those of any other archive, and the arrays need not stay in memory.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from ftsuite.data.contents import Stretch
from ftsuite.data.image_files import ImageInfo
from ftsuite.data.sources.assemble import assemble_scanned
from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.sized_copies import find_copy, keep_copy
from ftsuite.errors import DataError, ResourceError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

_ENDING, _INDEX_ENDING = ".zip", ".npy"
_INDEX = np.dtype([("offset", "<i8"), ("bytes", "<i8"), ("crc", "<u4"), ("sha256", "u1", (32,))])
# To be raised when the same arrays come to be written otherwise.
_RULES = "2"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_TOLD_EACH = 1000
_SPLITS = ("train", "validation", "test")


def examples_from_arrays(
    pictures: np.ndarray | Sequence[np.ndarray],
    labels: np.ndarray | Sequence[int],
    class_names: Sequence[str],
    *,
    splits: np.ndarray | Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Examples:
    """Examples of pictures that are arrays and no files, for a task's `load`.

    Their ids count within each split: ``train/00000``. The archive of their PNGs lies in ``pictures`` in ftsuite's
    cache, is known again by the arrays' bytes, and may be deleted at any time.

    Args:
        pictures: n arrays ``(height, width)`` of greys or ``(height, width, 3)`` of red, green and blue, uint8.
        labels: ``(n,)`` whole numbers, indices into `class_names`.
        class_names: in the order of the model's outputs.
        splits: ``(n,)`` of ``train``, ``validation`` and ``test`` where the data come with official splits.
        progress: what `load` was given.

    Raises:
        DataError: arrays that are no such pictures, columns of different lengths, labels without a name, no picture.
        ResourceError: the cache cannot be written to.
    """
    _check(pictures, labels, class_names, splits)
    names = _names(len(pictures), splits)
    stretches, digests = _kept(pictures, names, progress)
    rows = [
        Row(name, stretch.as_input(), str(class_names[int(label)]), str(splits[place]) if splits is not None else "")
        for place, (name, stretch, label) in enumerate(zip(names, stretches, labels, strict=True))
    ]
    found = Found("image-file", rows=rows, class_names=list(map(str, class_names)), has_splits=splits is not None)
    infos = {name: _info(name, picture, digest) for name, picture, digest in zip(names, pictures, digests, strict=True)}
    return assemble_scanned(found, infos, "error")


def _check(
    pictures: np.ndarray | Sequence[np.ndarray],
    labels: np.ndarray | Sequence[int],
    class_names: Sequence[str],
    splits: np.ndarray | Sequence[str] | None,
) -> None:
    count = len(pictures)
    if not count:
        raise DataError("Expected pictures. Received: none.", "Look at what the task's `load` reads.")
    for name, column in (("labels", labels), ("splits", splits)):
        if column is not None and len(column) != count:
            raise DataError(f"Expected {name} for {count:,} pictures, one each. Received: {len(column):,}.")
    for place, picture in enumerate(pictures):
        shape, dtype = np.shape(picture), getattr(picture, "dtype", type(picture).__name__)
        if dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)) or 0 in shape:
            raise DataError(
                "Expected each picture to be (height, width) or (height, width, 3) uint8. "
                f"Received: {shape} {dtype} at {place}.",
                "Scale values to 0 … 255 and end with `.astype(np.uint8)`; colours are the last axis.",
            )
    wrong = sorted({int(label) for label in labels if not 0 <= int(label) < len(class_names)})
    if wrong:
        raise DataError(f"Expected labels from 0 to {len(class_names) - 1}, a name for each. Received: {wrong[:5]}.")
    unknown = sorted({str(split) for split in ([] if splits is None else splits)} - set(_SPLITS))
    if unknown:
        raise DataError(f"Expected splits to be {', '.join(_SPLITS)}. Received: {unknown[:5]}.")


def _names(count: int, splits: np.ndarray | Sequence[str] | None) -> list[str]:
    if splits is None:
        return [f"{number:05d}" for number in range(count)]
    seen: Counter[str] = Counter()
    names = []
    for split in map(str, splits):
        names.append(f"{split}/{seen[split]:05d}")
        seen[split] += 1
    return names


def _kept(
    pictures: np.ndarray | Sequence[np.ndarray], names: Sequence[str], progress: Progress | None
) -> tuple[list[Stretch], list[str]]:
    """Where the PNG of each name lies, and its sha256; they are written first where they are not there."""
    import filelock

    from ftsuite.assets import home

    folder, key = home() / "pictures", _key(pictures, names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(str(folder / f"{key}.lock")):
            found = _found(folder, key, len(names)) or _written(folder, key, pictures, names, progress)
    except OSError as error:
        raise ResourceError(
            f"Expected to keep {len(names):,} pictures in {str(folder)!r}. Received: {error.strerror or error}.",
            "Make room there, or set FTSUITE_HOME to a folder with room that you may write to.",
        ) from error
    archive, index = found
    together = index["sha256"].tobytes().hex()
    digests = [together[start : start + 64] for start in range(0, len(together), 64)]
    places = zip(names, index["offset"].tolist(), index["bytes"].tolist(), index["crc"].tolist(), strict=True)
    stretches = [
        Stretch(str(archive), f"{name}.png", offset, size, size, crc=crc) for name, offset, size, crc in places
    ]
    return stretches, digests


def _found(folder: Path, key: str, count: int) -> tuple[Path, np.ndarray] | None:
    """The archive and its index, where both are whole: to list an archive takes longer than to read it."""
    archive, listed = find_copy(folder, key, _ENDING), find_copy(folder, key, _INDEX_ENDING)
    if archive is None or listed is None:
        return None
    try:
        index = np.load(listed, allow_pickle=False)
    except ValueError:
        return None  # damaged: both are made anew
    end = archive.stat().st_size
    whole = index.dtype == _INDEX and len(index) == count and int((index["offset"] + index["bytes"]).max()) < end
    return (archive, index) if whole else None


def _written(
    folder: Path,
    key: str,
    pictures: np.ndarray | Sequence[np.ndarray],
    names: Sequence[str],
    progress: Progress | None,
) -> tuple[Path, np.ndarray]:
    partial, partial_index = folder / f".{key}.partial", folder / f".{key}.index.partial"
    try:
        index = _write(partial, pictures, names, progress)
        with open(partial_index, "wb") as file:
            np.save(file, index, allow_pickle=False)
        keep_copy(partial_index, folder, key, _INDEX_ENDING)
        return keep_copy(partial, folder, key, _ENDING), index
    finally:
        partial.unlink(missing_ok=True)
        partial_index.unlink(missing_ok=True)


def _key(pictures: np.ndarray | Sequence[np.ndarray], names: Sequence[str]) -> str:
    digest = hashlib.sha256(f"{_RULES} Pillow {PIL.__version__}\n".encode())
    for name, picture in zip(names, pictures, strict=True):
        digest.update(f"{name} {picture.shape}\n".encode())
        digest.update(picture.tobytes())
    return digest.hexdigest()[:24]


def _write(
    path: Path, pictures: np.ndarray | Sequence[np.ndarray], names: Sequence[str], progress: Progress | None
) -> np.ndarray:
    """Write the archive; where each picture lies in it, ``(n,)`` of `_INDEX`."""
    index = np.zeros(len(names), _INDEX)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for place, (name, picture) in enumerate(zip(names, pictures, strict=True)):
            png = io.BytesIO()
            PIL.Image.fromarray(np.ascontiguousarray(picture)).save(png, "PNG", compress_level=1)
            content, member = png.getvalue(), zipfile.ZipInfo(f"{name}.png", _LONG_AGO)
            archive.writestr(member, content)
            # What was written last ends where the next member will begin.
            start = archive.start_dir - len(content)
            index[place] = (start, len(content), member.CRC, np.frombuffer(hashlib.sha256(content).digest(), np.uint8))
            if progress is not None and (place + 1) % _TOLD_EACH == 0:
                progress("Keeping pictures", place + 1, len(names))
    return index


def _info(name: str, picture: np.ndarray, sha256: str) -> ImageInfo:
    """What a scan of it would find."""
    height, width = picture.shape[:2]
    return ImageInfo(name, sha256, "PNG", width, height, "L" if picture.ndim == 2 else "RGB", 1, needs_pillow=False)
