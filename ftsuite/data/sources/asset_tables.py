"""The catalogue's reviews: a table of texts with the label 0 for a negative one and 1 for a positive one."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.table_files import read_table
from ftsuite.errors import DataError

FILE_NAME = "examples.parquet"
CLASS_NAMES = ("negative", "positive")


def read_reviews(folder: Path) -> Found:
    """Reviews of an asset's folder. Ids come from the texts, so that they do not depend on where a row stands.

    Raises:
        DataError: the table is missing, malformed, or holds something else than texts with 0 or 1.
    """
    path = folder / FILE_NAME
    found = Found(kind="text", noun="rows", class_names=list(CLASS_NAMES))
    seen: Counter[str] = Counter()
    for number, values in read_table(path, "parquet").rows:
        text, label = values.get("text"), values.get("label")
        if not isinstance(text, str) or not text.strip() or type(label) is not int or label not in (0, 1):
            raise DataError(
                f"Expected reviews, each with a text in column 'text' and 0 or 1 in column 'label'. "
                f"Received: {path}, row {number}: label {label!r}, text {str(text)[:60]!r}.",
                f"Pull the data set again: ftsuite assets pull --force {folder.parent.name}",
            )
        identifier = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
        seen[identifier] += 1
        if seen[identifier] > 1:
            identifier = f"{identifier}#{seen[identifier]}"
        found.rows.append(Row(identifier, text, CLASS_NAMES[label]))
    return found
