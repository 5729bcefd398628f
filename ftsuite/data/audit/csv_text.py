"""Rows as CSV that every reader takes apart in the same way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """CSV with a line feed behind each row, and quotes around every value that holds a break of any kind.

    Python's writer quotes the breaks that end its own rows and no others, so a carriage return in a file's name would
    end a row for whoever reads it. What is not UTF-8 becomes escapes.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    lines = []
    for row in rows:
        writer.writerow(row)
        lines.append(buffer.getvalue().removesuffix("\r\n") + "\n")
        buffer.seek(0)
        buffer.truncate()
    return "".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")
