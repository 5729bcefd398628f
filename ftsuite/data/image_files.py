"""Picture files: what each holds, whether it can really be decoded, and its pixels by Pillow.

A scan reads every file once: the sha256 of its bytes, its format and size, and a real decode, so that a cut
or damaged file is found with its path before training and not in the middle of it.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ftsuite.data.contents import is_inside, read_stretch, shown_input, stretch_of
from ftsuite.data.image_pixels import UndecodableError, exif_orientation, mode_problem, to_array
from ftsuite.data.image_sniff import what_it_is
from ftsuite.data.jpeg_ends import has_zeroed_end
from ftsuite.data.whole_files import read_whole
from ftsuite.errors import DataError, FtsuiteError

Progress = Callable[[str, int, int], None]

MAX_PIXELS = 100_000_000
MAX_FILE_BYTES = 512 * 1024 * 1024
# Pillow also reads formats that start other programs (EPS): these and no others are opened.
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000")
ENDINGS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pnm", ".avif", ".heic", ".heif", ".jp2"),
    )
)
_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"
# Decoding a JPEG at an eighth of its size still reads all of its data, so a cut file shows, and sooner.
_DRAFT_DIVISOR = 8
_SCAN_BATCH = 2048


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a scan found in one picture file.

    Attributes:
        path: the file.
        sha256: of its bytes, hexadecimal.
        format: Pillow's name of it, decided by content: JPEG, PNG, …
        width: in pixels as stored, before EXIF rotation.
        height: in pixels as stored, before EXIF rotation.
        mode: Pillow's pixel mode: L, RGB, CMYK, P, RGBA, I;16, …
        orientation: EXIF orientation, 1 (upright) to 8.
        needs_pillow: False where TensorFlow decodes it to the same pixels: an upright 8-bit greyscale or RGB
            JPEG, or such a PNG without transparency or animation.
    """

    path: str
    sha256: str
    format: str
    width: int
    height: int
    mode: str
    orientation: int
    needs_pillow: bool


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that cannot be used, and why in words.

    Attributes:
        path: the file, or the place of a row.
        reason: why, in words that go on after the path.
        id: the id that the example would have; empty where it would have none.
    """

    path: str
    reason: str
    id: str = ""


def scan_image(path: str | Path) -> ImageInfo:
    """Read and really decode one picture file.

    Raises:
        DataError: it is missing, unreadable, no picture, damaged, or above 100 megapixels.
    """
    with _quiet_pillow():
        found = _scan(str(path))
    if isinstance(found, BadFile):
        raise bad_file_error(found)
    return found


def scan_images(paths: Sequence[str | Path], progress: Progress | None = None) -> list[ImageInfo | BadFile]:
    """Scan files with a pool of threads; one entry a path, in the same order.

    Args:
        paths: files.
        progress: called in this thread as (label, files done, files in all).
    """
    found: list[ImageInfo | BadFile] = []
    names = [str(path) for path in paths]
    with _quiet_pillow(), ThreadPoolExecutor(max_workers=min(32, 2 * (os.cpu_count() or 1))) as pool:
        for start in range(0, len(names), _SCAN_BATCH):
            for entry in pool.map(_scan, names[start : start + _SCAN_BATCH]):
                found.append(entry)
                if progress is not None:
                    progress("Reading pictures", len(found), len(names))
    return found


def scan_bytes(data: bytes, name: str) -> ImageInfo | BadFile:
    """Scan a picture that is in memory; `name` stands for its path."""
    if not data:
        return BadFile(name, "is empty (0 bytes)")
    try:
        return _inspect(data, name)
    except (Image.DecompressionBombError, MemoryError):
        return BadFile(name, _too_large("far more than 100 megapixels"))
    except UndecodableError as error:
        return BadFile(name, str(error))
    except Exception as error:  # whatever a decoder stumbles over, the file is what has to be named
        return BadFile(name, _decode_reason(error, data))


def needs_pillow(paths: Sequence[str | Path], progress: Progress | None = None) -> np.ndarray:
    """For each picture file ``(n,)`` uint8: 0 where TensorFlow decodes it, 1 where Pillow must.

    Raises:
        DataError: a file cannot be decoded.
    """
    found = scan_images(paths, progress)
    bad = [entry for entry in found if isinstance(entry, BadFile)]
    if bad:
        raise bad_files_error(bad, len(found))
    return np.asarray([isinstance(entry, ImageInfo) and entry.needs_pillow for entry in found], dtype=np.uint8)


def bad_files_error(bad: Sequence[BadFile], total: int, noun: str = "files") -> DataError:
    """The error that names every unusable file (the first 20 of many) with its reason."""
    shown = [f"  {entry.path}: {entry.reason}" for entry in bad[:20]]
    if len(bad) > len(shown):
        shown.append(f"  … and {len(bad) - len(shown):,} more")
    return DataError(
        f"Expected {noun} that can all be used. Received: {len(bad):,} of {total:,} that cannot:\n" + "\n".join(shown),
        "Mend or delete them, or set `data.bad_files: skip` to leave them out of this run.",
    )


def decode_image(path: str | Path, channels: int = 3) -> np.ndarray:
    """Decode a picture with Pillow.

    Args:
        path: the file. EXIF rotation is applied, transparency is laid on white, 16-bit values are scaled to 8
            bits and of an animation the first frame is taken.
        channels: 3 for RGB, 1 for greyscale.

    Returns:
        ``(height, width, channels)`` uint8.

    Raises:
        DataError: the file cannot be decoded; names it with the reason.
    """
    data = read_bytes(str(path))
    if isinstance(data, BadFile):
        raise bad_file_error(data)
    return decode_bytes(data, shown_input(str(path)), channels)


def decode_bytes(data: bytes, name: str, channels: int = 3) -> np.ndarray:
    """`decode_image` of a picture that is in memory; `name` stands for its path."""
    if channels not in (1, 3):
        raise ValueError(f"Expected 1 or 3 channels. Received: {channels!r}")
    try:
        with Image.open(io.BytesIO(data), formats=_open_formats()) as image:
            _check_pixels(image)
            return to_array(image, channels)
    except UndecodableError as error:
        reason = str(error)
    except (Image.DecompressionBombError, MemoryError):
        reason = _too_large("far more than 100 megapixels")
    except Exception as error:
        reason = _decode_reason(error, data)
    raise DataError(f"Expected a picture that can be decoded. Received: {name}: {reason}.")


def bad_file_error(bad: BadFile) -> DataError:
    """The error for one file that cannot be used."""
    return DataError(f"Expected a picture that can be decoded. Received: {bad.path}: {bad.reason}.")


def read_bytes(path: str) -> bytes | BadFile:
    """All bytes of a regular file, or why there are none; a pipe is never opened, it could hang.

    An input that lies in an archive (`ftsuite.data.contents`) is read in place, and so is a record.
    """
    if is_inside(path):
        return _read_inside(path)
    if path.startswith("record:") and (record := _read_record(path)) is not None:
        return record
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return BadFile(path, "is not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            return BadFile(path, _too_many_bytes(status.st_size))
        data = read_whole(path, status.st_size)
    except FileNotFoundError:
        return BadFile(path, "is a link to a file that is not there" if os.path.islink(path) else "does not exist")
    except OSError as error:
        return BadFile(path, f"cannot be read ({error.strerror or error})")
    except ValueError:
        return BadFile(path, "has a name that no file can have")
    return data if data else BadFile(path, "is empty (0 bytes)")


def _read_record(path: str) -> bytes | BadFile | None:
    """The content of a record of that name, or why there is none; None where it is the name of a file after all."""
    # Records are read by a module that few runs need.
    from ftsuite.data.records.inputs import is_record_name, read_named

    try:
        return read_named(path) if is_record_name(path) else None
    except FtsuiteError as error:
        return BadFile(path, f"cannot be read ({error.message.rstrip('.')})")


def _too_many_bytes(count: int) -> str:
    return f"is {count / 2**20:,.0f} MiB, too large for a picture (limit 512 MiB)"


def _read_inside(path: str) -> bytes | BadFile:
    try:
        stretch = stretch_of(path)
        if stretch.size_bytes > MAX_FILE_BYTES:
            return BadFile(shown_input(path), _too_many_bytes(stretch.size_bytes))
        data = read_stretch(stretch)
    except OSError as error:
        return BadFile(shown_input(path), f"cannot be read ({error.strerror or error})")
    except ValueError as error:
        return BadFile(shown_input(path), f"cannot be read ({error})")
    return data if data else BadFile(shown_input(path), "is empty (0 bytes)")


def _scan(path: str) -> ImageInfo | BadFile:
    data = read_bytes(path)
    return data if isinstance(data, BadFile) else scan_bytes(data, shown_input(path))


def _inspect(data: bytes, name: str) -> ImageInfo:
    with Image.open(io.BytesIO(data), formats=_open_formats()) as image:
        _check_pixels(image)
        width, height, mode = image.width, image.height, image.mode
        problem = mode_problem(mode)
        if problem:
            raise UndecodableError(problem)
        frames = int(getattr(image, "n_frames", 1))
        if image.format == "JPEG":
            if has_zeroed_end(data):
                raise UndecodableError("is cut short: its end is filled with zeros")
            orientation = exif_orientation(image)
            image.draft("L", (max(width // _DRAFT_DIVISOR, 1), max(height // _DRAFT_DIVISOR, 1)))
            image.load()
        else:
            image.load()
            orientation = exif_orientation(image)  # a PNG's EXIF may stand behind its pixels
        plain = orientation == 1 and frames == 1 and mode in ("L", "RGB") and "transparency" not in image.info
        return ImageInfo(
            path=name,
            sha256=hashlib.sha256(data).hexdigest(),
            format=image.format or "",
            width=width,
            height=height,
            mode=mode,
            orientation=orientation,
            needs_pillow=not (plain and _tensorflow_decodes(image.format, data)),
        )


def _tensorflow_decodes(format_name: str | None, data: bytes) -> bool:
    if format_name == "JPEG":
        # TensorFlow refuses a JPEG without its end mark, and libjpeg-turbo's build there has no arithmetic
        # coding.
        return data.endswith(_JPEG_END) and not any(mark in data[:65536] for mark in (b"\xff\xc9\x00", b"\xff\xca\x00"))
    return format_name == "PNG" and data[24:25] == b"\x08" and data.endswith(_PNG_END)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UndecodableError(_too_large(f"{image.width:,} x {image.height:,} pixels"))


def _too_large(size: str) -> str:
    return f"holds {size}, above the limit of 100 megapixels: scale it down"


def _decode_reason(error: Exception, data: bytes) -> str:
    kind = what_it_is(data)
    if kind:
        return kind
    text = str(error).strip() or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "is cut short: its data ends before the picture does"
    return f"cannot be decoded ({text.splitlines()[0][:120]})"


def _open_formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings (odd EXIF, large picture) to itself: the scan gives its own verdict on each
    file.

    Filters are global to the process, so this is entered once by the calling thread and never inside the
    pool.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
