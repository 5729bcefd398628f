"""Values and types in words, for error messages and for the reference of keys."""

from __future__ import annotations

import difflib
import json
import math
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import pydantic
from pydantic.fields import FieldInfo

from ftsuite.config.scalars import resolve

_LONGEST = 80


def shorten(text: str) -> str:
    """A text in quotes on one line, with what a terminal would act on written as escapes."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    quoted = json.dumps(cut, ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in quoted)


def received(value: Any) -> str:
    """What was received, as ``Received: …`` shows it."""
    if isinstance(value, str):
        try:
            looks_otherwise = value != "" and not isinstance(resolve(value), str)
        except OverflowError:
            looks_otherwise = True
        return f"{shorten(value)} (text)" if looks_otherwise else shorten(value)
    if isinstance(value, Mapping):
        return f"a map with {listed([str(key) for key in value], 'and')}" if value else "an empty map"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}" if value else "an empty list"
    return number_text(value)


def number_text(value: Any) -> str:
    """A number, truth value or null as YAML writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST else text[:20] + "…"


def listed(names: Sequence[str], word: str, most: int = 30) -> str:
    """``a, b or c`` with each name in backquotes."""
    shown = [f"`{shorten(name)[1:-1]}`" for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, if one is near."""
    by_folded = {_folded(known): known for known in names}
    near = difflib.get_close_matches(_folded(name), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def expected_of(field: FieldInfo) -> str | None:
    """What a field accepts, in words; None for a type that has no short description."""
    return expected(field.annotation, tuple(field.metadata))


def expected(annotation: Any, metadata: tuple[Any, ...] = ()) -> str | None:
    """What an annotation accepts, in words; None for a type that has no short description."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        inner, *more = get_args(annotation)
        return expected(inner, (*metadata, *more))
    if origin in (Union, types.UnionType):
        return _expected_union(get_args(annotation), metadata)
    if origin is Literal:
        choices = [choice if isinstance(choice, str) else number_text(choice) for choice in get_args(annotation)]
        return listed(choices, "or") if len(choices) < 2 else f"one of {listed(choices, 'or')}"
    if annotation is None or annotation is type(None):
        return "null"
    words = getattr(annotation, "expected", None)
    if isinstance(words, str):
        return words
    return _expected_collection(annotation, origin, metadata) or _expected_scalar(annotation, metadata)


def _expected_union(members: tuple[Any, ...], metadata: tuple[Any, ...]) -> str | None:
    parts = [expected(member, metadata) for member in members]
    if not all(parts):
        return None
    # The keys of several maps would fill the screen; that it is a map is what matters here.
    words = [part or "" for part in parts]
    if sum(part.startswith("a map") for part in words) > 1:
        words = ["a map" if part.startswith("a map") else part for part in words]
    return " or ".join(dict.fromkeys(words))


def _expected_collection(annotation: Any, origin: Any, metadata: tuple[Any, ...]) -> str | None:
    base = origin or annotation
    if not isinstance(base, type):
        return None
    if issubclass(base, pydantic.BaseModel):
        return f"a map with the keys {listed(sorted(keys_of(base)), 'and')}" if keys_of(base) else "an empty map"
    if issubclass(base, Mapping):
        return "a map"
    if issubclass(base, tuple) and get_args(annotation) and Ellipsis not in get_args(annotation):
        return f"a list of {len(get_args(annotation))}"
    if issubclass(base, list | tuple | set | frozenset) or base is Sequence:
        return f"a list{_length(metadata)}"
    return None


def _length(metadata: tuple[Any, ...]) -> str:
    parts = [f"at least {item.min_length}" for item in _constraints(metadata) if hasattr(item, "min_length")]
    parts += [f"at most {m}" for item in _constraints(metadata) if (m := getattr(item, "max_length", None))]
    noun = "entry" if parts and parts[-1].endswith(" 1") else "entries"
    return f" of {' and '.join(parts)} {noun}" if parts else ""


def _expected_scalar(annotation: Any, metadata: tuple[Any, ...]) -> str | None:
    names: dict[Any, str] = {bool: "`true` or `false`", int: "a whole number", float: "a number", str: "text"}
    name = names.get(annotation)
    if name is None or annotation not in (int, float):
        return name
    bounds = [
        f"{words} {number_text(limit)}"
        for item in _constraints(metadata)
        for attribute, words in (("ge", "of at least"), ("gt", "above"), ("le", "at most"), ("lt", "below"))
        if (limit := getattr(item, attribute, None)) is not None
    ]
    return f"{name} {' and '.join(bounds)}" if bounds else name


def _constraints(metadata: tuple[Any, ...]) -> list[Any]:
    flat: list[Any] = []
    for item in metadata:
        if isinstance(item, FieldInfo):
            flat.extend(_constraints(tuple(item.metadata)))
        elif isinstance(item, annotated_types.GroupedMetadata):
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def keys_of(model: type[pydantic.BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that a config writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}
