"""The layers of a config laid over one another: the extended config, the config, overrides, and the plan.

The plan that `finetune.plan` names lies right below the layer that names it: above all weaker layers, below the keys
that stand beside it. Where several layers name a plan, the strongest one's counts alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pydantic

from ftsuite.config.fields import model_of
from ftsuite.config.finetune import FinetuneConfig
from ftsuite.config.layers import Layers
from ftsuite.config.overrides import apply_override
from ftsuite.config.plans import PLAN, read_plan
from ftsuite.config.problems import Problem
from ftsuite.config.tree import Node, as_map, find, merge, with_node
from ftsuite.config.words import keys_of

_SECTION = "finetune"


def stacked(layers: Layers, overrides: Sequence[str], empty: Node) -> tuple[Node, list[Problem]]:
    """Lay the layers of a config over one another.

    Args:
        layers: the files of the config.
        overrides: texts ``key=value``; later ones win.
        empty: what overrides are checked against where the config's own file could not be read.

    Returns:
        The values, and what is wrong with overrides and with the plan.
    """
    files = layers.tree if layers.tree is not None else empty
    tree, problems = _overridden(files, overrides, None)
    named = find(tree, PLAN)
    if named is None or not isinstance(named.value, str) or not named.value or _holds_already(layers, named):
        return tree, problems
    plan, text, wrong = read_plan(named)
    if plan is None:
        # An index into the stages of a plan that is not there says nothing.
        into = f"{_SECTION}.stages."
        return tree, [*wrong, *(p for p in problems if not p.origin.source.lstrip().startswith(into))]
    tree, problems = _overridden(_with_plan(layers, files, plan, named), overrides, plan)
    return with_node(tree, PLAN, Node(text, named.origin, named.key_origin)), [*wrong, *problems]


def _with_plan(layers: Layers, files: Node, plan: Node, named: Node) -> Node:
    """The files with the plan in its place among them."""
    kind = named.origin.kind
    if kind == "set" or layers.own is None:
        found = merge(files, plan)
    elif kind == "file":
        found = merge(merge(layers.extended, plan) if layers.extended is not None else plan, layers.own)
    else:
        assert layers.extended is not None, "it names the plan"
        found = merge(merge(plan, layers.extended), layers.own)
    return as_map(found.entries, files)


def _overridden(tree: Node, overrides: Sequence[str], plan: Node | None) -> tuple[Node, list[Problem]]:
    """The tree under its overrides; a plan that one of them names lies below all of them."""
    problems: list[Problem] = []
    for override in overrides:
        tree, wrong = apply_override(tree, override)
        problems.extend(wrong)
        section = tree.child(_SECTION)
        whole = override.partition("=")[0].strip() == _SECTION and not wrong
        if plan is not None and whole and section is not None and isinstance(section.value, Mapping | None):
            tree = with_node(tree, (_SECTION,), merge(plan.entries[_SECTION], _as_section(section)))
    return tree, problems


def _as_section(node: Node) -> Node:
    return node if node.value is not None else as_map({}, node)


def _holds_already(layers: Layers, named: Node) -> bool:
    """Whether the layer that names the plan gives every value itself, as a resolved config does.

    Such a file repeats its run wherever the plan is, and whatever has become of it.
    """
    layer = {"file": layers.own, "extended": layers.extended}.get(named.origin.kind)
    section = find(layer, (_SECTION,)) if layer is not None else None
    return section is not None and _is_complete(section, FinetuneConfig)


def _is_complete(node: Node, model: type[pydantic.BaseModel]) -> bool:
    for key, field in keys_of(model).items():
        child = node.child(key)
        if child is None:
            return False
        inner = model_of(field.annotation)
        if inner is not None and child.value is not None and not _is_complete(child, inner):
            return False
    return True
