"""The keys of a config for editors (JSON Schema, draft 2020-12) and for people (a table in Markdown)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from ftsuite.config.durations import Duration
from ftsuite.config.fields import model_of, walk
from ftsuite.config.intervals import Interval
from ftsuite.config.schema import Config
from ftsuite.config.scope import TrainScope
from ftsuite.config.tree import Location, dotted
from ftsuite.config.words import expected_of, number_text

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_EXTENDS = (
    "Another config, by name or by path relative to this file. Its values hold where this file says nothing: "
    "maps are merged, lists are replaced. It must not extend another one itself."
)

OptionModels = Mapping[str, type[pydantic.BaseModel] | None]


def json_schema(option_models: OptionModels) -> dict[str, Any]:
    """The JSON Schema of a config file.

    Args:
        option_models: the model of the options of each known task; None for a task that takes none.

    A key that is required is required only where the file extends no other.
    """
    schema = Config.model_json_schema(by_alias=True, mode="validation", schema_generator=_Generator)
    schema["$schema"] = DRAFT
    schema["title"] = "ftsuite config"
    properties = schema["properties"]
    schema["properties"] = {"extends": {"type": ["string", "null"], "description": _EXTENDS}, **properties}
    if option_models:
        schema["properties"]["task"] = {
            **properties["task"],
            "anyOf": [{"enum": sorted(option_models)}, {"pattern": "[.]py(:.+)?$"}],
        }
    required = _hoisted(schema)
    schema["anyOf"] = [{"properties": {"extends": {"type": "string"}}, "required": ["extends"]}, required]
    schema["allOf"] = [
        {
            "if": {"properties": {"task": {"const": task}}, "required": ["task"]},
            "then": {"properties": {"options": _options_schema(schema["$defs"], task, model)}},
        }
        for task, model in sorted(option_models.items())
    ]
    if not schema["allOf"]:
        del schema["allOf"]
    return schema


def markdown_reference(option_models: OptionModels) -> str:
    """A Markdown table of all keys, and one for the options of each task.

    Args:
        option_models: the model of the options of each known task; None for a task that takes none.
    """
    lines = ["# Keys of a config", "", *_HEAD]
    lines.append(f"| `extends` | text or null | none | {_EXTENDS} |")
    lines += [_row(location, field) for location, field in walk(Config)]
    for task, model in sorted(option_models.items()):
        lines += ["", f"## Options of `{task}`", ""]
        rows = [_row(("options", *location), field) for location, field in walk(model)] if model else []
        lines += [*_HEAD, *rows] if rows else ["This task takes no options."]
    return "\n".join(lines) + "\n"


_HEAD = ("| Key | Value | Default | What it does |", "| --- | --- | --- | --- |")


class _Generator(GenerateJsonSchema):
    """Writes a default that is text in a config as that text."""

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if isinstance(dft, Duration | Interval | TrainScope) else super().encode_default(dft)


def _hoisted(schema: dict[str, Any]) -> dict[str, Any]:
    """Move what the root and its sections require into one rule for files that extend nothing."""
    sections: dict[str, Any] = {}
    for name, entry in schema["properties"].items():
        definition = schema["$defs"].get(entry.get("$ref", "").rpartition("/")[2], {})
        if "required" in definition:
            sections[name] = {"required": definition.pop("required")}
    return {"required": schema.pop("required"), "properties": {"extends": {"type": "null"}, **sections}}


def _options_schema(definitions: dict[str, Any], task: str, model: type[pydantic.BaseModel] | None) -> dict[str, Any]:
    """The schema of one task's options; models inside become definitions under the task's name."""
    if model is None:
        return {"type": "object", "maxProperties": 0}
    schema = model.model_json_schema(
        schema_generator=_Generator,
        by_alias=True,
        mode="validation",
        ref_template=f"#/$defs/{task}.{{model}}",
    )
    for name, definition in schema.pop("$defs", {}).items():
        definitions[f"{task}.{name}"] = definition
    schema.pop("required", None)  # may stand in the config that this one extends
    definitions[f"{task}.options"] = schema
    return {"$ref": f"#/$defs/{task}.options"}


def _row(location: Location, field: FieldInfo) -> str:
    name = dotted(location).replace(".0", "[]")
    cells = (f"`{name}`", _type(field), _default(field), field.description or "")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def _type(field: FieldInfo) -> str:
    if model_of(field.annotation) is not None:
        return "a map or null" if type(None) in _arguments(field) else "a map"
    return expected_of(field) or str(field.annotation)


def _arguments(field: FieldInfo) -> tuple[Any, ...]:
    return tuple(getattr(field.annotation, "__args__", ()))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "see below"
    default = copy.copy(field.default)
    if default is PydanticUndefined or isinstance(default, pydantic.BaseModel):
        return "see below"
    if isinstance(default, bool | int | float) or default is None:
        return f"`{number_text(default)}`"
    return f"`{_plain_text(default)}`"


def _plain_text(default: Any) -> str:
    if isinstance(default, Mapping):
        return "{}" if not default else "{" + ", ".join(f"{k}: {v}" for k, v in default.items()) + "}"
    if isinstance(default, list | tuple):
        return "[" + ", ".join(_iterated(default)) + "]"
    return str(default)


def _iterated(values: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    return (str(value) for value in values)
