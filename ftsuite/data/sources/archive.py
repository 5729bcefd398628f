"""``archive:PATH``: a folder of pictures in a zip or tar archive, read without unpacking it.

Files of a zip archive and of an uncompressed tar archive are read in place. A compressed tar archive can only be
read from its beginning, so an uncompressed copy of it is kept in the cache.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.data.sources.archive_tree import ArchiveTree, Member, nested_archives, top_folder
from ftsuite.data.sources.folder import SPLIT_NAMES, load_tree
from ftsuite.data.sources.parsing import ARCHIVE_ENDINGS, nearby_advice
from ftsuite.data.sources.table_files import unreadable
from ftsuite.data.sources.tar_cache import COMPRESSIONS, uncompressed_tar
from ftsuite.data.sources.tar_members import begins_as_tar, read_tar
from ftsuite.data.sources.zip_members import read_zip
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a file compressed by Zstandard",
    b"\x1f\x9d": "a file compressed by `compress`",
}


def load_archive(path: Path, bad_files: str, progress: Progress | None = None) -> Examples:
    """Pictures in class folders inside an archive, with or without one folder around them all.

    Everything is as `ftsuite.data.sources.folder.load_folder` gives it for the unpacked folder: ids, classes, splits
    and contents. `inputs` say where in the archive each picture lies (`ftsuite.data.contents`).

    Args:
        path: a zip or tar archive; what it is, is told from its content.
        bad_files: ``error`` or ``skip``.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        DataError: no archive that is read, broken, encrypted, a decompression bomb, with entries that lead out of it or
            are no plain files, or pictures or classes are bad.
        ResourceError: no room for the uncompressed copy.
    """
    tree, root, notes = open_archive(path, progress)
    examples = load_tree(tree, root, bad_files, progress)
    return replace(examples, notes=(*notes, *examples.notes))


def open_archive(path: Path, progress: Progress | None = None) -> tuple[ArchiveTree, Path, list[str]]:
    """An archive as a tree of folders, the folder in it whose layout is looked at, and notes; no picture is read.

    Raises:
        DataError: as `load_archive`, but for pictures and classes.
        ResourceError: no room for the uncompressed copy.
    """
    if not path.is_file():
        advice = "For class folders write folder:PATH." if path.is_dir() else nearby_advice(path)
        raise DataError(f"Expected an archive that exists. Received: {str(path)!r}", advice)
    try:
        members, notes = _members(path, progress)
    except OSError as error:
        raise unreadable(path, error) from error
    tree = ArchiveTree(path, members)
    if tree.is_empty:
        raise DataError(f"Expected an archive of pictures. Received: {str(path)!r}, which holds no file.")
    if tree.repeated:
        notes.append(f"{tree.repeated:,} files stand in the archive more than once; the last of each was taken.")
    root = top_folder(tree, path, SPLIT_NAMES)
    nested = nested_archives(tree, root, ARCHIVE_ENDINGS)
    if nested and not tree.has_folders(root):
        raise DataError(
            f"Expected an archive of class folders. Received: {str(path)!r}, which holds another archive: {nested}.",
            "Unpack the outer one and give the inner one.",
        )
    return tree, root, notes


def _members(path: Path, progress: Progress | None) -> tuple[list[Member], list[str]]:
    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(f"Listing {path.name}", done, total)

    with open(path, "rb") as file:
        start = file.read(512)
    if start.startswith(_ZIP_STARTS):
        return read_zip(path)
    for mark, compression in COMPRESSIONS.items():
        if start.startswith(mark):
            copy, note = uncompressed_tar(path, compression, progress)
            members, notes = read_tar(copy, path, told)
            return members, [note, *notes]
    if begins_as_tar(start):
        return read_tar(path, path, told)
    what = next((name for mark, name in _OTHERS.items() if start.startswith(mark)), "something else")
    raise DataError(
        f"Expected a zip or tar archive (also compressed by gzip, bzip2 or xz). Received: {str(path)!r}, which is "
        f"{what if path.stat().st_size else 'empty'}.",
        "Unpack it and give the folder that holds the class folders: folder:PATH.",
    )
