"""``tfds:PATH``: a folder that TensorFlow Datasets prepared, read without the code that prepared it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftsuite.data.sources.found import listed
from ftsuite.data.sources.parsing import nearby_advice
from ftsuite.errors import ConfigError, DataError, ResourceError

if TYPE_CHECKING:
    from ftsuite.config import DataConfig

_INFO, _FEATURES = "dataset_info.json", "features.json"
_DEEPEST = 3


def builder_of_folder(path: Path, data: DataConfig) -> Any:
    """The builder of a prepared folder; neither the network nor the data set's own code is needed.

    Args:
        path: the folder of one version, as ``NAME/1.0.0`` or ``NAME/CONFIG/1.0.0``, or one above it where there is
            no other version below.
        data: the config's ``data`` section.

    Raises:
        ConfigError: ``data_dir`` or ``manual_dir`` stand beside it, which say where a name is looked for.
        DataError: no folder, not prepared by tfds, several versions, or files that are missing or damaged.
        ResourceError: tensorflow-datasets cannot be imported.
    """
    for key in ("data_dir", "manual_dir"):
        if getattr(data, key) is not None:
            raise ConfigError(
                f"data.{key} goes with tfds:NAME. Received: the source {data.source!r}, which is a folder.",
                f"Remove `{key}`.",
            )
    folder = _version_folder(path)
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ResourceError(
            f"Expected tensorflow-datasets to be usable. Received: {error}.", "Install ftsuite's dependencies again."
        ) from error
    try:
        builder = tfds.builder_from_directory(str(folder))
    except Exception as error:  # tfds and its parsers raise what they like on torn files
        raise DataError(
            f"Expected a folder that tfds can read. Received: {str(folder)!r}: {type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}",
            f"Copy the folder again, {_INFO} and {_FEATURES} with it.",
        ) from error
    _require_files(builder, folder)
    return builder


def _version_folder(path: Path) -> Path:
    if not path.is_dir():
        raise DataError(f"Expected a folder that exists. Received: {str(path)!r}", nearby_advice(path))
    if (path / _INFO).is_file():
        if not (path / _FEATURES).is_file():
            raise DataError(
                f"Expected {_FEATURES} beside {_INFO}. Received: {str(path)!r} without it.",
                "Copy the whole folder, or prepare it again by a newer tensorflow-datasets.",
            )
        return path
    found = [folder for depth in range(1, _DEEPEST + 1) for folder in path.glob("/".join("*" * depth) + f"/{_INFO}")]
    folders = sorted(file.parent for file in found if (file.parent / _FEATURES).is_file())
    if not folders:
        raise DataError(
            f"Expected a folder that tfds prepared, with {_INFO} and {_FEATURES}. Received: {str(path)!r}.",
            "Give the folder of one version, as in tfds:./mnist/3.0.1; class folders are given as folder:PATH.",
        )
    if len(folders) > 1:
        shown = listed([str(folder.relative_to(path)) for folder in folders])
        raise DataError(
            f"Expected one prepared data set. Received: {str(path)!r}, which holds {len(folders)}: {shown}.",
            f"Name one of them, as in tfds:{folders[-1]}.",
        )
    return folders[0]


def _require_files(builder: Any, folder: Path) -> None:
    """Refuse splits whose files are missing: tfds would tell so in the middle of reading, without a name."""
    missing = [
        Path(str(file)).name
        for split in builder.info.splits.values()
        for file in split.filepaths
        if not Path(str(file)).is_file()
    ]
    if missing:
        raise DataError(
            f"Expected all files that {_INFO} counts. Received: {str(folder)!r} without {listed(missing, 5)}.",
            "Copy the whole folder.",
        )
