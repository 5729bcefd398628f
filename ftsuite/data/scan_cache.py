"""What scans of picture files found, kept from run to run: an unchanged file is not read and decoded again.

A file is taken for unchanged where its size, its time of change in nanoseconds, its inode and its device are those of
the scan. Files that were changed just before they were scanned are not kept, since a change in the same instant would
not show; nor are files that cannot be used, which are looked at each time. The results lie in a SQLite database in the
cache, which survives a kill at any moment; one that is damaged all the same is begun anew.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import PIL

from ftsuite import assets
from ftsuite.data.image_files import BadFile, ImageInfo, scan_images

# Fewer are scanned in a second or two.
LEAST_FILES = 1000
# To be raised when a scan comes to judge files otherwise; Pillow's version counts as well.
_RULES = 1
_TOGETHER = 2048
_SETTLED_NANOSECONDS = 2_000_000_000
_KEPT_DAYS = 180
_DAY_SECONDS = 86_400
_WAIT_SECONDS = 5.0
_OFF = "FTSUITE_SCANS"
_CREATE = """
CREATE TABLE IF NOT EXISTS rules (text TEXT);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INT, changed INT, inode INT, device INT, day INT,
    sha256 BLOB, format TEXT, width INT, height INT, mode TEXT, orientation INT, needs_pillow INT
) WITHOUT ROWID;
"""
_FIND = "SELECT sha256, format, width, height, mode, orientation, needs_pillow FROM files WHERE path = ? AND " + (
    "size = ? AND changed = ? AND inode = ? AND device = ?"
)
_KEEP = f"INSERT OR REPLACE INTO files VALUES ({', '.join('?' * 13)})"

Progress = Callable[[str, int, int], None]
_State = tuple[int, int, int, int]


def scan_kept(paths: Sequence[str], progress: Progress | None = None) -> Iterator[ImageInfo | BadFile]:
    """`ftsuite.data.image_files.scan_images`, some at a time, of what was not scanned before or was changed since.

    The environment variable ``FTSUITE_SCANS=off`` has everything scanned, and nothing kept.

    Args:
        paths: files.
        progress: called in this thread as (label, files done, files in all).
    """
    if len(paths) < LEAST_FILES or os.environ.get(_OFF, "").lower() == "off":
        yield from scan_images(paths, progress)
        return
    with _opened() as cache:
        for start in range(0, len(paths), _TOGETHER):
            together = list(paths[start : start + _TOGETHER])
            yield from _scan(cache, together)
            if progress is not None:
                progress("Reading pictures", start + len(together), len(paths))


def _scan(cache: sqlite3.Connection | None, paths: list[str]) -> list[ImageInfo | BadFile]:
    # Before they are read: what is changed meanwhile has another state the next time.
    now = time.time_ns()
    states = [_state(path) for path in paths] if cache is not None else [None] * len(paths)
    known = [_find(cache, path, state) for path, state in zip(paths, states, strict=True)]
    scanned = iter(scan_images([path for path, info in zip(paths, known, strict=True) if info is None]))
    found = [next(scanned) if info is None else info for info in known]
    fresh = [
        _row(path, state, info)
        for path, state, info, old in zip(paths, states, found, known, strict=True)
        if old is None and state is not None and isinstance(info, ImageInfo) and now - state[1] > _SETTLED_NANOSECONDS
    ]
    if cache is not None and fresh:
        try:
            with cache:
                cache.executemany(_KEEP, fresh)
        except sqlite3.Error:
            pass  # a disk that is full, or another process that writes: the next run scans these again
    return found


def _state(path: str) -> _State | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def _find(cache: sqlite3.Connection | None, path: str, state: _State | None) -> ImageInfo | None:
    if cache is None or state is None:
        return None
    try:
        row = cache.execute(_FIND, (_key(path), *state)).fetchone()
    except sqlite3.Error:
        return None
    if row is None:
        return None
    sha256, format_name, width, height, mode, orientation, needs_pillow = row
    return ImageInfo(path, sha256.hex(), format_name, width, height, mode, orientation, bool(needs_pillow))


def _row(path: str, state: _State, info: ImageInfo) -> tuple[object, ...]:
    facts = (info.format, info.width, info.height, info.mode, info.orientation, int(info.needs_pillow))
    return (_key(path), *state, _today(), bytes.fromhex(info.sha256), *facts)


def _key(path: str) -> bytes:
    return os.fsencode(os.path.abspath(path))


def _today() -> int:
    return int(time.time()) // _DAY_SECONDS


@contextmanager
def _opened() -> Iterator[sqlite3.Connection | None]:
    """The database; None where there can be none, and everything is scanned."""
    path = assets.home() / "scans.sqlite"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        cache = _connected(path)
    except (OSError, sqlite3.OperationalError):
        cache = None
    except sqlite3.DatabaseError:
        cache = _begun_anew(path)
    if cache is None:
        yield None
        return
    with closing(cache):
        yield cache


def _connected(path: Path) -> sqlite3.Connection:
    cache = sqlite3.connect(path, timeout=_WAIT_SECONDS)
    try:
        # Commits survive a kill at any moment, and a power cut loses the last ones at most.
        cache.execute("PRAGMA journal_mode = WAL")
        cache.execute("PRAGMA synchronous = NORMAL")
        cache.executescript(_CREATE)
        rules = f"{_RULES} Pillow {PIL.__version__}"
        with cache:
            if cache.execute("SELECT text FROM rules").fetchall() != [(rules,)]:
                cache.execute("DELETE FROM rules")
                cache.execute("DELETE FROM files")
                cache.execute("INSERT INTO rules VALUES (?)", (rules,))
            cache.execute("DELETE FROM files WHERE day < ?", (_today() - _KEPT_DAYS,))
    except BaseException:
        cache.close()
        raise
    return cache


def _begun_anew(path: Path) -> sqlite3.Connection | None:
    try:
        for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            name.unlink(missing_ok=True)
        return _connected(path)
    except (OSError, sqlite3.Error):
        return None
