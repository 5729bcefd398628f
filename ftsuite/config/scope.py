"""How much of a model a stage trains: ``head``, ``last 2``, ``last 25%``, ``first 1``, ``biases``, ``all``…"""

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

_COUNT = r"[1-9][0-9]{0,3}"
_PERCENT = r"[0-9]{1,3}(?:\.[0-9]{1,6})? *%"
_NAME = r"[^\s,]+"
_PATTERN = rf"head|all|biases|first +{_COUNT}|last +{_COUNT}|last +{_PERCENT}|blocks +{_NAME}( *, *{_NAME})*"


@dataclass(frozen=True, slots=True)
class TrainScope:
    """Which part of a model is trained; the rest is frozen. The head is always part of it.

    Attributes:
        kind: ``head`` (the new layers alone), ``last`` or ``first`` (so many blocks of the backbone), ``blocks``
            (those named), ``biases`` (the biases of all blocks and the offsets of their normalizations: BitFit of
            Ben Zaken et al., 2021, https://arxiv.org/abs/2106.10199) or ``all`` (everything).
        count: blocks of the backbone for ``first`` and ``last``, else None.
        percent: share of the backbone's blocks for ``last``, above 0 and at most 100, instead of a count; else None.
        names: blocks of the backbone for ``blocks``, none twice; else empty.
    """

    kind: Literal["head", "last", "first", "blocks", "biases", "all"]
    count: int | None = None
    percent: Decimal | None = None
    names: tuple[str, ...] = ()

    expected: ClassVar[str] = (
        "`head`, `last N`, `last P%`, `first N`, `blocks NAME, NAME`, `biases` or `all`, such as `last 2` or `last 25%`"
    )

    @classmethod
    def parse(cls, text: str) -> TrainScope:
        """Read ``head``, ``last N``, ``last P%``, ``first N``, ``blocks NAME, NAME``, ``biases`` or ``all``.

        Raises:
            ConfigError: the text is none of them, a share is 0 or above 100 %, or a block is named twice.
        """
        stripped = text.strip() if isinstance(text, str) else ""
        if not re.fullmatch(_PATTERN, stripped):
            raise ConfigError(f"A stage trains {cls.expected}. Received: {text!r}")
        kind, _, rest = stripped.partition(" ")
        if kind == "blocks":
            names = tuple(name.strip() for name in rest.split(","))
            if len(set(names)) < len(names):
                raise ConfigError(f"A stage names each block once. Received: {text!r}")
            return cls("blocks", names=names)
        if rest.endswith("%"):
            percent = Decimal(rest[:-1].strip())
            if not 0 < percent <= 100:
                raise ConfigError(f"A stage trains more than 0% and at most 100% of the blocks. Received: {text!r}")
            return cls("last", percent=percent)
        for simple in ("head", "biases", "all"):
            if kind == simple:
                return cls(simple)
        return cls("first" if kind == "first" else "last", int(rest))

    def count_of(self, blocks: int) -> int | None:
        """How many blocks ``first`` and ``last`` mean, of a backbone of so many; a started block is a block.

        Args:
            blocks: of the backbone, at least 1.

        Returns:
            At least 1; more than `blocks` where the config asks for more; None for the other kinds.
        """
        return self.count if self.percent is None else math.ceil(self.percent * blocks / 100)

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.kind} {format(self.percent.normalize(), 'f')}%"
        if self.names:
            return f"{self.kind} {', '.join(self.names)}"
        return self.kind if self.count is None else f"{self.kind} {self.count}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return text_json_schema(_PATTERN, ["head", "last 2", "last 25%", "first 1", "blocks block3", "biases", "all"])
