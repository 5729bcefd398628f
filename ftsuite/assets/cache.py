"""The cache on disk: where assets are, what a whole one looks like, and what a killed process left behind.

- `<home>/assets/<name>/<version>/`: a finished asset and its asset.json
- `<home>/assets/<name>/.work-*/`: one being made, or left behind by a process that was killed
- `<home>/downloads/`: wheels that a person put there by hand
- `<home>/locks/<name>.lock`: held while <name> is being made
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from ftsuite.assets.entries import Asset, damaged
from ftsuite.errors import ResourceError

MANIFEST_NAME = "asset.json"
WORK_PREFIX = ".work-"
_MANIFEST_FORMAT = 1
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# A broken pipe, say, is no fault of the cache and passes through.
_UNUSABLE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT),
    *(errno.ENOTEMPTY, errno.ELOOP, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE, errno.EMFILE),
}


def home() -> Path:
    """Return the cache's root: `FTSUITE_HOME`, else the platform's cache folder; it may not exist yet."""
    chosen = os.environ.get("FTSUITE_HOME")
    return Path(chosen).expanduser().absolute() if chosen else Path(platformdirs.user_cache_dir("ftsuite"))


def downloads_folder() -> Path:
    """Return the folder in which wheels are looked for before anything is downloaded."""
    return home() / "downloads"


def asset_folder(asset: Asset) -> Path:
    """Return where a finished asset belongs, whether it is there or not."""
    return home() / "assets" / asset.name / asset.version


def lock_path(asset: Asset) -> Path:
    """Return the file that is locked while an asset is being made."""
    return home() / "locks" / f"{asset.name}.lock"


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(asset: Asset, folder: Path) -> None:
    """Write `asset.json`, which says what a finished folder holds: every file's sha256 and size in bytes."""
    files = {
        path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "size_bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = {"format": _MANIFEST_FORMAT, "name": asset.name, **_identity(asset), "files": files}
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _identity(asset: Asset) -> dict[str, Any]:
    return {
        "source": asset.source,
        "version": asset.version,
        "sha256": asset.sha256,
        "members": list(asset.members),
        "convert": asset.convert.model_dump(mode="json"),
    }


def installed_folder(asset: Asset, *, read_bytes: bool = False) -> Path | None:
    """Return the folder of a finished asset, or None where there is none made from this catalogue entry.

    Args:
        asset: of the catalogue.
        read_bytes: compare the files' sha256 as well as their sizes, as is right before they are used.

    Raises:
        ArtifactError: it was finished once, and a file is now missing or not what was installed.
    """
    folder = asset_folder(asset)
    manifest = _read_manifest(asset, folder)
    if manifest is None:
        return None
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != expected["size_bytes"]:
            raise damaged(asset.name, f"{path} is missing or has another size")
        if read_bytes and sha256_of(path) != expected["sha256"]:
            raise damaged(asset.name, f"{path} does not have the sha256 that it was installed with")
    return folder


def damage(asset: Asset) -> tuple[str, ...] | None:
    """Read a finished asset's bytes and return what is wrong, a sentence each; None where it is not there."""
    folder = asset_folder(asset)
    manifest = _read_manifest(asset, folder)
    if manifest is None:
        return None
    faults = []
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{path} is missing")
        elif sha256_of(path) != expected["sha256"]:
            faults.append(f"{path} does not have the sha256 that it was installed with")
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    faults.extend(
        f"{folder / name} does not belong there" for name in sorted(present - set(manifest["files"]) - {MANIFEST_NAME})
    )
    return tuple(faults)


def _read_manifest(asset: Asset, folder: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        identity = {key: manifest[key] for key in _identity(asset)}
        files = {str(name): (file["sha256"], file["size_bytes"]) for name, file in manifest["files"].items()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise unusable(error) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # not a manifest of ours: the folder is not a finished asset, and is made anew
    if manifest.get("format") != _MANIFEST_FORMAT or identity != _identity(asset) or not files:
        return None
    return dict(manifest)


def remove_leftovers(asset: Asset) -> None:
    """Remove what killed processes left behind; call it with the lock held."""
    for path in asset_folder(asset).parent.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)


def check_free_space(needed_bytes: int) -> None:
    """Raise ResourceError where the cache's disk has less room than `needed_bytes`; the folder must exist."""
    free_bytes = shutil.disk_usage(home()).free
    if free_bytes < needed_bytes:
        raise disk_full(needed_bytes, free_bytes)


def disk_full(needed_bytes: int, free_bytes: int | None = None) -> ResourceError:
    """Make the error for a disk without room for `needed_bytes`."""
    free = "" if free_bytes is None else f" Received: {free_bytes:,} bytes free."
    return ResourceError(
        f"The disk of the cache {home()} needs {needed_bytes:,} bytes of room.{free}",
        "Free some space, or set FTSUITE_HOME to a folder on a larger disk.",
    )


def unusable(error: OSError) -> ResourceError:
    """Make the error for a cache that cannot be written to or read from."""
    place = f" ({error.filename})" if error.filename else ""
    return ResourceError(
        f"The cache {home()} (FTSUITE_HOME) should be a folder that can be written to. "
        f"Received: {error.strerror or error}{place}.",
        "Set the environment variable FTSUITE_HOME to a folder of your own, or mend this one's permissions.",
    )


@contextmanager
def cache_errors(needed_bytes: int) -> Iterator[None]:
    """Turn the operating system's errors within the context into ResourceError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise disk_full(needed_bytes) from error
        if error.errno in _UNUSABLE:
            raise unusable(error) from error
        raise
