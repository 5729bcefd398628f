"""From prepared tfds files to examples: texts in memory, pictures as files in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ftsuite.data.image_files import BadFile
from ftsuite.data.sources.assemble import assemble, assemble_scanned
from ftsuite.data.sources.found import Found, Row
from ftsuite.data.sources.labels import sorted_labels
from ftsuite.data.sources.tfds_cache import Stored, Writer, stored_pictures
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

# Which official split a split of tfds is; others (unlabelled, extra) are left out with a note.
_SPLITS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "dev": "validation",
    "test": "test",
}
# Builders that give numbers as class names often carry the names in a feature of their own.
_NAME_FEATURES = ("label_name", "label_text", "class_name")


def read_prepared(builder: Any, bad_files: str, progress: Progress | None = None) -> Examples:
    """Examples of a prepared builder with its official splits.

    Raises:
        ConfigError: the data set is not one label a picture or a text, or has no training split.
        DataError: bad pictures, see `ftsuite.data.sources.load_examples`.
    """
    keys = _supervised(builder)
    splits = {name: _SPLITS[name] for name in builder.info.splits if name in _SPLITS}
    if "train" not in splits:
        raise ConfigError(
            f"Expected a tfds data set with a train split. Received: {builder.info.full_name}, which has "
            f"{', '.join(builder.info.splits) or 'none'}."
        )
    found = Found(kind="text" if keys.is_text else "image-file", noun="examples", has_splits=True)
    left_out = sorted(set(builder.info.splits) - set(splits))
    if left_out:
        found.notes.append(f"Left out the tfds splits {', '.join(left_out)}, which are not train, validation or test.")
    if keys.is_text:
        return _texts(builder, keys, splits, found, bad_files)
    stored = stored_pictures(builder, lambda writer: _write_pictures(builder, keys, splits, writer, progress))
    return _pictures(stored, found, bad_files)


class _Keys:
    """The features that hold input, label and (where the label is a bare number) its name."""

    def __init__(self, source: str, label: str, name: str, is_text: bool, class_names: list[str]) -> None:
        self.source = source
        self.label = label
        self.name = name
        self.is_text = is_text
        self.class_names = class_names

    def wanted(self) -> dict[str, bool]:
        """What is read: pictures stay in the bytes that they are stored in."""
        return {key: True for key in (self.source, self.label, self.name) if key}


def _supervised(builder: Any) -> _Keys:
    import tensorflow_datasets as tfds

    features = builder.info.features
    pair = builder.info.supervised_keys or _only_pair(features)
    if pair is not None and len(pair) == 2 and all(isinstance(key, str) for key in pair):
        source, label = features[pair[0]], features[pair[1]]
        is_text = isinstance(source, tfds.features.Text)
        if isinstance(label, tfds.features.ClassLabel) and (is_text or isinstance(source, tfds.features.Image)):
            names = list(label.names)
            bare = names == [str(number) for number in range(len(names))]
            named = next((key for key in _NAME_FEATURES if key in features), "") if bare else ""
            return _Keys(pair[0], pair[1], named, is_text, names)
    raise ConfigError(
        f"Expected a tfds data set of one label for each picture or text. Received: {builder.info.full_name} "
        "with "
        f"the features {', '.join(features)}."
    )


def _only_pair(features: Any) -> tuple[str, str] | None:
    """Input and label of a data set that does not say which they are, where there is one of each only."""
    import tensorflow_datasets as tfds

    kinds = tfds.features
    inputs, labels = (
        [name for name in features if isinstance(features[name], kind)]
        for kind in ((kinds.Image, kinds.Text), kinds.ClassLabel)
    )
    return (inputs[0], labels[0]) if len(inputs) == len(labels) == 1 else None


def _rows(builder: Any, keys: _Keys, split: str) -> Iterator[tuple[bytes, int, str]]:
    """(stored bytes, label, its name if the data set tells one) of a split, in the order of the files."""
    import tensorflow_datasets as tfds

    skip = {} if keys.is_text else {keys.source: tfds.decode.SkipDecoding()}
    decoding = tfds.decode.PartialDecoding(keys.wanted(), decoders=skip)
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders=decoding)
    for element in dataset.prefetch(16).as_numpy_iterator():
        name = element[keys.name].decode("utf-8") if keys.name else ""
        yield element[keys.source], int(element[keys.label]), name


def _write_pictures(
    builder: Any, keys: _Keys, splits: dict[str, str], writer: Writer, progress: Progress | None
) -> list[str]:
    """Write all pictures; returns class names by label."""
    total = sum(int(builder.info.splits[split].num_examples or 0) for split in splits)
    names = dict(enumerate(keys.class_names))
    done = 0
    for split, official in splits.items():
        for index, (data, label, name) in enumerate(_rows(builder, keys, split)):
            if name:
                names[label] = name
            writer.add(data, official, label, f"{official}/{index:06d}")
            done += 1
            if progress is not None:
                progress(f"Writing pictures of {builder.info.full_name}", done, max(total, done))
    return [names[label] for label in range(len(keys.class_names))]


def _pictures(stored: Stored, found: Found, bad_files: str) -> Examples:
    found.notes.extend(stored.notes)
    found.class_names = list(dict.fromkeys(stored.class_names[row.label] for row in stored.rows))
    found.class_names.sort(key=stored.class_names.index)
    infos = {}
    for row in stored.rows:
        path = str(stored.folder / row.file)
        if isinstance(row.info, BadFile):
            found.bad.append(BadFile(path, row.info.reason))
        else:
            found.rows.append(Row(id=row.id, input=path, label=stored.class_names[row.label], split=row.split))
            infos[row.id] = row.info
    return assemble_scanned(found, infos, bad_files)


def _texts(builder: Any, keys: _Keys, splits: dict[str, str], found: Found, bad_files: str) -> Examples:
    for split, official in splits.items():
        for index, (data, label, name) in enumerate(_rows(builder, keys, split)):
            identifier = f"{official}/{index:06d}"
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                found.bad.append(BadFile(identifier, "is not UTF-8"))
                continue
            found.rows.append(Row(identifier, text, name or keys.class_names[label], official))
    labels = {row.label for row in found.rows}
    found.class_names = sorted(labels, key=keys.class_names.index) if not keys.name else sorted_labels(labels)
    return assemble(found, bad_files)
