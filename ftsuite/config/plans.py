"""Named fine-tuning plans: files that give `finetune` its values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ftsuite.config.layers import read_map
from ftsuite.config.locate import SUFFIXES, is_path, package_folder
from ftsuite.config.origins import Origin
from ftsuite.config.problems import Problem, WrongConfigError
from ftsuite.config.tree import Location, Node, as_map, plain
from ftsuite.config.words import listed, nearest, received, shorten
from ftsuite.errors import ConfigError

PLAN: Location = ("finetune", "plan")

_KEYS = ("summary", "paper", "finetune")
_BEGIN = "Begin with `summary:` and `finetune:`."


@dataclass(frozen=True, slots=True)
class Plan:
    """What the file of a plan says of itself.

    Attributes:
        name: for `finetune.plan`.
        summary: one line.
        paper: where it comes from: authors, year, link.
        path: its file.
    """

    name: str
    summary: str
    paper: str
    path: Path


def shipped_plans() -> Mapping[str, Path]:
    """The files of the plans that are installed with ftsuite, by name.

    Raises:
        ArtifactError: the package that holds them is not installed.
    """
    return {path.stem: path for path in sorted((package_folder() / "plans").glob("*.yaml"))}


def plan_summaries() -> tuple[Plan, ...]:
    """What each shipped plan says of itself.

    Raises:
        WrongConfigError: one of them is damaged.
    """
    found: list[Plan] = []
    for name, path in shipped_plans().items():
        tree, problems = _read(str(path))
        if tree is None or problems:
            raise WrongConfigError(problems)
        texts = [tree.child(key) for key in ("summary", "paper")]
        summary, paper = (str(node.value) if node is not None and node.value is not None else "" for node in texts)
        found.append(Plan(name, summary, paper, path))
    return tuple(found)


def find_plan(reference: str, beside: str | None = None) -> str:
    """The file that a `finetune.plan` means: absolute for a path.

    Args:
        reference: the name of a shipped plan, or a path.
        beside: a file from whose folder a relative path is taken, instead of the current directory.

    Raises:
        ConfigError: there is no such plan.
    """
    shipped = shipped_plans()
    if not is_path(reference):
        if reference in shipped:
            return str(shipped[reference])
        near = nearest(reference, shipped)
        advice = f"Did you mean `{near}`? " if near is not None else ""
        raise ConfigError(
            f"A plan is a path or one of {listed(list(shipped), 'and')}. Received: {shorten(reference)}",
            f"{advice}`ftsuite list plans` shows the names.",
        )
    path = os.path.expanduser(reference)
    if beside is not None:
        path = os.path.join(os.path.dirname(beside), path)
    if not os.path.lexists(path):
        stem = Path(reference).stem if reference.endswith(SUFFIXES) else Path(reference).name
        known = f"`{stem}` without a path is the name of the plan that belongs to ftsuite." if stem in shipped else ""
        raise ConfigError(
            f"There is no plan at this path. Received: {shorten(os.path.normpath(path))}",
            known or "`ftsuite list plans` shows the names; a path ends with .yaml.",
        )
    return os.path.abspath(path)


def read_plan(named: Node) -> tuple[Node | None, str, list[Problem]]:
    """The plan that a `finetune.plan` names.

    Args:
        named: the text, with the place that names it.

    Returns:
        A tree that holds `finetune` alone (None where there is no such plan or it cannot be read), what the key
        becomes (a path is absolute), and what is wrong.
    """
    reference, origin = str(named.value), named.origin
    try:
        path = find_plan(reference, beside=None if origin.kind == "set" else origin.source)
        # Shown as it was written: messages with long absolute paths are hard to read.
        tree, problems = _read(path if not is_path(reference) else _as_written(reference, origin))
    except ConfigError as error:
        return None, reference, [Problem(origin, f"finetune.plan: {error.message}", error.advice)]
    kept = as_map({"finetune": tree.entries["finetune"]}, tree) if tree is not None else None
    return kept, path if is_path(reference) else reference, problems


def _as_written(reference: str, origin: Origin) -> str:
    path = os.path.expanduser(reference)
    return path if origin.kind == "set" else os.path.normpath(os.path.join(os.path.dirname(origin.source), path))


def _read(path: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a plan's file, None where it holds no map `finetune`; and what is wrong with what is around it."""
    tree, problems = read_map(path, "plan", "A plan", _BEGIN)
    if tree is None:
        return None, problems
    for key, child in tree.entries.items():
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            problems.append(
                Problem(
                    child.key_origin,
                    f"The keys of a plan are {listed(_KEYS, 'and')}. Received: the key `{shorten(key)[1:-1]}`",
                    f"Did you mean `{near}`?" if near is not None else "Move it to the config that uses the plan.",
                )
            )
        elif key != "finetune" and not isinstance(child.value, str | None):
            problems.append(
                Problem(child.origin, f"{key} must be text. Received: {received(plain(child))}", "Put it in quotes.")
            )
    finetune = tree.child("finetune")
    if finetune is None or not finetune.entries:
        place = tree.key_origin if finetune is None else finetune.origin
        got = "no `finetune`" if finetune is None else received(plain(finetune))
        problems.append(
            Problem(place, f"A plan gives `finetune` its values, as a map. Received: {got}", "Add `stages:` to it.")
        )
        return None, problems
    nested = finetune.child("plan")
    if nested is None:
        return tree, problems
    problems.append(
        Problem(
            nested.key_origin,
            f"A plan must not name another plan. Received: {received(plain(nested))}",
            "Write the values of the other plan into this one.",
        )
    )
    return None, problems
