"""``records:PATH``: what `ftsuite data prepare` has written. Nothing is scanned: the index says it all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.records import open_records
from ftsuite.data.records.inputs import RecordPictures, RecordTexts


def load_records(path: Path) -> Examples:
    """The examples of a folder of records, with the ids, contents and notes that they had in their own source.

    Raises:
        DataError: no such folder, or no records in it.
        ArtifactError: files are missing, cut, or of another format.
    """
    records = open_records(path)
    head, index = records.head, records.index
    official = index.split
    return Examples(
        ids=index.ids,
        inputs=RecordTexts(records) if head.kind == "text" else RecordPictures(records),
        labels=index.label,
        class_names=head.class_names,
        content_hashes=index.content_hashes,
        kind=head.kind,
        splits=None if official is None else official.astype(f"<U{max(int(np.char.str_len(official).max()), 1)}"),
        groups=index.groups,
        decoders=index.decoder if head.has_decoders else None,
        notes=head.notes,
    )
