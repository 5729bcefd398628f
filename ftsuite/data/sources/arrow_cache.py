"""Pictures of a Parquet file as an Arrow file in the cache, where they can be read in place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.data.sources.arrow_files import batches_of, schema_of
from ftsuite.data.sources.sized_copies import copy_key, find_copy, keep_copy
from ftsuite.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ftsuite.api import Progress

_ENDING = ".arrow"
_SPARE_BYTES = 64 << 20


def arrow_copies(files: Sequence[Path], column: str, progress: Progress | None = None) -> tuple[list[Path], int]:
    """The pictures of each file as an uncompressed Arrow file of that column alone, made where it is not there.

    The cache knows a file again by its path, size and time of change.

    Args:
        files: Parquet files, or Arrow files that are compressed.
        column: the pictures'.
        progress: see `ftsuite.data.sources.load_examples`.

    Returns:
        The copies, and their bytes together.

    Raises:
        DataError: a file is damaged.
        ResourceError: no room for them, or the cache cannot be written to.
    """
    import filelock

    from ftsuite.assets import home

    folder = home() / "huggingface"
    copies: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(str(folder / ".lock")):
            keys = [copy_key(file, column) for file in files]
            known = [find_copy(folder, key, _ENDING) for key in keys]
            missing = sum(copy is None for copy in known)
            _check_space(folder, [file for file, copy in zip(files, known, strict=True) if copy is None], column)
            for file, key, copy in zip(files, keys, known, strict=True):
                if copy is None and progress is not None:
                    done = sum(one is None for one in known[: len(copies)])
                    progress(f"Copying pictures of {file.name} into the cache", done, missing)
                copies.append(copy or _write(file, column, folder, key))
            if missing and progress is not None:
                progress("Copying pictures into the cache", missing, missing)
    except OSError as error:
        raise ResourceError(
            f"Expected to write pictures to {str(folder)!r}. Received: {error.strerror or error}.",
            "Make room there, or set FTSUITE_HOME to a folder with room that you may write to.",
        ) from error
    return copies, sum(copy.stat().st_size for copy in copies)


def _check_space(folder: Path, files: list[Path], column: str) -> None:
    if not files:
        return
    needed = sum(_uncompressed_bytes(file, column) for file in files)
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise ResourceError(
            f"Expected room for the pictures of {len(files):,} files in {str(folder)!r}: {needed / 2**20:,.0f} MiB. "
            f"Received: {free / 2**20:,.0f} MiB free.",
            "Make room there, or set FTSUITE_HOME to a folder with room. What datasets' save_to_disk writes is read in "
            "place.",
        )


def _uncompressed_bytes(file: Path, column: str) -> int:
    import pyarrow.parquet

    if file.suffix.lower() != ".parquet":
        return sum(batch.nbytes for batch in batches_of(file, [column]))
    metadata = pyarrow.parquet.read_metadata(file)
    total = 0
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk: Any = metadata.row_group(group).column(index)
            if chunk.path_in_schema.split(".")[0] == column:
                total += chunk.total_uncompressed_size
    return total


def _write(file: Path, column: str, folder: Path, key: str) -> Path:
    import pyarrow

    partial = folder / f".{key}.partial"
    schema = pyarrow.schema([schema_of(file).field(column)])
    try:
        with pyarrow.OSFile(str(partial), "wb") as sink, pyarrow.ipc.new_stream(sink, schema) as writer:
            for batch in batches_of(file, [column]):
                writer.write_batch(pyarrow.RecordBatch.from_arrays(batch.columns, schema=schema))
        return keep_copy(partial, folder, key, _ENDING)
    finally:
        partial.unlink(missing_ok=True)
