"""Finding the field of a pydantic model that a location in a config belongs to."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from ftsuite.config.tree import Location
from ftsuite.config.words import keys_of

DEEPEST_WALK = 8  # a model may hold itself


def field_at(model: type[pydantic.BaseModel], location: Location) -> FieldInfo | None:
    """The field at a location; None where it cannot be told (inside a map of anything).

    Args:
        model: the outermost model.
        location: keys and indexes as pydantic gives them, the tried members of unions among them.
    """
    return _resolved(model, location)[0]


def model_at(model: type[pydantic.BaseModel], location: Location) -> type[pydantic.BaseModel] | None:
    """The model whose keys stand at a location."""
    return model_of(_resolved(model, location)[1])


def _resolved(model: type[pydantic.BaseModel], location: Location) -> tuple[FieldInfo | None, Any]:
    field: FieldInfo | None = None
    annotation: Any = model
    for key in location:
        member = _member(models_of(annotation), key) if len(models_of(annotation)) > 1 else None
        if member is not None:
            annotation = member
            continue
        tagged = _tagged(annotation, key)
        if tagged is not None:
            annotation = tagged
            continue
        if isinstance(key, str) and field is not None and _is_choice_of_values(annotation):
            continue  # pydantic names the member that it tried, such as ``float``
        field = _step(annotation, key)
        if field is None:
            return None, None
        annotation = field.annotation
    return field, annotation


def model_of(annotation: Any) -> type[pydantic.BaseModel] | None:
    """The one model that an annotation allows, through Annotated and ``| None``."""
    found = models_of(annotation)
    return found[0] if len(found) == 1 else None


def models_of(annotation: Any) -> tuple[type[pydantic.BaseModel], ...]:
    """All models that an annotation allows."""
    parts = alternatives(annotation)
    return tuple(part for part in parts if isinstance(part, type) and issubclass(part, pydantic.BaseModel))


def item_of(annotation: Any) -> Any:
    """The type of a list's items, or None for what is no list of one type."""
    for part in alternatives(annotation):
        # dict.fromkeys: tuple[float, float] has items of one type too.
        arguments = list(dict.fromkeys(argument for argument in get_args(part) if argument is not Ellipsis))
        origin = get_origin(part)
        is_list = isinstance(origin, type) and not issubclass(origin, Mapping | str)
        if is_list and len(arguments) == 1:
            return arguments[0]
    return None


def owners_of(model: type[pydantic.BaseModel], key: str) -> list[Location]:
    """The places in the schema that have a key of this name."""
    found = [where[:-1] for where, _ in walk(model) if where[-1] == key and len(where) > 1]
    return list(dict.fromkeys(found))


def walk(model: type[pydantic.BaseModel], location: Location = ()) -> Iterator[tuple[Location, FieldInfo]]:
    """All fields with their locations, in the order of the schema; a list's items stand under ``0``."""
    if len(location) > DEEPEST_WALK:
        return
    for key, field in keys_of(model).items():
        here = (*location, key)
        yield here, field
        for inner in models_of(field.annotation):
            yield from walk(inner, here)
        for item in models_of(item_of(field.annotation)):
            yield from walk(item, (*here, 0))


def alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, through Annotated; the annotation itself where it is no union."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for part in get_args(annotation):
            yield from alternatives(part)
    else:
        yield annotation


def _step(annotation: Any, key: str | int) -> FieldInfo | None:
    if isinstance(key, int):
        item = item_of(annotation)
        return None if item is None else FieldInfo.from_annotation(item)
    model = model_of(annotation)
    return keys_of(model).get(key) if model is not None else None


def _is_choice_of_values(annotation: Any) -> bool:
    """Whether an annotation allows more than one kind of plain value, and neither a map nor a list."""
    parts = [part for part in alternatives(annotation) if part is not type(None)]
    holds_others = any(
        isinstance(kind := get_origin(part) or part, type)
        and issubclass(kind, pydantic.BaseModel | Mapping | tuple | list)
        for part in parts
    )
    return len(parts) > 1 and not holds_others


def _tagged(annotation: Any, key: str | int) -> Any:
    """The member of a union that a `pydantic.Tag` gives this name; None where none has it."""
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    for part in get_args(annotation) if get_origin(annotation) in (typing.Union, types.UnionType) else ():
        inner, *metadata = get_args(part) if get_origin(part) is typing.Annotated else (part,)
        if any(isinstance(item, pydantic.Tag) and item.tag == key for item in metadata):
            return inner
    return None


def _member(models: tuple[type[pydantic.BaseModel], ...], tag: str | int) -> type[pydantic.BaseModel] | None:
    """The member of a union that pydantic names by its class or by the value of its discriminator."""
    for model in models:
        fixed = [
            value
            for field in keys_of(model).values()
            if get_origin(field.annotation) is Literal
            for value in get_args(field.annotation)
        ]
        if tag == model.__name__ or tag in fixed:
            return model
    return None
