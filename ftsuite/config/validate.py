"""A tree of values against a pydantic model: everything that is wrong, each with its place and its words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ftsuite.config.fields import field_at, model_at, model_of, owners_of
from ftsuite.config.problems import Problem
from ftsuite.config.scalars import resolve
from ftsuite.config.tree import Location, Node, deepest, dotted, find, plain
from ftsuite.config.words import expected_of, keys_of, listed, nearest, received, shorten

Model = TypeVar("Model", bound=pydantic.BaseModel)

# Errors of pydantic whose statement is "must be <what the field accepts>".
_ABOUT_THE_VALUE = (
    "_type",
    "_parsing",
    "_error_literal",
    "literal_error",
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "too_short",
    "too_long",
    "missing",
    "finite_number",
    "int_from_float",
)

# What people write out of habit -> the key that is meant.
_OTHER_WORDS = {
    "lr": "learning_rate",
    "epochs": "for",
    "steps": "for",
    "duration": "for",
    "unfreeze": "train",
    "model": "backbone",
    "dataset": "data",
    "training": "finetune",
}


def validated(
    model: type[Model], node: Node, prefix: Location = (), tolerate_missing: bool = False
) -> tuple[Model | None, list[Problem]]:
    """Validate strictly: neither text nor a truth value is a number; a whole number is good for any number.

    Args:
        model: what the tree must fit.
        node: the tree; its places are those of the problems.
        prefix: keys above the tree, for messages.
        tolerate_missing: say nothing of missing keys (they may be in a file that could not be read).
    """
    try:
        # JSON's strictness is ours: a list is good for a tuple there, and text is still no number.
        return model.model_validate_json(json.dumps(plain(node)), strict=True), []
    except pydantic.ValidationError as error:
        details = error.errors(include_url=False)
    problems = [
        _problem(model, node, prefix, detail)
        for detail in details
        if not (tolerate_missing and detail["type"] == "missing") and not _only_seems_short(node, detail)
    ]
    return None, problems


def _only_seems_short(root: Node, detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because pydantic leaves its wrong items out of the count."""
    location = _in_the_file(root, detail["loc"], missing=False)
    found, depth = deepest(root, location)
    short = detail["type"] == "too_short" and depth == len(location)
    return short and len(found.items) >= detail["ctx"]["min_length"]


