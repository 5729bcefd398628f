"""Whether a folder of records holds what was written, byte for byte."""

from __future__ import annotations

from pathlib import Path

from ftsuite.api import Progress
from ftsuite.data.records.layout import RecordsHead, file_sha256, read_head
from ftsuite.errors import ArtifactError


def verify_records(folder: Path, progress: Progress | None = None) -> RecordsHead:
    """Read every file of the folder and compare its sha256 with the one that records.json tells.

    Args:
        folder: of records.
        progress: called in this thread as (label, files done, files in all).

    Raises:
        DataError: no records.
        ArtifactError: names every file that is missing or differs.
    """
    head = read_head(folder)
    files = (head.index, *head.shards)
    wrong = []
    for done, file in enumerate(files, 1):
        path = folder / file.name
        if not path.is_file():
            wrong.append(f"{file.name} is missing")
        elif path.stat().st_size != file.size_bytes:
            wrong.append(f"{file.name} has {path.stat().st_size:,} bytes and not {file.size_bytes:,}")
        elif file_sha256(path) != file.sha256:
            wrong.append(f"{file.name} holds other bytes than were written")
        if progress is not None:
            progress("Verifying records", done, len(files))
    if wrong:
        raise ArtifactError(
            f"Expected the records in {folder} as they were written. Received: {'; '.join(wrong)}.",
            "Prepare the data again into another folder.",
        )
    return head
