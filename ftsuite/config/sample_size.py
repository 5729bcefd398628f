"""How much of the data a quick look takes: ``500`` examples, or ``10%`` of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ftsuite.config.text_type import text_schema
from ftsuite.errors import ConfigError

_PERCENT = re.compile(r"([0-9]{1,3}(\.[0-9]{1,4})?) *%")


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many examples a sample holds.

    Attributes:
        amount: examples, or percent of all of them.
        is_share: whether it is percent.
    """

    amount: int | float
    is_share: bool = False

    expected: ClassVar[str] = "a whole number of examples of at least 1, or a share such as `10%` above 0% up to 100%"

    @classmethod
    def parse(cls, value: Any) -> SampleSize:
        """Read ``500`` or ``10%``.

        Raises:
            ConfigError: the value is neither, or out of bounds.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return cls(value)
        share = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
        if share is not None and 0 < float(share[1]) <= 100:
            return cls(float(share[1]), is_share=True)
        raise ConfigError(f"The size of a sample must be {cls.expected}. Received: {value!r}")

    def count(self, total: int) -> int:
        """How many of so many examples, at least one."""
        return max(round(total * self.amount / 100), 1) if self.is_share else min(int(self.amount), total)

    def plain(self) -> int | str:
        """As a config writes it."""
        return f"{self.amount:g}%" if self.is_share else int(self.amount)

    def __str__(self) -> str:
        return str(self.plain())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, cls.plain)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^({_PERCENT.pattern})$"}],
            "examples": [500, "10%"],
        }
