"""Lengths of training in the units that people think in: ``3 epochs``, ``500 steps``, ``10%``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ftsuite.config.text_type import text_json_schema, text_schema
from ftsuite.errors import ConfigError

DurationUnit = Literal["epochs", "steps", "percent"]

_PATTERN = r"[0-9]{1,9} *(epochs?|steps?)|[0-9]{1,3}(\.[0-9]{1,6})? *%"
_PARTS = re.compile(r"(?P<amount>[0-9.]+) *(?P<unit>epochs?|steps?|%)")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of training.

    Attributes:
        amount: whole for epochs and steps; 0 to 100 for percent.
        unit: ``epochs`` (passes over the training split), ``steps`` (batches) or ``percent`` (of a total).
    """

    amount: Decimal
    unit: DurationUnit

    expected: ClassVar[str] = "a duration such as `3 epochs`, `500 steps` or `10%`"

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ``3 epochs``, ``1 epoch``, ``500 steps`` or ``10%``.

        Raises:
            ConfigError: the text is no duration.
        """
        stripped = text.strip() if isinstance(text, str) else ""
        parts = _PARTS.fullmatch(stripped)
        if not re.fullmatch(_PATTERN, stripped) or parts is None:
            raise ConfigError(f"A duration must be written as {cls.expected[2:]}. Received: {text!r}")
        amount = Decimal(parts["amount"])
        if parts["unit"] == "%":
            if amount > 100:
                raise ConfigError(f"A duration must be at most 100%. Received: {text!r}")
            return cls(amount, "percent")
        return cls(amount, "epochs" if parts["unit"].startswith("epoch") else "steps")

    def to_steps(self, steps_per_epoch: int, total_steps: int | None = None) -> int:
        """The number of batches; a share of a total is rounded up.

        Args:
            steps_per_epoch: batches in one pass over the training split.
            total_steps: what a percentage is a share of.

        Raises:
            ConfigError: a percentage where nothing is known that it could be a share of.
        """
        if self.unit == "steps":
            return int(self.amount)
        if self.unit == "epochs":
            return int(self.amount) * steps_per_epoch
        if total_steps is None:
            raise ConfigError(
                f"This duration must be in epochs or steps. Received: {self}",
                "Write for instance `5 epochs`: there is no total here that a percentage could refer to.",
            )
        return math.ceil(self.amount * total_steps / 100)

    def __str__(self) -> str:
        amount = format(self.amount.normalize(), "f")
        if self.unit == "percent":
            return f"{amount}%"
        return f"{amount} {self.unit[:-1] if self.amount == 1 else self.unit}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return text_json_schema(_PATTERN, ["5 epochs", "500 steps", "10%"])
