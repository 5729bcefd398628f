"""Inputs that are no file of their own: a stretch of an archive or of an Arrow file, read in place.

An example's input is a path, or the text that `Stretch.as_input` gives: the file, the name inside it, and where
its bytes lie. Whoever reads pictures reads either through `ftsuite.data.image_files.read_bytes` (or inside tf.data
through `ftsuite.data.input_contents.read_contents`), so nothing is unpacked and no other file is ever opened.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass

INSIDE_PREFIX = "inside:"
_FORM = re.compile(
    r"inside:(?P<file>[^!]*)!(?P<name>.*)\?(?P<how>stored|deflated)=(?P<offset>\d+)\+(?P<bytes>\d+)"
    r"(?:&size=(?P<size>\d+))?(?:&crc=(?P<crc>[0-9a-f]{8}))?",
    re.DOTALL,
)
_READ_AT_ONCE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where the bytes of one input lie in a file.

    Attributes:
        file: path of the archive or Arrow file.
        name: of the member, for people.
        offset: of the first byte.
        stored_bytes: how many there are in the file.
        size_bytes: how many they are when inflated; equal to `stored_bytes` where nothing is compressed.
        deflated: whether they are compressed by DEFLATE, as in most zip archives.
        crc: CRC-32 of the content, None where the file holds none.
    """

    file: str
    name: str
    offset: int
    stored_bytes: int
    size_bytes: int
    deflated: bool = False
    crc: int | None = None

    def as_input(self) -> str:
        """The text that stands for it in `ftsuite.api.Examples.inputs`."""
        # The file ends at the first exclamation mark, so it has none itself.
        file = self.file.replace("%", "%25").replace("!", "%21")
        size = f"&size={self.size_bytes}" if self.deflated else ""
        crc = "" if self.crc is None else f"&crc={self.crc:08x}"
        how = "deflated" if self.deflated else "stored"
        return f"{INSIDE_PREFIX}{file}!{self.name}?{how}={self.offset}+{self.stored_bytes}{size}{crc}"


def is_inside(text: str) -> bool:
    """Whether an input is a stretch of a file."""
    return text.startswith(INSIDE_PREFIX)


def stretch_of(text: str) -> Stretch:
    """Read back what `Stretch.as_input` wrote.

    Raises:
        ValueError: it is not of that form.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"Expected inside:FILE!NAME?stored=OFFSET+BYTES. Received: {text!r}")
    stored = int(match["bytes"])
    return Stretch(
        file=match["file"].replace("%21", "!").replace("%25", "%"),
        name=match["name"],
        offset=int(match["offset"]),
        stored_bytes=stored,
        size_bytes=int(match["size"]) if match["size"] else stored,
        deflated=match["how"] == "deflated",
        crc=int(match["crc"], 16) if match["crc"] else None,
    )


def shown_input(text: str) -> str:
    """An input as people are shown it: a path, or ``archive.zip!member``."""
    match = _FORM.fullmatch(text) if is_inside(text) else None
    return text if match is None else f"{match['file'].replace('%21', '!').replace('%25', '%')}!{match['name']}"


def input_bytes(text: str) -> int:
    """How many bytes an input holds: a file's size, or what a stretch says of itself.

    Raises:
        OSError: the file is not there.
    """
    return stretch_of(text).size_bytes if is_inside(text) else os.stat(text).st_size


def read_inside(text: str) -> bytes:
    """The bytes that an input of this form stands for, see `read_stretch`."""
    return read_stretch(stretch_of(text))


def read_stretch(stretch: Stretch) -> bytes:
    """The bytes of a stretch; never more than it says it holds.

    Raises:
        OSError: the file is gone or cannot be read.
        ValueError: the file is shorter than that, or its bytes are damaged.
    """
    with open(stretch.file, "rb", buffering=0) as file:
        data = _read_at(file.fileno(), stretch.offset, stretch.stored_bytes)
    if len(data) < stretch.stored_bytes:
        raise ValueError("the file that holds it is cut short")
    if stretch.deflated:
        data = _inflated(data, stretch.size_bytes)
    if stretch.crc is not None and zlib.crc32(data) != stretch.crc:
        raise ValueError("its checksum does not fit: it is damaged, or the archive has changed")
    return data


def _read_at(descriptor: int, offset: int, count: int) -> bytes:
    data = os.pread(descriptor, count, offset)
    while data and len(data) < count:  # one call reads 2 GiB at most
        more = os.pread(descriptor, min(count - len(data), _READ_AT_ONCE_BYTES), offset + len(data))
        if not more:
            break
        data += more
    return data


def _inflated(data: bytes, size_bytes: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # One byte more than declared shows a member that says less than it holds.
        inflated = inflater.decompress(data, size_bytes + 1)
    except zlib.error as error:
        raise ValueError("its compressed data are damaged") from error
    if len(inflated) != size_bytes:
        raise ValueError("it does not have the size that the archive says")
    return inflated
