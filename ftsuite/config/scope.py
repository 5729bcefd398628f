"""How much of a model a stage trains: ``head``, ``last 2``, ``all``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ftsuite.config.text_type import text_json_schema, text_schema
from ftsuite.errors import ConfigError

_PATTERN = r"head|all|last +[1-9][0-9]{0,3}"


@dataclass(frozen=True, slots=True)
class TrainScope:
    """Which part of a model is trained; the rest is frozen.

    Attributes:
        kind: ``head`` (the new layers alone), ``last`` (the head and the last `count` blocks of the backbone)
            or ``all`` (everything).
        count: blocks of the backbone for ``last``, else None.
    """

    kind: Literal["head", "last", "all"]
    count: int | None = None

    expected: ClassVar[str] = "`head`, `all` or `last N` with N blocks, such as `last 2`"

    @classmethod
    def parse(cls, text: str) -> TrainScope:
        """Read ``head``, ``all`` or ``last N``.

        Raises:
            ConfigError: the text is none of them.
        """
        stripped = text.strip() if isinstance(text, str) else ""
        if not re.fullmatch(_PATTERN, stripped):
            raise ConfigError(f"A stage trains {cls.expected}. Received: {text!r}")
        if stripped.startswith("last"):
            return cls("last", int(stripped[4:]))
        return cls("head") if stripped == "head" else cls("all")

    def __str__(self) -> str:
        return self.kind if self.count is None else f"{self.kind} {self.count}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return text_json_schema(_PATTERN, ["head", "last 2", "all"])
