"""The folders and files inside an archive, as the source of class folders walks them; nothing is unpacked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ftsuite.data.contents import Stretch
from ftsuite.data.sources.found import listed
from ftsuite.data.sources.junk import is_junk
from ftsuite.data.sources.walking import Listing, Walked
from ftsuite.errors import DataError

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive.

    Attributes:
        name: as the archive has it, with ``/`` between its parts.
        stretch: where its bytes lie; None for a folder.
        refusal: why the whole archive is refused for it, in words that follow the name; empty where it is not.
    """

    name: str
    stretch: Stretch | None
    refusal: str = ""


class ArchiveTree:
    """An archive's entries as a tree below the archive's own path.

    Of two entries of one name the later one counts, as for every program that unpacks.

    Args:
        path: of the archive.
        members: in the archive's order.

    Raises:
        DataError: an entry that would lie outside the archive, or that is no file and no folder: named, and no part
            of the archive is used.
    """

    def __init__(self, path: Path, members: Iterable[Member]) -> None:
        self._root = path
        self._inputs: dict[str, str] = {}
        # By their paths inside the archive; the values say whether a name is a folder's.
        self._folders: dict[str, dict[str, bool]] = {"": {}}
        self.repeated = 0
        refused: list[str] = []
        for member in members:
            reason = member.refusal or _outside(member.name)
            if reason:
                refused.append(f"{member.name!r} {reason}")
            elif not self._add(member):
                refused.append(f"{member.name!r} is a file and a folder at once")
        if refused:
            more = f" and {len(refused) - _SHOWN:,} more" if len(refused) > _SHOWN else ""
            raise DataError(
                f"Expected an archive of plain files and folders that stay inside it. Received: {str(path)!r}, where "
                f"{'; '.join(refused[:_SHOWN])}{more}.",
                "Do not unpack it elsewhere either unless you trust it; pack the folder anew without such entries.",
            )

    def list(self, path: Path, junk: Counter[str]) -> Listing:
        """One folder's own folders and files, sorted by name."""
        listing = Listing()
        for name, is_folder in sorted(self._folders[self._inside(path)].items()):
            if is_junk(name):
                junk[name] += 1
            else:
                (listing.folders if is_folder else listing.files).append(path / name)
        return listing

    def walk(self, path: Path, junk: Counter[str]) -> Walked:
        """All files below a folder, sorted by path."""
        walked = Walked()
        pending = [path]
        while pending:
            folder = pending.pop()
            listing = self.list(folder, junk)
            walked.files.extend(listing.files)
            walked.nested += len(listing.files) if folder != path else 0
            pending.extend(reversed(listing.folders))
        walked.files.sort()
        return walked

    def input_of(self, file: Path) -> str:
        """Where a file's bytes lie in the archive."""
        return self._inputs[self._inside(file)]

    @property
    def is_empty(self) -> bool:
        """Whether there is no file at all."""
        return not self._inputs

    def has_folders(self, path: Path) -> bool:
        """Whether a folder holds folders."""
        return bool(self.list(path, Counter()).folders)

    def _inside(self, path: Path) -> str:
        return "/".join(path.parts[len(self._root.parts) :])

    def _add(self, member: Member) -> bool:
        """Take a member in; False where its name, or a folder's above it, is taken by the other kind."""
        name = _normal(member.name)
        if not name:
            return True
        if member.stretch is None:
            return self._add_folder(name)
        folder, _, own = name.rpartition("/")
        if not self._add_folder(folder) or self._folders[folder].setdefault(own, False):
            return False
        self.repeated += name in self._inputs
        self._inputs[name] = member.stretch.as_input()
        return True

    def _add_folder(self, name: str) -> bool:
        if name in self._folders:
            return True
        above, _, own = name.rpartition("/")
        if not self._add_folder(above) or not self._folders[above].setdefault(own, True):
            return False
        self._folders[name] = {}
        return True


def _normal(name: str) -> str:
    """A name without empty parts and single dots."""
    if "//" in name or "./" in name or name.endswith(("/", ".")):
        return "/".join(part for part in name.split("/") if part not in ("", "."))
    return name


def _outside(name: str) -> str:
    """Why a name leads out of the archive, or is no name; empty where it does neither."""
    if "\x00" in name:
        return "has a name that no file can have"
    # A backslash is a separator for whoever unpacks on Windows.
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or (len(parts[0]) == 2 and parts[0][1] == ":" and parts[0][0].isalpha()):
        return "is an absolute path"
    return "leads out of it by '..'" if ".." in parts else ""


def top_folder(tree: ArchiveTree, path: Path, split_names: Iterable[str]) -> Path:
    """The folder that the archive was made of: the only one at its top, and so on, where it holds folders itself.

    A folder named like a split is none: it stands for that split.
    """
    while True:
        listing = tree.list(path, Counter())
        if len(listing.folders) != 1 or listing.files or listing.folders[0].name.lower() in split_names:
            return path
        if not tree.has_folders(listing.folders[0]):
            return path
        path = listing.folders[0]


def nested_archives(tree: ArchiveTree, path: Path, endings: tuple[str, ...]) -> str:
    """The names of archives at the top of an archive, for a message; empty where there are none."""
    names = [file.name for file in tree.list(path, Counter()).files if file.name.lower().endswith(endings)]
    return listed(names, 3) if names else ""
