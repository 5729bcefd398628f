"""Getting a tfds data set prepared: from archives at hand, else from the network, else a quick and full
answer.
"""

from __future__ import annotations

import contextlib
import http.client
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.errors import ArtifactError, DataError, ResourceError

if TYPE_CHECKING:
    from ftsuite.api import Progress

PROBE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Archive:
    """A file that a data set is built from.

    Attributes:
        name: its file name, under which it is looked for in ``data.manual_dir``.
        size_bytes: as published.
        sha256: as published; tfds enforces it.
        urls: where tfds takes it from.
    """

    name: str
    size_bytes: int
    sha256: str
    urls: tuple[str, ...]


def ensure_prepared(builder: Any, manual_dir: Path | None, progress: Progress | None = None) -> None:
    """Make sure that the builder's files are on the disk.

    Args:
        builder: a tfds builder.
        manual_dir: folder with archives that were fetched by hand.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        ResourceError: archives are missing and cannot be fetched.
        ArtifactError: an archive in `manual_dir` is not the published one.
        DataError: `manual_dir` is no folder, or the data set cannot be built.
    """
    if builder.is_prepared():
        return
    if manual_dir is not None and not manual_dir.is_dir():
        raise DataError(f"Expected data.manual_dir to be a folder that exists. Received: {str(manual_dir)!r}")
    archives = archives_of(builder)
    missing = [one for one in archives if not _at_hand(one, builder, manual_dir)]
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and manual_dir is None:
        raise _not_here(builder, missing, None)
    if (missing or not archives) and not reachable([url for one in missing for url in one.urls]):
        raise _not_here(builder, missing, manual_dir)
    _build(builder, manual_dir, missing, progress)


def archives_of(builder: Any) -> list[Archive]:
    """The files that a builder's published checksums name, mirrors of one file taken together."""
    by_checksum: dict[str, list[tuple[str, Any]]] = {}
    for url, info in (builder.url_infos or {}).items():
        by_checksum.setdefault(info.checksum, []).append((url, info))
    return [
        Archive(
            name=next((info.filename for _, info in same if info.filename), checksum[:16]),
            size_bytes=int(same[0][1].size),
            sha256=checksum,
            urls=tuple(url for url, _ in same),
        )
        for checksum, same in by_checksum.items()
    ]


def reachable(urls: list[str], timeout_seconds: float = PROBE_SECONDS) -> bool:
    """Whether any of these addresses answers at all within the time; no address is no reason to doubt.

    The threads are left to themselves after that: a name server that is silent cannot be interrupted.
    """
    if not urls:
        return True
    answered = threading.Event()
    threads = [threading.Thread(target=_probe, args=(url, timeout_seconds, answered), daemon=True) for url in urls[:8]]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_seconds
    while not answered.is_set() and time.monotonic() < deadline and any(one.is_alive() for one in threads):
        answered.wait(0.05)
    return answered.is_set()


def _probe(url: str, timeout_seconds: float, answered: threading.Event) -> None:
    # urllib takes the user's proxy settings, as tfds' own downloader does.
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds):
            answered.set()
    except urllib.error.HTTPError:
        answered.set()  # an answer, if a refusal of HEAD: the download itself will tell
    except http.client.HTTPException:
        answered.set()
    except (OSError, ValueError):
        return


def _at_hand(archive: Archive, builder: Any, manual_dir: Path | None) -> bool:
    """Whether an archive lies in `manual_dir` (of the published size) or among tfds' downloads.

    Raises:
        ArtifactError: it lies there with another size, so it is cut or another file.
    """
    if manual_dir is not None and (path := manual_dir / archive.name).is_file():
        size = path.stat().st_size
        if size != archive.size_bytes:
            raise ArtifactError(
                f"Expected {str(path)!r} to be the published archive of {archive.size_bytes:,} bytes. "
                f"Received: {size:,} bytes.",
                "Fetch it again; its sha256 is " + archive.sha256 + ".",
            )
        return True
    from tensorflow_datasets.core.download import resource

    downloads = Path(builder.data_dir).expanduser()
    for _ in Path(builder.info.full_name).parts:
        downloads = downloads.parent
    names = [resource.get_dl_fname(url, archive.sha256) for url in archive.urls]
    return any(next((downloads / "downloads").rglob(name), None) is not None for name in names)


def _build(builder: Any, manual_dir: Path | None, missing: list[Archive], progress: Progress | None) -> None:
    import tensorflow_datasets as tfds

    if progress is not None:
        doing = "Downloading and preparing" if missing else "Preparing"
        progress(f"{doing} {builder.info.full_name}, which takes minutes", 0, 1)
    tfds.disable_progress_bar()
    settings = tfds.download.DownloadConfig(manual_dir=str(manual_dir) if manual_dir else None, try_download_gcs=False)
    try:
        # tfds prints what it does; standard output belongs to the command, and may have to be JSON.
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare(download_config=settings)
    except ImportError as error:
        raise ResourceError(
            f"Expected all that building {builder.info.full_name} needs. Received: {error}.",
            "Install that package.",
        ) from error
    except Exception as error:  # builders raise whatever their authors' code and libraries raise
        if type(error).__name__ == "NonMatchingChecksumError":
            raise _wrong_checksum(builder, error) from error
        if "disk space" in str(error).lower():
            raise ResourceError(
                f"Expected room to build {builder.info.full_name} in {str(builder.data_dir)!r}. Received: "
                f"{_brief(error)}",
                "Make room there, or set data.data_dir to a folder with room.",
            ) from error
        if isinstance(error, OSError) or "Download" in type(error).__name__:
            raise ResourceError(
                f"Expected {builder.info.full_name} to be fetched and built. Received: {_brief(error)}",
                _advice(builder, archives_of(builder), manual_dir),
            ) from error
        raise DataError(
            f"Expected tfds to build {builder.info.full_name}. Received: {type(error).__name__}: {_brief(error)}",
            "Point data.data_dir to a folder with prepared files, or fetch the archives again.",
        ) from error


def _wrong_checksum(builder: Any, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"Expected the published archives of {builder.info.full_name}. Received: {_brief(error)}",
        "Delete that file and fetch it again.",
    )


def _not_here(builder: Any, missing: list[Archive], manual_dir: Path | None) -> ResourceError:
    return ResourceError(
        f"Expected the data set {builder.info.full_name} on this machine or a network to fetch it from. "
        "Received: no "
        f"prepared files in {str(builder.data_dir)!r}, archives missing, and no answer from where tfds would "
        "take them.",
        _advice(builder, missing, manual_dir),
    )


def _advice(builder: Any, archives: list[Archive], manual_dir: Path | None) -> str:
    place = str(manual_dir) if manual_dir else "a folder, and name it as data.manual_dir"
    lines = []
    if archives:
        lines.append(f"Fetch these on a machine with a network and put them, unopened, into {place}:")
    for one in archives:
        lines.append(f"  {one.name} ({one.size_bytes / 2**20:,.1f} MiB, sha256 {one.sha256}) from {one.urls[0]}")
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        lines = [
            f"This data set is fetched by hand into data.manual_dir: {builder.MANUAL_DOWNLOAD_INSTRUCTIONS.strip()}"
        ]
    lines.append(
        f"{'Or copy' if lines else 'Copy'} prepared files ({builder.info.full_name}/ of a tfds data folder) "
        "and name the folder that holds them as data.data_dir."
    )
    return "\n".join(lines)


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
