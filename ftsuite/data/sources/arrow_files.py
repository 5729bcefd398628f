"""Rows of Arrow and Parquet files, a few at a time, and where pictures lie in Arrow files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.data.contents import Stretch
from ftsuite.data.sources.columns import USUAL_IMAGE_NAMES
from ftsuite.errors import DataError

# Pictures of 100 KB to 10 MB: a few MB at a time, and never near the 2 GiB that one array can hold.
_ROWS_AT_ONCE = 64
_FILE_FORMAT_START = b"ARROW1"


def schema_of(path: Path) -> Any:
    """The `pyarrow.Schema` of a file.

    Raises:
        DataError: it is no Arrow or Parquet file, or cannot be read.
    """
    import pyarrow.parquet

    with _readable(path):
        is_parquet = path.suffix.lower() == ".parquet"
        schema = pyarrow.parquet.read_schema(path) if is_parquet else _arrow_reader(path)[0].schema
        # Names that are not UTF-8 show when they are asked for.
        _ = (list(schema.names), [_names(field.type) for field in schema])
        return schema


def features_of(schema: Any) -> dict[str, Any]:
    """What Hugging Face's datasets wrote of each column into the schema, such as the names of classes; else empty."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def holds_pictures(path: Path, column: str | None) -> bool:
    """Whether a Parquet file has pictures themselves, and not their paths, in `column` or one with a usual name.

    Raises:
        DataError: it is no Parquet file.
    """
    if not path.is_file():
        return False
    schema = schema_of(path)
    names = [column] if column is not None else [name for name in schema.names if name.lower() in USUAL_IMAGE_NAMES]
    return any(is_picture_type(schema.field(name).type) for name in names if schema.names.count(name) == 1)


def is_picture_type(kind: Any) -> bool:
    """Whether values of an Arrow type are bytes, or structures with a field of that name."""
    import pyarrow.types

    return bool("bytes" in _names(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))


def is_text_type(kind: Any) -> bool:
    """Whether values of an Arrow type are texts."""
    import pyarrow.types

    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def read_columns(path: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows as values by column, in the file's order.

    Raises:
        DataError: the file is damaged or cut.
    """
    for batch in batches_of(path, names, _ROWS_AT_ONCE * 64):
        with _readable(path):
            rows = batch.to_pylist()
        yield from rows


def batches_of(path: Path, names: Sequence[str], rows: int = _ROWS_AT_ONCE) -> Iterator[Any]:
    """Record batches of some columns; of a Parquet file so many rows at a time, of an Arrow file as it has them."""
    import pyarrow.parquet

    with _readable(path):
        if path.suffix.lower() == ".parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                yield from file.iter_batches(rows, columns=list(names))
            return
        for batch in _arrow_reader(path)[1]:
            chosen = batch.select(list(names))
            # What a damaged file says of its own lengths would be believed, and end the process.
            chosen.validate(full=True)
            yield chosen


def picture_inputs(path: Path, column: str, named: Path) -> list[str | None] | None:
    """What stands in `ftsuite.api.Examples.inputs` for each row of an Arrow file with pictures inside.

    Args:
        path: the Arrow file.
        column: of binary values, or of structures of ``bytes`` and ``path``.
        named: the file that people know; paths of pictures are relative to its folder.

    Returns:
        A stretch of the file, or the path of a picture where the row has one in place of bytes; None for a row with
        neither. None in all where the file is compressed, so that nothing can be read in place.

    Raises:
        DataError: the file is damaged or cut.
    """
    import pyarrow

    inputs: list[str | None] = []
    with _readable(path), pyarrow.memory_map(str(path)) as mapped:
        whole = mapped.read_buffer()
        for batch in _arrow_reader(path, whole)[1]:
            values = batch.column(column)
            values.validate(full=True)
            fields = _names(values.type)
            data = values.field("bytes") if "bytes" in fields else values
            paths = values.field("path").to_pylist() if "path" in fields else None
            starts, counts = _places(data, whole.address)
            if len(starts) and (starts.min() < 0 or int((starts + counts).max()) > whole.size):
                return None
            present = np.asarray(data.is_valid()) & np.asarray(values.is_valid())
            for row in range(len(values)):
                if present[row]:
                    name = f"{len(inputs):06d}"
                    inputs.append(Stretch(str(path), name, *_pair(starts, counts, row)).as_input())
                else:
                    inputs.append(_path_of(paths[row] if paths else None, named))
    return inputs


def _pair(starts: np.ndarray, counts: np.ndarray, row: int) -> tuple[int, int, int]:
    return int(starts[row]), int(counts[row]), int(counts[row])


def _path_of(value: str | None, named: Path) -> str | None:
    return path_beside(named, value) if value else None


def path_beside(file: Path, value: str) -> str | None:
    """A picture that a downloaded file names by its path; None where that leads out of the file's folder."""
    path = file.parent / value
    return str(path) if path.resolve().is_relative_to(file.parent.resolve()) else None


def _names(kind: Any) -> list[str]:
    """The names of a structure's fields; none for any other type."""
    import pyarrow.types

    if not pyarrow.types.is_struct(kind):
        return []
    return [kind.field(index).name for index in range(kind.num_fields)]


def _places(data: Any, base_address: int) -> tuple[np.ndarray, np.ndarray]:
    """Offset in the file and length of each value ``(n,)`` int64 of a binary array."""
    import pyarrow

    if not len(data):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    wide = pyarrow.types.is_large_binary(data.type) or pyarrow.types.is_large_string(data.type)
    _, offsets_buffer, values_buffer = data.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64 if wide else np.int32)[data.offset : data.offset + len(data) + 1]
    offsets = offsets.astype(np.int64)
    address = values_buffer.address if values_buffer is not None else base_address
    counts = np.diff(offsets)
    # A buffer without a byte lies anywhere.
    return np.where(counts > 0, offsets[:-1] + (address - base_address), 0), counts


def _arrow_reader(path: Path, content: Any = None) -> tuple[Any, Iterator[Any]]:
    """The reader of an Arrow file in either of its two formats, and its record batches."""
    import pyarrow

    source = pyarrow.memory_map(str(path)) if content is None else pyarrow.BufferReader(content)
    if _start_of(path, len(_FILE_FORMAT_START)) == _FILE_FORMAT_START:
        reader = pyarrow.ipc.open_file(source)
        return reader, (reader.get_batch(index) for index in range(reader.num_record_batches))
    reader = pyarrow.ipc.open_stream(source)
    return reader, iter(reader)


def _start_of(path: Path, count: int) -> bytes:
    with open(path, "rb") as file:
        return file.read(count)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what pyarrow and the system raise into errors that name the file."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"Expected a file that can be read. Received: {str(path)!r} ({error.strerror}).") from error
        pointer = _start_of(path, 24) == b"version https://git-lfs."
        what = "a Git LFS pointer" if pointer else (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise DataError(
            f"Expected a whole Arrow or Parquet file. Received: {str(path)!r}: {what}",
            "Run `git lfs pull`." if pointer else "Fetch or save it again.",
        ) from error
