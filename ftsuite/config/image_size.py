"""The size of a stage's pictures: ``160`` pixels, or ``75%`` of the size that the model is shipped at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ftsuite.config.text_type import text_schema
from ftsuite.errors import ConfigError

SMALLEST_PIXELS, LARGEST_PIXELS = 32, 2048
_LARGEST_PERCENT = 400
# What convolutional backbones reduce a picture by: of a multiple of it no row is padded.
_MULTIPLE = 32
_PERCENT = re.compile(r"([1-9][0-9]{0,2}) *%")


@dataclass(frozen=True, slots=True)
class ImageSize:
    """Height and width of a stage's pictures.

    Attributes:
        amount: pixels, or percent of the shipped size.
        is_share: whether it is percent.
    """

    amount: int
    is_share: bool = False

    expected: ClassVar[str] = (
        f"a whole number of pixels from {SMALLEST_PIXELS} to {LARGEST_PIXELS}, or a share of the shipped size from 1% "
        f"to {_LARGEST_PERCENT}%, such as `160` or `75%`"
    )

    @classmethod
    def parse(cls, value: int | str) -> ImageSize:
        """Read ``160`` or ``75%``.

        Raises:
            ConfigError: the value is no size, or out of bounds.
        """
        if isinstance(value, int) and not isinstance(value, bool) and SMALLEST_PIXELS <= value <= LARGEST_PIXELS:
            return cls(value)
        share = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
        if share is not None and int(share[1]) <= _LARGEST_PERCENT:
            return cls(int(share[1]), is_share=True)
        raise ConfigError(f"The size of a stage's pictures must be {cls.expected}. Received: {value!r}")

    def pixels(self, shipped: int) -> int:
        """Height and width in pixels.

        Args:
            shipped: the size that the model is judged and saved at.

        Returns:
            A share is rounded to the nearest multiple of 32 and lies within the bounds of sizes; 100% is the shipped
            size itself.
        """
        if not self.is_share:
            return self.amount
        if self.amount == 100:
            return shipped
        nearest = int(self.amount * shipped / 100 / _MULTIPLE + 0.5) * _MULTIPLE
        return min(max(nearest, SMALLEST_PIXELS), LARGEST_PIXELS)

    def plain(self) -> int | str:
        """As a config writes it."""
        return f"{self.amount}%" if self.is_share else self.amount

    def __str__(self) -> str:
        return str(self.plain())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, cls.plain)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"type": "integer", "minimum": SMALLEST_PIXELS, "maximum": LARGEST_PIXELS},
                {"type": "string", "pattern": f"^({_PERCENT.pattern})$"},
            ],
            "examples": [160, "75%"],
        }
