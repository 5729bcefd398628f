"""A config's ``task:`` that names a Python file in place of an installed task: ``./my_task.py:SPEC``."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ftsuite.config.origins import IN_FILES
from ftsuite.config.tree import Node, with_node

ENDING = ".py"
ATTRIBUTE = "SPEC"


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task in a file.

    Attributes:
        path: of the file, as written.
        attribute: the name that the file gives its spec.
    """

    path: str
    attribute: str = ATTRIBUTE

    def __str__(self) -> str:
        return f"{self.path}:{self.attribute}"


def parse_task_file(text: str) -> TaskFile | None:
    """The file that a ``task:`` names; None where it is the name of an installed task.

    Whatever holds a slash is a path, and so is what ends with ``.py``; without ``:NAME`` the spec is called ``SPEC``.
    """
    head, colon, attribute = text.rpartition(":")
    if colon and head.endswith(ENDING):
        return TaskFile(head, attribute)
    if text.endswith(ENDING) or "/" in text or os.sep in text:
        return TaskFile(text)
    return None


def with_absolute_task(tree: Node) -> Node:
    """The tree with the path of its task absolute: from the file that names it, or the current directory for --set."""
    node = tree.child("task")
    named = parse_task_file(node.value) if node is not None and isinstance(node.value, str) else None
    if node is None or named is None:
        return tree
    beside = os.path.dirname(node.origin.source) if node.origin.kind in IN_FILES else ""
    path = os.path.abspath(os.path.join(beside, os.path.expanduser(named.path)))
    return with_node(tree, ("task",), Node(str(TaskFile(path, named.attribute)), node.origin, node.key_origin))
