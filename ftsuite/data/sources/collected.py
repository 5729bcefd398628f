"""What would have stopped a run, of several sources together."""

from __future__ import annotations

from collections.abc import Sequence

from ftsuite.api import Collected, Examples


def joined(parts: Sequence[Examples], names: Sequence[str], refusals: Sequence[str] = ()) -> Collected | None:
    """What was collected of each source, ids with the source's name in front as examples have it.

    Args:
        parts: examples of each source.
        names: of the sources.
        refusals: what all of them together would have been refused for.

    Returns:
        None where nothing was collected, as for a run.
    """
    if all(part.collected is None for part in parts):
        return None
    bad: list[tuple[str, str, str]] = []
    sentences: list[str] = []
    for name, part in zip(names, parts, strict=True):
        if part.collected is not None:
            bad += [(f"{name}:{identifier}", path, reason) for identifier, path, reason in part.collected.bad_files]
            sentences += [f"{name}: {sentence}" for sentence in part.collected.refusals]
    return Collected(tuple(bad), (*sentences, *refusals))
