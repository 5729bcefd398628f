"""``folder:PATH``: a folder for each class, or train/, validation/ and test/ over such folders."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.data.image_files import ENDINGS, BadFile
from ftsuite.data.sources.assemble import assemble
from ftsuite.data.sources.classes import check_twins, is_one_of_several, normal_form
from ftsuite.data.sources.found import Found, Row, listed
from ftsuite.data.sources.junk import junk_note
from ftsuite.data.sources.parsing import nearby_advice
from ftsuite.data.sources.walking import DiskTree, Listing, Tree
from ftsuite.errors import DataError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def load_folder(path: Path, bad_files: str, progress: Progress | None = None) -> Examples:
    """Pictures in class folders; a class folder is read with all folders below it.

    Class names are sorted and in composed Unicode form; ids are paths relative to `path`. Whether a file is a
    picture is decided by its content, never by its ending.

    Raises:
        DataError: the folder is missing or unreadable, its layout cannot be told, or files or classes are
            bad.
    """
    require_folder(path)
    return load_tree(DiskTree(), path, bad_files, progress)


def require_folder(path: Path) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: with the nearest name there is.
    """
    if not path.is_dir():
        raise DataError(
            f"Expected a folder that exists. Received: {str(path)!r}"
            + (", which is a file." if path.exists() else "."),
            "Name a table as csv:, jsonl: or parquet:, an archive as archive:."
            if path.exists()
            else nearby_advice(path),
        )


def load_tree(tree: Tree, path: Path, bad_files: str, progress: Progress | None = None) -> Examples:
    """`load_folder` of any tree of folders: of the disk, or of an archive.

    Args:
        tree: what lists folders.
        path: the folder whose layout is looked at, as the tree names it.
        bad_files: ``error`` or ``skip``.
        progress: see `ftsuite.data.sources.load_examples`.

    Raises:
        DataError: as `load_folder`.
    """
    return assemble(find_in_tree(tree, path, bad_files), bad_files, progress)


def find_in_tree(tree: Tree, path: Path, bad_files: str) -> Found:
    """The files of a tree of folders by their names, with their classes and splits; none is opened.

    Raises:
        DataError: the layout cannot be told.
    """
    found = Found(kind="image-file")
    junk: Counter[str] = Counter()
    top = tree.list(path, junk)
    for split, folder in _split_folders(path, top):
        listing = top if folder == path else tree.list(folder, junk)
        try:
            _check_top(tree, path, folder, listing)
        except DataError as error:
            found.refuse(error, bad_files)
        _take_loose_files(found, path, listing)
        _take_classes(found, tree, path, listing, split, junk)
        found.has_splits = found.has_splits or bool(split)
    found.class_names.sort()
    if junk:
        found.notes.append(junk_note(junk))
    return found


def _split_folders(path: Path, top: Listing) -> list[tuple[str, Path]]:
    """Pairs of split and the folder that holds its classes; split is empty without official splits."""
    named = [(SPLIT_NAMES[folder.name.lower()], folder) for folder in top.folders if folder.name.lower() in SPLIT_NAMES]
    splits = Counter(split for split, _ in named)
    if not splits["train"]:
        if named and len(named) == len(top.folders) and not is_one_of_several():
            raise DataError(
                f"Expected train/ beside {listed([folder.name for _, folder in named])}. Received: {str(path)!r}.",
                "Add the training pictures as train/<class>/, or give the folder that holds the class folders.",
            )
        if not named or not is_one_of_several() or len(named) != len(top.folders):
            return [("", path)]
    others = [folder.name for folder in top.folders if folder.name.lower() not in SPLIT_NAMES]
    if others:
        raise DataError(
            "Expected either class folders, or train/, validation/ and test/ alone. Received: "
            f"{str(path)!r}, which holds train/ beside {listed(others)}.",
            "Move the class folders into the splits, or rename train/ if it is a class.",
        )
    twice = [split for split, count in splits.items() if count > 1]
    if twice:
        names = [folder.name for split, folder in named if split in twice]
        raise DataError(f"Expected one folder a split. Received: {listed(names)} in {str(path)!r}.", "Merge them.")
    order = ("train", "validation", "test")
    return sorted(named, key=lambda pair: order.index(pair[0]))


def _check_top(tree: Tree, path: Path, folder: Path, listing: Listing) -> None:
    if not listing.folders:
        pictures = sum(Path(file.name).suffix.lower() in ENDINGS for file in listing.files)
        held = f"{pictures:,} pictures and no folder" if pictures else "no folder"
        raise DataError(
            f"Expected a folder for each class. Received: {str(folder)!r}, which holds {held}.",
            "Put the pictures of each class into a folder named like the class.",
        )
    check_twins((entry.name for entry in listing.folders), repr(str(folder)))
    if len(listing.folders) == 1 and folder == path:
        only = listing.folders[0]
        inner = tree.list(only, Counter())
        if is_one_of_several() and not inner.folders:
            return
        advice = f"If the class folders lie one level down, give folder:{only}." if inner.folders else ""
        raise DataError(
            f"Expected at least two class folders. Received: {str(folder)!r}, which holds {only.name!r} alone.",
            advice,
        )


def _take_loose_files(found: Found, root: Path, listing: Listing) -> None:
    """Files beside the class folders: pictures belong to no class, which is bad; all others are noted."""
    pictures = [file for file in listing.files if Path(file.name).suffix.lower() in ENDINGS]
    others = [str(file) for file in listing.files if Path(file.name).suffix.lower() not in ENDINGS]
    reason = "lies beside the class folders, so it has no class"
    found.bad.extend(BadFile(str(file), reason, file.relative_to(root).as_posix()) for file in pictures)
    if others:
        found.notes.append(f"Passed over {len(others):,} files beside the class folders: {listed(others)}.")


def _take_classes(found: Found, tree: Tree, root: Path, listing: Listing, split: str, junk: Counter[str]) -> None:
    nested: dict[str, int] = {}
    for folder in listing.folders:
        label = normal_form(folder.name)
        if label not in found.class_names:
            found.class_names.append(label)
        walked = tree.walk(folder, junk)
        for file in walked.files:
            _take_file(found, tree, root, file, label, split)
        if walked.nested:
            nested[folder.relative_to(root).as_posix()] = walked.nested
        found.notes.extend(
            f"Passed over the link {str(link)!r}, which leads to a folder already read." for link in walked.circles
        )
    if nested:
        where = listed(list(nested), 5)
        found.notes.append(f"Took {sum(nested.values()):,} files from folders inside the class folders {where}.")


def _take_file(found: Found, tree: Tree, root: Path, file: Path, label: str, split: str) -> None:
    identifier = file.relative_to(root).as_posix()
    try:
        identifier.encode("utf-8")
    except UnicodeEncodeError:
        shown = identifier.encode("utf-8", "backslashreplace").decode("utf-8")
        found.bad.append(BadFile(shown, "has a name that is not UTF-8: rename it", shown))
    else:
        found.rows.append(Row(id=identifier, input=tree.input_of(file), label=label, split=split))
