"""``tfds:NAME[:VERSION]`` and ``tfds:PATH``: a data set of TensorFlow Datasets, with its official splits.

Pictures are written once as files into the cache, byte for byte as the data set stores them, so that
everything after this treats them like any folder of pictures.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from ftsuite.config.source import is_tfds_folder
from ftsuite.data.sources.parsing import expand_home
from ftsuite.data.sources.tfds_folder import builder_of_folder
from ftsuite.errors import ConfigError, DataError, ResourceError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress
    from ftsuite.config import DataConfig

_REFERENCE = re.compile(r"(?P<name>[A-Za-z]\w*)(?P<config>/[\w.+-]+)?(:(?P<version>\d+\.\d+\.\d+|\d+\.\*\.\*))?")


def load_tfds(reference: str, data: DataConfig, progress: Progress | None = None) -> Examples:
    """Examples of a tfds data set that is labelled pictures or labelled texts.

    Prepared files (``data.data_dir``, else tfds' own folder) and archives fetched by hand
    (``data.manual_dir``) are looked for before the network is touched; without any of them the answer comes
    within seconds. What begins as paths do (``/``, ``./``, ``../``, ``~``) is a prepared folder, see
    `ftsuite.data.sources.tfds_folder`.

    Raises:
        ConfigError: not a data set's name, no such version, or no labelled pictures or texts.
        ResourceError: the data set is not here and cannot be fetched; says which archive goes where.
        DataError: an archive is not the one that was published, or pictures are bad.
    """
    if is_tfds_folder(reference):
        from ftsuite.data.sources.tfds_read import read_prepared

        return read_prepared(builder_of_folder(expand_home(reference), data), data.bad_files, progress)
    builder = make_builder(reference, data.data_dir)
    # These bring TensorFlow, which the errors above do without.
    from ftsuite.data.sources.tfds_prepare import ensure_prepared
    from ftsuite.data.sources.tfds_read import read_prepared

    manual_dir = expand_home(data.manual_dir) if data.manual_dir else None
    ensure_prepared(builder, manual_dir, progress)
    return read_prepared(builder, data.bad_files, progress)


def make_builder(reference: str, data_dir: str | None) -> Any:
    """The tfds builder of ``NAME[/CONFIG][:VERSION]``; reads nothing from the network.

    Raises:
        ConfigError: not of that form, or no such data set or version.
        ResourceError: tensorflow-datasets cannot be imported.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ConfigError(
            f"Expected tfds:NAME, tfds:NAME:VERSION or tfds:NAME/CONFIG:VERSION. Received: 'tfds:{reference}'",
            "As in tfds:caltech_birds2011 or tfds:caltech_birds2011:0.2.0; the path of a prepared folder begins with "
            "./, ../, ~ or /.",
        )
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ResourceError(
            f"Expected tensorflow-datasets to be usable. Received: {error}.",
            "Install ftsuite's dependencies again.",
        ) from error
    folder = str(expand_home(data_dir)) if data_dir else None
    _check_data_dir(folder)
    try:
        return tfds.builder(reference, data_dir=folder)
    except tfds.core.registered.DatasetNotFoundError as error:
        names = tfds.list_builders(with_community_datasets=False)
        near = difflib.get_close_matches(match["name"], names, n=3, cutoff=0.5)
        nearest = f"; the nearest are {', '.join(near)}" if near else ""
        raise ConfigError(
            f"Expected the name of a tfds data set{nearest}. Received: 'tfds:{reference}'",
            '`python -c "import tensorflow_datasets as t; print(t.list_builders())"` lists them all.',
        ) from error
    except (AssertionError, ValueError) as error:
        raise ConfigError(
            f"Expected a version and config that the tfds data set {match['name']!r} has. "
            f"Received: 'tfds:{reference}': {_last_sentence(error)}"
        ) from error
    except ImportError as error:
        raise ResourceError(
            f"Expected all that the tfds data set {match['name']!r} needs. Received: {error}.",
            "Install that package.",
        ) from error


def _check_data_dir(folder: str | None) -> None:
    if folder is not None and not expand_home(folder).is_dir():
        raise DataError(
            f"Expected data.data_dir to be a folder that exists. Received: {folder!r}",
            "Make it, or give the folder that holds prepared data sets as NAME/VERSION/.",
        )


def _last_sentence(error: Exception) -> str:
    # tfds puts its own call in front: Failed to construct dataset "…", builder_kwargs "{…}": what is wrong.
    return str(error).strip().splitlines()[0].rpartition('": ')[2][:200]
