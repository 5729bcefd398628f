"""How a small class that is written as text in a config takes part in pydantic's models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ftsuite.errors import ConfigError


def text_schema(kind: type[Any], parse: Callable[[Any], Any], write: Callable[[Any], str | int] = str) -> CoreSchema:
    """Accept an instance or what a config writes for it; `write` gives that back, text by default."""

    def validate(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        try:
            return parse(value)
        except ConfigError as error:
            raise PydanticCustomError("text_form", "{message}", {"message": error.message}) from error

    return core_schema.no_info_plain_validator_function(
        validate, serialization=core_schema.plain_serializer_function_ser_schema(write)
    )


def text_json_schema(pattern: str, examples: Sequence[str]) -> JsonSchemaValue:
    """The JSON Schema of a text of a given form."""
    return {"type": "string", "pattern": f"^({pattern})$", "examples": list(examples)}
