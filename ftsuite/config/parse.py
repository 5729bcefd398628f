"""YAML 1.2 text to a tree with marks. No Python object is ever made from a tag."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from ftsuite.config.origins import Origin
from ftsuite.config.problems import Problem
from ftsuite.config.scalars import resolve
from ftsuite.config.syntax import explain, reader_problem
from ftsuite.config.tree import Node, Scalar
from ftsuite.config.words import shorten

PlaceAt = Callable[[int, int], Origin]

MOST_VALUES = 20_000
DEEPEST_NESTING = 60

_VERSION = re.compile(r"^%YAML[ \t]+(?!1\.2\b)(\S+)", re.MULTILINE)
_TAG = re.compile(r"(&\S+\s+)?!")


def parse_yaml(text: str, place_at: PlaceAt) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document.

    Args:
        text: the document, without a byte order mark.
        place_at: makes the origin of a line and a column, both counted from 1.

    Returns:
        The tree (None where the text is no YAML or holds no document) and everything that is wrong with it.
        Where a key stands twice, the tree holds the first.
    """
    version = _VERSION.match(text)
    if version:
        return None, [
            Problem(
                place_at(1, 1),
                f"A config is read as YAML 1.2. Received: %YAML {shorten(version[1])}",
                "Remove the line that begins with %YAML.",
            )
        ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML 1.2 lets an anchor be set anew
            root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        return None, [explain(error, text, place_at)]
    except ReaderError as error:
        return None, [reader_problem(error, text, place_at)]
    except RecursionError:
        return None, [_too_deep(place_at(1, 1))]
    except (YAMLError, ValueError, AssertionError, IndexError) as error:
        # What ruamel.yaml lets through of its own on torn input: still the text that is wrong.
        message = (str(error).strip() or type(error).__name__).splitlines()[0]
        return None, [Problem(place_at(1, 1), f"This is not YAML. Received: {shorten(message)}")]
    if root is None:
        return None, []
    builder = _Builder(text, place_at)
    tree = builder.build(root)
    return tree, builder.problems


class _Builder:
    """Turns ruamel.yaml's nodes into ours, gathering what is wrong on the way."""

    def __init__(self, text: str, place_at: PlaceAt) -> None:
        self.text = text
        self.place_at = place_at
        self.problems: list[Problem] = []
        self._open: list[int] = []  # identities of the nodes that are being built, against recursive aliases
        self._left = MOST_VALUES

    def build(self, node: Any, key_origin: Origin | None = None) -> Node:
        origin = self._origin(node)
        place = key_origin if key_origin is not None else origin
        value: Any = None
        self._left -= 1
        if self._left < 0:
            if self._left == -1:
                self._tell(
                    origin,
                    f"A config holds at most {MOST_VALUES} values. Received: more",
                    "Use fewer aliases.",
                )
        elif id(node) in self._open:
            self._tell(origin, "A value must not contain itself. Received: an alias to what encloses it")
        elif len(self._open) >= DEEPEST_NESTING:
            self.problems.append(_too_deep(origin))
        elif self._tagged(node):
            self._tell(
                origin,
                f"Expected a plain value. Received: the tag {shorten(str(node.tag))}",
                "Remove the tag.",
            )
        else:
            self._open.append(id(node))
            value = self._value(node, origin)
            self._open.pop()
        return Node(value, origin, place)

    def _value(self, node: Any, origin: Origin) -> Any:
        if isinstance(node, MappingNode):
            return self._map(node)
        if isinstance(node, SequenceNode):
            return tuple(self.build(item) for item in node.value)
        return self._scalar(node, origin)

    def _map(self, node: MappingNode) -> MappingProxyType[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = self._origin(key_node)
            value = self.build(value_node, place)
            key = self._key(key_node, place)
            if key is None:
                continue
            if key in entries:
                first = entries[key].key_origin
                where = f"line {first.line}" if first.line else "its first place"
                self._tell(
                    place,
                    f"A key must stand once in a map. Received: {shorten(key)} again, after {where}",
                    "Remove one of the two.",
                )
            else:
                entries[key] = value
        return MappingProxyType(entries)

    def _key(self, node: Any, place: Origin) -> str | None:
        if not isinstance(node, ScalarNode):
            self._tell(
                place,
                "A key must be text. Received: a map or a list as a key",
                "Two braces, as in {{ name }}, are a template's; put text in quotes.",
            )
            return None
        key = self._scalar(node, place)
        if not isinstance(key, str):
            self._tell(place, f"A key must be text. Received: {shorten(str(node.value))}", "Put the key in quotes.")
            return None
        if key == "<<" and node.style is None:
            self._tell(
                place,
                "Merge keys are not part of YAML 1.2. Received: `<<`",
                "Repeat the keys, or build on another config with `extends:`.",
            )
            return None
        return key

    def _scalar(self, node: ScalarNode, origin: Origin) -> Scalar:
        text = str(node.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._tell(origin, f"Expected text. Received: half of a surrogate pair in {shorten(text)}")
            return None
        if node.style is not None:
            return text
        try:
            return resolve(text)
        except OverflowError:
            self._tell(origin, f"A number has at most 400 digits. Received: {len(text)} digits")
            return None

    def _tagged(self, node: Any) -> bool:
        start, end = node.start_mark.index, node.end_mark.index
        return _TAG.match(self.text[start:end]) is not None

    def _origin(self, node: Any) -> Origin:
        return self.place_at(node.start_mark.line + 1, node.start_mark.column + 1)

    def _tell(self, origin: Origin, statement: str, advice: str = "") -> None:
        self.problems.append(Problem(origin, statement, advice))


def _too_deep(origin: Origin) -> Problem:
    return Problem(origin, f"A config is nested at most {DEEPEST_NESTING} levels deep. Received: more")
