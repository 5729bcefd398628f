"""``asset:NAME``: the data sets of the catalogue, each read by a reader of its own.

`rotten-tomatoes` and `imdb-reviews` are reviews with a sentiment, `licence-texts` are software licences with
their category, `icd10cm-diagnoses` are descriptions of diagnoses with their chapter. They are downloaded when
they are first used.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite import assets
from ftsuite.data.sources.assemble import assemble
from ftsuite.data.sources.asset_tables import read_reviews
from ftsuite.data.sources.found import COLLECT, Found
from ftsuite.data.sources.icd10cm import read_diagnoses
from ftsuite.data.sources.licence_texts import read_licences
from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.api import Examples, Progress

READERS: Mapping[str, Callable[[Path], Found]] = {
    "imdb-reviews": read_reviews,
    "rotten-tomatoes": read_reviews,
    "licence-texts": read_licences,
    "icd10cm-diagnoses": read_diagnoses,
}


def load_asset(name: str, progress: Progress | None = None, bad_files: str = "error") -> Examples:
    """Examples of a data set of the catalogue; kind ``text``, without official splits.

    Args:
        name: of the catalogue.
        progress: called with a text, bytes done and bytes in all while the data set is being downloaded.
        bad_files: `COLLECT` for whoever trains on none; all else is ``error``: what the suite ships is whole.

    Raises:
        ConfigError: no such asset, or one that is no data set.
        ArtifactError: the download or the cached files are damaged.
        DataError: a file that does not hold what is expected of it.
        ResourceError: no network, no room, or a cache that cannot be written to.
    """
    if name not in READERS:
        raise _not_a_data_set(name)
    found = READERS[name](assets.ensure(name, progress=progress))
    return assemble(found, COLLECT if bad_files == COLLECT else "error", progress)


def _not_a_data_set(name: str) -> ConfigError:
    known = assets.catalogue()
    near = difflib.get_close_matches(name, READERS, n=1, cutoff=0.5)
    nearest = f"; the nearest is {near[0]!r}" if near else ""
    what = f", which is {known[name].kind} and no data set" if name in known else ""
    return ConfigError(
        f"Expected asset:NAME to name a data set, one of {', '.join(sorted(READERS))}{nearest}. "
        f"Received: {name!r}{what}.",
        "See `ftsuite list datasets`.",
    )
