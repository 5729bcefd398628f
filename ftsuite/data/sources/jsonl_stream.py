"""``jsonl:`` with ``data.streaming``: one pass over the file builds an index, and texts are read when asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.image_files import BadFile, bad_files_error
from ftsuite.data.sources.assemble import collected
from ftsuite.data.sources.classes import are_values, check_class_counts
from ftsuite.data.sources.columns import Columns, choose_columns
from ftsuite.data.sources.folder import SPLIT_NAMES
from ftsuite.data.sources.found import COLLECT, Found
from ftsuite.data.sources.jsonl_lines import leading_columns, read_lines, values_of
from ftsuite.data.sources.labels import sorted_labels
from ftsuite.data.sources.table import read_row, require_file, split_name, unused_split_note, used_split_note
from ftsuite.data.text_stream import IndexWriter, StreamHashes, StreamIds, StreamTexts, TextFile, disk_array, hash_of
from ftsuite.errors import ConfigError, DataError

if TYPE_CHECKING:
    from ftsuite.api import Progress
    from ftsuite.config import DataConfig

_SPLITS = ("", "train", "validation", "test")
_MOST_CLASSES = 100_000
_SHOWN = 20


def load_jsonl_stream(path: Path, data: DataConfig, progress: Progress | None = None) -> Examples:
    """Examples of a JSON lines file of any size, whose texts stay in the file.

    Ids are ``line N``. Memory holds some 30 bytes a row, and none of its text. Columns are chosen by the first 1,000
    rows; all else is as `ftsuite.data.sources.table.load_table` does it, except that contents under more than one
    class are not counted.

    Args:
        path: the file, in UTF-8.
        data: the config's ``data`` section.
        progress: told of bytes read.

    Raises:
        ConfigError: a column that is not there or cannot be chosen; groups, pictures or dropped duplicates, which are
            not streamed.
        DataError: the file is missing or malformed, or rows or classes are bad.
        ResourceError: no room for the index.
    """
    require_file(path, "jsonl")
    names = leading_columns(path)
    if not names:
        raise DataError(f"Expected at least one row. Received: {str(path)!r}, which has none.")
    columns = choose_columns(names, data, path)
    _refuse_what_is_not_streamed(columns, data)
    scan = _Scan(path, columns, has_splits="split" in names)
    scan.read(data.bad_files, progress)
    return scan.examples(data.bad_files)


def _refuse_what_is_not_streamed(columns: Columns, data: DataConfig) -> None:
    if columns.image:
        raise ConfigError(
            f"Expected data.streaming to be used for texts. Received: pictures, in column {columns.image!r}.",
            "Remove `streaming`: pictures are read from the disk while training in any case.",
        )
    if data.duplicates == "drop":
        raise ConfigError(
            "Expected data.duplicates: keep beside data.streaming: which row of a text is the first, and whether all "
            "have one label, is known only with all of them in memory. Received: drop",
            "Drop repeated rows from the file itself; rows of one text never stand on both sides of a split.",
        )
    if columns.group:
        raise ConfigError(
            "Expected data.streaming without data.group_column: which groups are joined by a shared text is known only "
            f"with all of them in memory. Received: data.group_column: {columns.group}",
            "Write a column `split` with train, validation and test that keeps each group on one side.",
        )


class _Scan:
    """One pass over a file: the index on the disk, and counts."""

    def __init__(self, path: Path, columns: Columns, has_splits: bool) -> None:
        self.path = path
        self.columns = columns
        self.has_splits = has_splits
        self.writer = IndexWriter()
        self.labels: dict[str, int] = {}
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.unknown_split = ""
        self.stripped = 0
        self.bad: list[BadFile] = []
        self.bad_count = 0

    def read(self, bad_files: str, progress: Progress | None) -> None:
        """Read the whole file."""
        size = self.path.stat().st_size

        def told(done: int) -> None:
            if progress is not None:
                progress("Reading rows", min(done, size), size)

        for line in read_lines(self.path, told):
            values = values_of(line, self.path)
            split = split_name(values) if self.has_splits else ""
            if split and split not in SPLIT_NAMES:
                self.unknown_split = self.unknown_split or split
            split = SPLIT_NAMES.get(split, "")
            problem, row, changed = read_row(self.path, self.columns, values, split)
            self.stripped += changed
            if row is None:
                self._note_bad(BadFile(f"{self.path.name} line {line.number}", problem))
                continue
            label = self.labels.setdefault(row.label, len(self.labels))
            self.counts[split][row.label] += 1
            content = hash_of(row.input)
            self.writer.add(line.offset, len(line.data), line.number, label, _SPLITS.index(split), content)
            if len(self.labels) > _MOST_CLASSES and not are_values():
                raise DataError(
                    f"Expected at most {_MOST_CLASSES:,} classes. Received: more in column {self.columns.label!r} of "
                    f"{str(self.path)!r}.",
                    "Set data.label_column to the column of the classes.",
                )
        told(size)
        if self.bad_count and bad_files not in ("skip", COLLECT):
            raise self._bad_error()

    def examples(self, bad_files: str) -> Examples:
        """Put what was read together, checked as other sources are."""
        index = self.writer.finish()
        found = Found(kind="text", noun="rows", notes=list(self.columns.notes), bad=self.bad)
        splits = self._official_splits(index, found)
        if self.stripped:
            found.notes.append(f"Took {self.stripped:,} labels without the spaces around them.")
        found.class_names = sorted_labels(set(self.labels))
        if not len(index):
            raise self._bad_error()
        if self.bad_count and (bad_files != COLLECT or self.bad_count > len(self.bad)):
            found.notes.append(self._bad_note())
        if splits is None:
            self.counts = {"": sum(self.counts.values(), Counter())}
        check_class_counts(found, self.counts, bad_files)
        file = TextFile(self.path, self.columns.text, index)
        hashes = StreamHashes(file)
        found.notes.extend(_content_notes(hashes.prefixes(), splits))
        place = {name: number for number, name in enumerate(found.class_names)}
        renumber = np.asarray([place[name] for name in self.labels], dtype=np.int64)
        return Examples(
            ids=StreamIds(file),
            inputs=StreamTexts(file),
            labels=renumber[index["label"]],
            class_names=tuple(found.class_names),
            content_hashes=hashes,
            kind="text",
            splits=splits,
            notes=tuple(found.notes),
            collected=collected(found) if bad_files == COLLECT else None,
        )

    def _official_splits(self, index: np.ndarray, found: Found) -> np.ndarray | None:
        if not self.has_splits:
            return None
        if self.unknown_split or set(self.counts) <= {""}:
            found.notes.append(unused_split_note(self.unknown_split))
            return None
        found.notes.append(used_split_note({split: sum(own.values()) for split, own in self.counts.items()}))
        splits = disk_array(len(index), "<U10")
        for start in range(0, len(index), 65536):
            block = index["split"][start : start + 65536]
            splits[start : start + len(block)] = np.asarray(_SPLITS, dtype="<U10")[block]
        return splits

    def _note_bad(self, entry: BadFile) -> None:
        self.bad_count += 1
        if len(self.bad) < _SHOWN:
            self.bad.append(entry)

    def _bad_error(self) -> DataError:
        # Only the first are shown: the others are known by their number.
        bad = [*self.bad, *self.bad[-1:] * (self.bad_count - len(self.bad))]
        return bad_files_error(bad, self.bad_count + self.writer.count, "rows")

    def _bad_note(self) -> str:
        shown = "; ".join(f"{entry.path} {entry.reason}" for entry in self.bad)
        more = f"; and {self.bad_count - len(self.bad):,} more" if self.bad_count > len(self.bad) else ""
        total = self.bad_count + self.writer.count
        return f"Left out {self.bad_count:,} of {total:,} rows (data.bad_files: skip): {shown}{more}."


def _content_notes(prefixes: np.ndarray, splits: np.ndarray | None) -> list[str]:
    """Sentences on repeated contents, and on those that official splits share."""
    notes = []
    repeated = len(prefixes) - len(np.unique(prefixes))
    if repeated:
        notes.append(f"{repeated:,} of {len(prefixes):,} examples repeat another one's content exactly.")
    if splits is None:
        return notes
    sides = {split: np.unique(prefixes[splits == split]) for split in _SPLITS[1:]}
    for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
        shared = len(np.intersect1d(sides[one], sides[other], assume_unique=True))
        if shared:
            notes.append(
                f"The official {one} and {other} splits share {shared:,} identical "
                f"{'content' if shared == 1 else 'contents'}."
            )
    return notes
