"""Overrides of the command line: ``--set finetune.stages.0.learning_rate=1e-3``."""

from __future__ import annotations

import json
from typing import Any

from ftsuite.config.finetune import FinetuneConfig
from ftsuite.config.origins import DEFAULT, Origin
from ftsuite.config.parse import parse_yaml
from ftsuite.config.problems import Problem
from ftsuite.config.tree import Location, Node, deepest, dotted, find, from_plain, with_node
from ftsuite.config.words import received


def quoted_override(key: str, value: str) -> str:
    """An override whose value is this very text, whatever YAML would take the text for."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def apply_override(tree: Node, text: str) -> tuple[Node, list[Problem]]:
    """A copy of the tree in which one override holds, and what is wrong with the override.

    Maps on the way that are missing or null are made. A list that the config leaves to its default can be
    indexed too. An empty value is null, as in YAML.
    """
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    origin = Origin("set", shown)
    key, equals, value_text = text.partition("=")
    location = _location(key)
    if not equals or not all(part and part.isprintable() for part in location):
        return tree, [
            Problem(
                origin,
                f"An override is written key=value, with dots between keys. Received: {received(text)}",
                "Write for instance `--set data.batch_size=16`.",
            )
        ]
    if location[0] == "extends":
        return tree, [
            Problem(
                origin,
                "`extends` is written in a config file only. Received: an override of it",
                "Name the other config on the command line instead.",
            )
        ]
    value, problems = parse_yaml(value_text, lambda line, column: origin)
    if problems:
        return tree, problems
    tree = _with_default_list(tree, location)
    typed, problem = _typed(tree, location, origin)
    if problem is not None:
        return tree, [problem]
    node = Node(None if value is None else value.value, origin, origin)
    return with_node(tree, typed, node), []


def _location(key: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in key.split("."))


def _with_default_list(tree: Node, location: Location) -> Node:
    """Write out the default plan where an override changes one of its stages and the config names none."""
    stages: Location = ("finetune", "stages")
    if len(location) > 2 and location[:2] == stages and find(tree, stages) is None:
        if deepest(tree, stages)[0].value is not None and not _is_map(deepest(tree, stages)[0]):
            return tree
        plan: Any = FinetuneConfig().model_dump(mode="json", by_alias=True)["stages"]
        return with_node(tree, stages, from_plain(plan, DEFAULT))
    return tree


def _typed(tree: Node, location: tuple[str, ...], origin: Origin) -> tuple[Location, Problem | None]:
    """The location with numbers where lists stand, or what stands in the way."""
    typed: list[str | int] = []
    node: Node | None = tree
    for part in location:
        if node is not None and isinstance(node.value, tuple):
            if not part.isascii() or not part.isdigit() or int(part[:9]) >= len(node.items):
                return (), _no_item(dotted(tuple(typed)), len(node.items), part, origin)
            typed.append(int(part))
        elif node is None or node.value is None or _is_map(node):
            typed.append(part)
        else:
            return (), Problem(
                origin,
                f"{dotted(tuple(typed))} is a value and has no keys. Received: the key `{part}` below it",
                f"Write `--set {dotted(tuple(typed))}=…`.",
            )
        node = node.child(typed[-1]) if node is not None else None
    return tuple(typed), None


def _no_item(name: str, length: int, part: str, origin: Origin) -> Problem:
    allowed = "it is empty" if length == 0 else f"an index from 0 to {length - 1}" if length > 1 else "the index 0"
    return Problem(
        origin,
        f"{name} is a list of {length}: expected {allowed}. Received: `{part}`",
        f"To change how many there are, set the whole list: `--set '{name}=[…]'`.",
    )


def _is_map(node: Node) -> bool:
    return not isinstance(node.value, str | int | float | bool | tuple | None)
