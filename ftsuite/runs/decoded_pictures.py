"""Where a run keeps decoded pictures: by measured sizes and what is free, and written to the disk before training."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ftsuite.api import Examples, Progress, Task
from ftsuite.assets import home
from ftsuite.config import Config
from ftsuite.data.crop_decode import EncodedPicture, Picture, open_picture
from ftsuite.data.drawn_pictures import FIELD_GUIDE_PIXELS, draw_anew, draw_input
from ftsuite.data.kept_pictures import DRAWN, KeptPictures
from ftsuite.errors import ConfigError, DataError, ResourceError
from ftsuite.runs.cache_limits import limit_bytes_of
from ftsuite.runs.memory import available_memory_bytes
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.keys import activation_key, hash_texts
from ftsuite.training.activations.layouts import RowLayout
from ftsuite.training.activations.store import Activations, ActivationWriter

_LAYOUTS = (RowLayout("pixels", "uint8", (None,)), RowLayout("shape", "int32", (2,)))
_SAMPLED = 64
_AUTO_SHARE, _ASKED_SHARE = 4, 2
_TOGETHER = 64


@dataclass(frozen=True)
class PicturesOnDisk:
    """What is to be written before training.

    Attributes:
        sources: inputs of the pictures, each once.
        decoders: ``(n,)`` uint8 of them.
        content: a hash of what they hold.
        needed: as `ftsuite.data.kept_pictures.KeptPictures.keep_rows` takes it.
        size_bytes: about what they take.
        asked: whether the config asks for it; else a run goes on without where there is no room.
    """

    sources: Sequence[str]
    decoders: np.ndarray
    content: str
    needed: int
    size_bytes: int
    asked: bool


def plan_pictures(
    task: Task, parts: Mapping[str, Examples], config: Config
) -> tuple[PicturesOnDisk | None, tuple[str, ...]]:
    """Choose where decoded pictures are kept; those in memory are kept from now on.

    Returns:
        What `write_pictures` has to write, or None; and what to tell of the choice.

    Raises:
        ConfigError: ``data.cache`` asks for what the task cannot do.
    """
    mode, kept, training = config.data.cache, task.kept_pictures, parts["train"]
    if not isinstance(kept, KeptPictures) or training.kind == "text":
        if mode in ("memory", "disk"):
            raise ConfigError(
                f"data.cache must be auto or off where the inputs are not pictures. Received: {mode}.",
                "Remove `data.cache`.",
            )
        return None, ()
    if mode == "off":
        return None, ()
    # What was drawn into records is read from there, as any picture is.
    if training.kind == "field-guide" and not hasattr(training.inputs, "contents"):
        return _plan_drawn(kept, list(parts.values()), mode)
    if kept.needed is None:
        told = "Decoded pictures are not kept: only those that random crops (crop-resize) are cut from can be."
        return None, ((told,) if mode != "auto" else ())
    return _plan_files(kept, training, mode)


def _plan_drawn(
    kept: KeptPictures, parts: Sequence[Examples], mode: str
) -> tuple[PicturesOnDisk | None, tuple[str, ...]]:
    sources = tuple(dict.fromkeys(source for part in parts for source in part.inputs))
    size_bytes = len(sources) * FIELD_GUIDE_PIXELS**2 * 3
    if mode == "disk" or (mode == "auto" and _fits_on_disk(size_bytes)):
        hashes = hash_texts([one for part in parts for one in part.content_hashes])
        # The first one as it is drawn now: whatever changes how birds are drawn most likely changes that one too.
        content = hash_texts([hashes, hashlib.sha256(draw_input(sources[0]).tobytes()).hexdigest()])
        plan = PicturesOnDisk(sources, np.zeros(len(sources), np.uint8), content, DRAWN, size_bytes, mode == "disk")
        return plan, (f"Drawn pictures are kept on the disk, for other runs too: {_size(size_bytes)} in {_root()}.",)
    return None, _in_memory(kept, size_bytes, mode, "Drawn pictures")


def _plan_files(kept: KeptPictures, training: Examples, mode: str) -> tuple[PicturesOnDisk | None, tuple[str, ...]]:
    size_bytes = _expected_bytes(training, kept)
    if size_bytes is None:
        return None, ("Decoded pictures are not kept: their sizes cannot be measured.",)
    if mode != "disk":
        return None, _in_memory(kept, size_bytes, mode, "Decoded training pictures")
    assert kept.needed is not None
    rows = dict(zip(training.inputs, range(len(training)), strict=True))
    places = np.fromiter(rows.values(), np.int64, len(rows))
    decoders = training.decoders if training.decoders is not None else np.zeros(len(training), np.uint8)
    content = hash_texts(training.take(places).content_hashes)
    plan = PicturesOnDisk(tuple(rows), decoders[places], content, kept.needed, size_bytes, True)
    return plan, (f"Decoded training pictures are kept on the disk: about {_size(size_bytes)} in {_root()}.",)


def _in_memory(kept: KeptPictures, size_bytes: int, mode: str, what: str) -> tuple[str, ...]:
    free = available_memory_bytes()
    if mode == "auto" and size_bytes > free // _AUTO_SHARE:
        return (
            f"{what} are made anew each epoch: kept, they would take about {_size(size_bytes)}, and {_size(free)} of "
            "memory are free (`data.cache: memory` keeps some of them, `data.cache: disk` all).",
        )
    # Sizes were measured on a sample, so what fits has some room to be larger.
    kept.keep_in_memory(min(2 * size_bytes, free // _ASKED_SHARE))
    share = "" if size_bytes <= kept.limit_bytes else f", as many as {_size(kept.limit_bytes)} hold"
    return (f"{what} are kept in memory: about {_size(size_bytes)}{share}.",)


def _expected_bytes(training: Examples, kept: KeptPictures) -> int | None:
    """What all decoded pictures take, by a sample of them; None where one of these cannot be read any more."""
    assert kept.needed is not None
    count = len(training)
    some = training.take(np.unique(np.linspace(0, count - 1, min(_SAMPLED, count)).astype(np.int64)))
    decoders = some.decoders if some.decoders is not None else np.zeros(len(some), np.uint8)
    try:
        pictures = [
            open_picture(source, bool(decoder), kept.needed)
            for source, decoder in zip(some.inputs, decoders, strict=True)
        ]
    except DataError:
        return None  # training names it
    return int(np.mean([3 * picture.shape[0] * picture.shape[1] for picture in pictures]) * count)


def write_pictures(
    task: Task,
    plan: PicturesOnDisk | None,
    tell: Callable[[dict[str, Any]], None],
    progress: Progress | None = None,
) -> None:
    """Decode or draw what is to be kept on the disk, unless an earlier run did, and have the task use it.

    Args:
        task: whose pictures they are.
        plan: of `plan_pictures`; None writes nothing.
        tell: told as an event what is waited for, or why a run goes on without.
        progress: told how it goes on.

    Raises:
        DataError: a picture cannot be read; names it.
        ResourceError: there is no room on the disk, where the config asks for it.
    """
    if plan is None:
        return
    folder = pictures_folder().telling(lambda text: tell({"event": "note", "message": text}))
    try:
        key = activation_key(_identity(plan))
        written = folder.open_or_write(key, _LAYOUTS, plan.size_bytes, lambda writer: _write(plan, writer, progress))
    except ResourceError as error:
        if plan.asked:
            raise
        tell({"event": "note", "message": f"Drawn pictures are not kept on the disk. {error.message}"})
        return
    numbers = {source: row for row, source in enumerate(plan.sources)}
    task.kept_pictures.keep_rows(_Rows(written), numbers, plan.needed)


def _identity(plan: PicturesOnDisk) -> dict[str, Any]:
    """Everything that the pixels depend on."""
    return {
        "content": plan.content,
        "sources": hash_texts(plan.sources),
        "needed": plan.needed,
        "versions": picture_versions(),
    }


def picture_versions() -> dict[str, str]:
    """The packages that make training pictures, and their versions."""
    packages = ("ftsuite", "numpy", "pillow", "simplejpeg")
    return {**{name: version(name) for name in packages}, "opencv": str(cv2.__version__)}


def _write(plan: PicturesOnDisk, writer: ActivationWriter, progress: Progress | None) -> np.ndarray:
    label = "Drawing pictures" if plan.needed == DRAWN else "Decoding pictures"
    for number, pixels in enumerate(_made(plan), 1):
        shape = np.array([pixels.shape[:2]], np.int32)
        writer.append({"pixels": pixels.reshape(1, -1), "shape": shape}, np.array([pixels.size], np.int64))
        if progress is not None:
            progress(label, number, len(plan.sources))
    return np.arange(len(plan.sources))


def _made(plan: PicturesOnDisk) -> Iterator[np.ndarray]:
    """All pictures in order, made on all cores a few at a time."""

    def make(number: int) -> np.ndarray:
        source = plan.sources[number]
        if plan.needed == DRAWN:
            return draw_anew(source)
        picture: Picture = open_picture(source, bool(plan.decoders[number]), plan.needed)
        return picture.decode() if isinstance(picture, EncodedPicture) else picture

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(plan.sources), _TOGETHER):
            yield from pool.map(make, range(start, min(start + _TOGETHER, len(plan.sources))))


class _Rows:
    """Pictures as they lie on the disk, mapped into memory."""

    def __init__(self, written: Activations) -> None:
        self._written = written
        self._shapes = [(*map(int, written.view("shape", row)), 3) for row in range(written.count)]

    def picture(self, row: int) -> np.ndarray:
        return self._written.view("pixels", row).reshape(self._shapes[row])


def pictures_folder() -> ActivationFolder:
    """The folder of decoded pictures of all runs, and its limit: ``FTSUITE_PICTURES_GIB``, or 10 GiB.

    Raises:
        ConfigError: if that is no number above 0.
    """
    return ActivationFolder(_root(), limit_bytes_of("FTSUITE_PICTURES_GIB"))


def _fits_on_disk(size_bytes: int) -> bool:
    try:
        return size_bytes <= pictures_folder().room_bytes() // _AUTO_SHARE
    except ResourceError:
        return False  # a folder that cannot be read; memory is left


def _root() -> Path:
    return home() / "pictures"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{max(size_bytes / 1e6, 1):,.0f} MB"
