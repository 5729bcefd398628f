"""The files that a config is made of: the config itself and the one that it extends."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ftsuite.config.locate import find_config, read_config
from ftsuite.config.origins import Origin, OriginKind
from ftsuite.config.parse import parse_yaml
from ftsuite.config.problems import Problem
from ftsuite.config.source import KEYS_OF_KINDS, parse_source
from ftsuite.config.tree import Node, as_map, find, merge, without
from ftsuite.config.words import received, shorten
from ftsuite.errors import ConfigError

_BEGIN = "Begin with `task:`, `data:` and `backbone:`; see `ftsuite config show bird-species`."


@dataclass(frozen=True, slots=True)
class Layers:
    """What the files of a config say.

    Attributes:
        own: the values of the config itself, without `extends`; None where its file could not be read.
        extended: those of the config that it extends; None where it extends none or that could not be read.
        problems: what is wrong with the files as YAML, and with `extends`.
        complete: whether all files could be read; if not, a missing key may be in one of them.
    """

    own: Node | None
    extended: Node | None
    problems: tuple[Problem, ...]
    complete: bool

    @property
    def tree(self) -> Node | None:
        """The merged values; None where the config's own file could not be read."""
        return merge(self.extended, self.own) if self.extended is not None and self.own is not None else self.own


def read_layers(path: str) -> Layers:
    """Read a config's file and the one that it extends.

    Raises:
        ConfigError: the file itself cannot be read as text.
    """
    tree, problems = read_map(path, "file")
    if tree is None:
        return Layers(None, None, tuple(problems), False)
    extends, own = tree.child("extends"), _without_extends(tree)
    if extends is None or extends.value is None:
        return Layers(own, None, tuple(problems), True)
    base, wrong = _extended(extends, path)
    problems.extend(wrong)
    return Layers(own, base, tuple(problems), base is not None)


def without_foreign_keys(tree: Node) -> tuple[Node, tuple[str, ...]]:
    """Leave out keys of `data` that belong to a source which a stronger layer has replaced.

    `--set data.source=folder:photos` over a config that draws field-guide birds must not fail for the
    `examples_per_class` of those birds. Beside its own layer's source a key that does not fit stays an error.

    Returns:
        The tree, and a sentence for each key that was left out.
    """
    source = find(tree, ("data", "source"))
    named = [] if source is None else _sources(source)
    if source is None or not named:
        return tree, ()
    try:
        found = {parse_source(text).kind for text in named}
    except ConfigError:
        return tree, ()
    shown = " + ".join(named)
    notes: list[str] = []
    for key, kinds in KEYS_OF_KINDS.items():
        node = find(tree, ("data", key))
        if node is None or node.value is None or found & kinds or _strength(node) >= source.origin.strength:
            continue
        tree = without(tree, ("data", key))
        notes.append(
            f"data.{key} ({node.origin}) does not apply to the source {shown} ({source.origin}) and is left out."
        )
    return tree, tuple(notes)


def _sources(node: Node) -> list[str]:
    """The texts of one source or of a list of them; none where any of them is no text."""
    items = node.items if isinstance(node.value, tuple) else (node,)
    texts = [item.value if isinstance(item.value, str) else find(item, ("source",)) for item in items]
    plain = [text if isinstance(text, str) else text.value if text is not None else None for text in texts]
    return [text for text in plain if isinstance(text, str)] if all(isinstance(text, str) for text in plain) else []


def _strength(node: Node) -> int:
    """The strongest layer that wrote any part of a value."""
    return max([node.origin.strength if not node.entries else 0, *(_strength(c) for c in node.entries.values())])


def read_map(
    path: str, kind: OriginKind, what: str = "A config", begin: str = _BEGIN
) -> tuple[Node | None, list[Problem]]:
    """Read a YAML file whose top is a map.

    Args:
        path: the file.
        kind: of the origins of its values.
        what: what the file is, for messages.
        begin: what to do where the file is empty.

    Raises:
        ConfigError: the file cannot be read as text.
    """
    text = read_config(path)
    start = Origin(kind, path, 1, 1)
    tree, problems = parse_yaml(text, lambda line, column: Origin(kind, path, line, column))
    if problems and tree is None:
        return None, problems
    if tree is None:
        return None, [
            Problem(
                start,
                f"{what} is a map of keys and values. Received: an empty file",
                begin,
            )
        ]
    if not tree.entries and not _is_empty_map(tree):
        problems.append(
            Problem(
                tree.origin,
                f"{what} is a map of keys and values. Received: {received(_shown(tree))}",
                "Write `key: value` lines.",
            )
        )
        return None, problems
    return Node(tree.value, start, start), problems


def _extended(extends: Node, path: str) -> tuple[Node | None, list[Problem]]:
    if not isinstance(extends.value, str) or not extends.value.strip():
        return None, [
            Problem(
                extends.origin,
                f"extends must be the name or the path of one config. Received: {received(_shown(extends))}",
                "Name one config; a config extends one other at most.",
            )
        ]
    try:
        base_path = find_config(extends.value, beside=path)
        if _same_file(base_path, path):
            return None, [
                Problem(
                    extends.origin,
                    f"A config must not extend itself. Received: {shorten(extends.value)}",
                    "Remove `extends`, or name another config.",
                )
            ]
        base, problems = read_map(base_path, "extended")
    except ConfigError as error:
        return None, [Problem(extends.origin, f"extends: {error.message}", error.advice)]
    if base is None:
        return None, problems
    second = base.child("extends")
    if second is None or second.value is None:
        return _without_extends(base), problems
    problems.append(_second_level(second, base_path, path))
    return None, problems


def _second_level(second: Node, base_path: str, path: str) -> Problem:
    returns = isinstance(second.value, str) and _same_file(os.path.join(os.path.dirname(base_path), second.value), path)
    return Problem(
        second.key_origin,
        f"A config that is extended (here by {path}) must not extend another. "
        f"Received: extends: {received(_shown(second))}" + (", which is a cycle" if returns else ""),
        "Write the values of the other config into this one, or extend that one directly.",
    )


def _without_extends(tree: Node) -> Node:
    return as_map({key: child for key, child in tree.entries.items() if key != "extends"}, tree)


def _same_file(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _is_empty_map(node: Node) -> bool:
    return not isinstance(node.value, str | int | float | bool | tuple | None)


def _shown(node: Node) -> object:
    return node.value if not isinstance(node.value, tuple) else list(node.value)
