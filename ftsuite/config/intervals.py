"""How often something is done while training: ``5 minutes``, ``30 seconds``, ``500 steps``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ftsuite.config.text_type import text_json_schema, text_schema
from ftsuite.errors import ConfigError

_PATTERN = r"[1-9][0-9]{0,8} *(minutes?|seconds?|steps?)"
_PARTS = re.compile(r"(?P<amount>[0-9]+) *(?P<unit>minute|second|step)s?")


@dataclass(frozen=True, slots=True)
class Interval:
    """A time or a number of training steps.

    Attributes:
        amount: at least 1.
        unit: ``minutes``, ``seconds`` or ``steps`` (batches).
    """

    amount: int
    unit: Literal["minutes", "seconds", "steps"]

    expected: ClassVar[str] = "an interval such as `5 minutes`, `30 seconds` or `500 steps`"

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read ``5 minutes``, ``1 minute``, ``30 seconds`` or ``500 steps``.

        Raises:
            ConfigError: the text is no interval.
        """
        stripped = text.strip() if isinstance(text, str) else ""
        parts = _PARTS.fullmatch(stripped)
        if not re.fullmatch(_PATTERN, stripped) or parts is None:
            raise ConfigError(f"An interval must be written as {cls.expected[3:]}. Received: {text!r}")
        units: dict[str, Any] = {"minute": "minutes", "second": "seconds", "step": "steps"}
        return cls(int(parts["amount"]), units[parts["unit"]])

    def is_over(self, seconds: float, steps: int) -> bool:
        """Whether so much time, or so many steps, are as long as this interval."""
        if self.unit == "steps":
            return steps >= self.amount
        return seconds >= self.amount * (60 if self.unit == "minutes" else 1)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit[:-1] if self.amount == 1 else self.unit}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return text_json_schema(_PATTERN, ["5 minutes", "500 steps"])