def _problem(model: type[pydantic.BaseModel], root: Node, prefix: Location, detail: ErrorDetails) -> Problem:
    tried, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    location = _in_the_file(root, tried, kind == "missing")
    found, depth = deepest(root, location)
    if kind == "missing":
        if not isinstance(tried[-1], int):
            return _missing(field_at(model, tried), found, (*prefix, *location))
        tried, location = tried[:-1], location[:-1]  # a list of fixed length that is too short
    if kind == "extra_forbidden" and depth == len(location):
        return _unknown(model, found, prefix, location, tried)
    if kind == "cross_check" and context["culprit"] and depth < len(location):
        found = find(root, (*location[:-1], context["culprit"])) or found
    elif depth < len(location):
        location = location[:depth]
    elif kind == "cross_check" and "." in context["culprit"]:
        found = find(root, (*location, *context["culprit"].split("."))) or found
    name = dotted((*prefix, *location)) or "the config"
    if kind == "cross_check":
        return Problem(found.origin, context["statement"].replace("{name}", name, 1), context["advice"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _untagged(found, name, kind, context)
    field = field_at(model, tried)
    words = expected_of(field) if field is not None else None
    if words and (kind.endswith(_ABOUT_THE_VALUE) or kind == "text_form"):
        about = field.description if field is not None else None
        advice = _value_advice(found.value, words) or _shape_advice(found, words) or about or ""
        return Problem(found.origin, f"{name} must be {words}. Received: {received(plain(found))}", advice)
    message = str(context["error"]) if "error" in context else detail["msg"]
    if "Received:" in message:
        return Problem(found.origin, f"{name}: {message}")
    return Problem(found.origin, f"{name}: {message.rstrip('.')}. Received: {received(plain(found))}")


def _in_the_file(root: Node, tried: Location, missing: bool) -> Location:
    """Pydantic's location without the members of unions, which stand in no file."""
    location: list[str | int] = []
    node: Node | None = root
    for index, key in enumerate(tried):
        child = node.child(key) if node is not None else None
        is_last = index == len(tried) - 1
        if child is None and not (is_last and (missing or not isinstance(node and node.value, tuple))):
            continue
        location.append(key)
        node = child
    return tuple(location)


def _missing(field: FieldInfo | None, parent: Node, location: Location) -> Problem:
    *above, key = location
    inner = model_of(field.annotation) if field is not None else None
    words = "a map" if inner is not None else expected_of(field) if field is not None else None
    parts = keys_of(inner) if inner is not None else {}
    needed = [name for name, part in parts.items() if part.is_required()]
    with_keys = f" with at least {listed(needed, 'and')} in it" if needed else ""
    under = f" under `{dotted(tuple(above))}`" if above else ""
    says = f" {field.description}" if field is not None and field.description else ""
    return Problem(
        parent.key_origin,
        f"{dotted(location)} is required{f': {words}' if words else ''}. Received: {received(plain(parent))}",
        f"Add `{key}:`{under}{with_keys}.{says}",
    )


def _unknown(
    model: type[pydantic.BaseModel], node: Node, prefix: Location, location: Location, tried: Location
) -> Problem:
    key = str(location[-1])
    above = dotted((*prefix, *location[:-1]))
    owner = model_at(model, tried[:-1])
    known = sorted(keys_of(owner)) if owner is not None else []
    place = f"of `{above}`" if above else "of a config"
    statement = f"The keys {place} are {listed(known, 'and')}." if known else f"No keys stand under `{above}`."
    near = nearest(key, known) or next((name for name in [_OTHER_WORDS.get(key)] if name in known), None)
    elsewhere = [dotted((*prefix, *where)) for where in owners_of(model, key)]
    if near is not None:
        advice = f"Did you mean `{near}`?"
    elif elsewhere:
        advice = f"`{key}` is a key of {listed(elsewhere, 'and')}: move it there."
    elif node.value is None:
        advice = "Remove it. Within braces, text that holds a comma stands in quotes."
    else:
        advice = "Remove it."
    return Problem(node.key_origin, f"{statement} Received: the unknown key `{shorten(key)[1:-1]}`", advice)


def _untagged(found: Node, name: str, kind: str, context: Mapping[str, Any]) -> Problem:
    """A map whose kind is told by one of its keys, and that key is absent or names no kind."""
    key = str(context["discriminator"]).strip("'")
    if kind == "union_tag_not_found":
        return Problem(
            found.origin,
            f"{name}.{key} is required: it names the kind of entry. Received: {received(plain(found))}",
            f"Add `{key}:`.",
        )
    kinds = re.findall(r"'([^']*)'", str(context["expected_tags"]))
    near = nearest(str(context["tag"]), kinds)
    place = found.child(key) or found
    return Problem(
        place.origin,
        f"{name}.{key} must be one of {listed(kinds, 'or')}. Received: {received(plain(place))}",
        f"Did you mean `{near}`?" if near is not None else "",
    )


def _value_advice(value: Any, words: str) -> str:
    """A hint for the mistakes that are made most."""
    if isinstance(value, str):
        return _text_advice(value, words)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if "a duration" in words and math.isfinite(value):
        return f"Write the unit too: `{value} epochs` or `{value} steps`."
    if isinstance(value, float) and value.is_integer() and "whole number" in words and abs(value) < 1e15:
        return f"Write `{int(value)}`."
    return f"Put it in quotes: `'{value}'`." if words == "text" else ""


def _shape_advice(node: Node, words: str) -> str:
    """A hint where a map or a list is due and something else stands there."""
    if words.startswith(("a map", "an empty map")) and node.value is None:
        return "Write its keys below it, or remove this key."
    if words.startswith("a list") and isinstance(node.value, Mapping):
        return "Begin each entry with `- `."
    if words.startswith("a map with") and isinstance(node.value, str):
        return "Write `key: value` for each key."
    return ""


def _text_advice(value: str, words: str) -> str:
    if "number" in words or "`true`" in words:
        try:
            if not isinstance(resolve(value.strip()), str) and value.strip():
                return "Remove the quotes."
            bare = value.replace("_", "").replace(",", "").strip()
            if "number" in words and bare != value and isinstance(resolve(bare), int | float):
                return f"Write `{bare}`."
        except OverflowError:
            return ""
        if "`true`" in words and value.lower() in ("yes", "no", "on", "off", "y", "n"):
            return "Write `true` or `false`: in YAML 1.2, yes and no are text."
    choices = words.split("`")[1::2]
    near = nearest(value, choices) if choices and "such as" not in words else None
    return f"Did you mean `{near}`?" if near is not None else ""


def undeclared_options(node: Node, prefix: Location, task: str) -> list[Problem]:
    """The problems of options that are given to a task which takes none."""
    entries: Mapping[str, Node] = node.entries
    if not entries and node.value in (None, {}):
        return []
    names: Sequence[str] = list(entries)
    return [
        Problem(
            entries[name].key_origin,
            f"The task `{task}` takes no options. Received: the key `{dotted((*prefix, name))}`",
            "Remove it.",
        )
        for name in names
    ]
