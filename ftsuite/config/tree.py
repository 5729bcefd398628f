"""A config as it was read: plain values in which every value knows its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ftsuite.config.origins import Origin

Scalar = str | int | float | bool | None
Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place.

    Attributes:
        value: a scalar, a mapping of names to nodes, or a tuple of nodes.
        origin: where the value begins.
        key_origin: where the key of the value begins; the same as `origin` where there is no key.
    """

    value: Scalar | Mapping[str, Node] | tuple[Node, ...]
    origin: Origin
    key_origin: Origin

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a map; empty for what is no map."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; empty for what is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    def child(self, key: str | int) -> Node | None:
        """The entry of a map or the item of a list, if there is one."""
        if isinstance(key, str):
            return self.entries.get(key)
        return self.items[key] if 0 <= key < len(self.items) else None


def as_map(entries: Mapping[str, Node], like: Node) -> Node:
    """A map in the place of another node."""
    return Node(MappingProxyType(dict(entries)), like.origin, like.key_origin)


def from_plain(data: Any, origin: Origin) -> Node:
    """Give every value of plain data one origin."""
    if isinstance(data, Mapping):
        entries = {str(key): from_plain(value, origin) for key, value in data.items()}
        return Node(MappingProxyType(entries), origin, origin)
    if isinstance(data, list | tuple):
        return Node(tuple(from_plain(value, origin) for value in data), origin, origin)
    return Node(data, origin, origin)


def plain(node: Node) -> Any:
    """The values alone, as dicts, lists and scalars."""
    if isinstance(node.value, Mapping):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return node.value


def deepest(node: Node, location: Location) -> tuple[Node, int]:
    """Walk down as far as nodes exist; returns the last node and how many steps led to it."""
    for depth, key in enumerate(location):
        child = node.child(key)
        if child is None:
            return node, depth
        node = child
    return node, len(location)


def find(node: Node, location: Location) -> Node | None:
    """The node at a location, or None."""
    found, depth = deepest(node, location)
    return found if depth == len(location) else None


def merge(weak: Node, strong: Node) -> Node:
    """Lay one tree over another: maps are merged deeply, everything else is replaced."""
    if not (isinstance(weak.value, Mapping) and isinstance(strong.value, Mapping)):
        return strong
    entries = dict(weak.value)
    for key, child in strong.value.items():
        entries[key] = merge(entries[key], child) if key in entries else child
    return as_map(entries, strong)


def with_node(tree: Node, location: Location, new: Node) -> Node:
    """A copy of the tree with a node at a location.

    Missing maps on the way, and a null, become maps that have the new node's origin; the caller has made sure
    that lists on the way are long enough and that no other scalar stands there.
    """
    if not location:
        return new
    key, rest = location[0], location[1:]
    old = tree.child(key)
    child = with_node(old if old is not None else Node(None, new.origin, new.origin), rest, new)
    if isinstance(key, int):
        return Node((*tree.items[:key], child, *tree.items[key + 1 :]), tree.origin, tree.key_origin)
    like = tree if tree.value is not None else Node(None, new.origin, new.origin)
    return as_map({**tree.entries, key: child}, like)


def without(tree: Node, location: tuple[str, ...]) -> Node:
    """A copy of the tree without one entry of a map; the entry is there."""
    *above, last = location
    owner = find(tree, tuple(above)) or tree
    rest = {key: child for key, child in owner.entries.items() if key != last}
    return with_node(tree, tuple(above), as_map(rest, owner))


def leaves(data: Any, location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """All scalars and empty collections of plain data with their locations; a list of scalars is one leaf."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from leaves(value, (*location, str(key)))
    elif isinstance(data, Sequence) and not isinstance(data, str) and any(_is_collection(x) for x in data):
        for index, value in enumerate(data):
            yield from leaves(value, (*location, index))
    else:
        yield location, data


def _is_collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def dotted(location: Location) -> str:
    """``("finetune", "stages", 0)`` as ``finetune.stages.0``."""
    return ".".join(str(key) for key in location)
