"""Records as the `inputs` of examples.

A record is named ``record:FOLDER#ROW``, which `ftsuite.data.image_files.read_bytes` reads as it reads a path. The
pipeline reads many at once, and hands on the bytes of pictures beside their names.
"""

from __future__ import annotations

import re

import numpy as np

from ftsuite.data.columns import Column
from ftsuite.data.records.reader import Records, last_opened
from ftsuite.errors import DataError

PREFIX = "record:"
_NAME = re.compile(r"record:(?P<folder>.+)#(?P<row>\d+)", re.DOTALL)
# What is read at once: enough that calls cost nothing, and little beside a batch of decoded pictures.
_BLOCK_BYTES = 8 << 20


class RecordColumn(Column):
    """Rows of records.

    Args:
        records: opened.
        rows: see `Column`.
    """

    def __init__(self, records: Records, rows: np.ndarray | None = None) -> None:
        super().__init__(rows)
        self.records = records

    @property
    def failure(self) -> DataError | None:
        """What the last read that failed has raised, or None."""
        return self.records.failure

    @property
    def rows_together(self) -> int:
        """How many rows are read together."""
        return int(np.clip(_BLOCK_BYTES / max(self.records.mean_bytes, 1.0), 1, 1024))

    def _count(self) -> int:
        return len(self.records)


class RecordPictures(RecordColumn):
    """Pictures; as strings they are names of records."""

    def contents(self, positions: np.ndarray) -> list[bytes]:
        """The encoded pictures at some positions.

        Raises:
            DataError: one of them is damaged.
        """
        return self.records.many(self.whole_rows(positions))

    def _with(self, rows: np.ndarray) -> RecordPictures:
        return RecordPictures(self.records, rows)

    def _values(self, rows: np.ndarray) -> list[str]:
        return [f"{PREFIX}{self.records.folder}#{row}" for row in rows.tolist()]


class RecordTexts(RecordColumn):
    """Texts, read when they are asked for."""

    _block_rows = 256

    def _with(self, rows: np.ndarray) -> RecordTexts:
        return RecordTexts(self.records, rows)

    def _values(self, rows: np.ndarray) -> list[str]:
        return [content.decode("utf-8") for content in self.records.many(rows)]


def is_record_name(text: str) -> bool:
    """Whether a string names a record, and no file."""
    return text.startswith(PREFIX) and _NAME.fullmatch(text) is not None


def read_named(name: str) -> bytes:
    """The content of the record of that name.

    Raises:
        DataError: there is no such record, or it is damaged.
        ArtifactError: its folder is damaged.
    """
    match = _NAME.fullmatch(name)
    assert match is not None, "asked before"
    records = last_opened(match["folder"])
    row = int(match["row"])
    if row >= len(records):
        raise DataError(f"Expected a row below {len(records):,} of the records. Received: {name!r}.")
    return records.contents(row)
