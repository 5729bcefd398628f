"""Where a value of a config came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OriginKind = Literal["default", "extended", "plan", "file", "set"]

# A plan has no rank of its own: it lies right below the layer that names it, whichever that is.
_STRENGTH: dict[OriginKind, int] = {"default": 0, "plan": 0, "extended": 1, "file": 2, "set": 3}
# Origins with lines.
IN_FILES: frozenset[OriginKind] = frozenset({"extended", "plan", "file"})


@dataclass(frozen=True, slots=True)
class Origin:
    """The place that a value was read from.

    Attributes:
        kind: ``default`` (the schema), ``extended`` (the config that the file extends), ``file`` (the config
            itself) or ``set`` (an override of the command line), of which later ones win over earlier ones; or
            ``plan`` (the file of `finetune.plan`), which lies right below the layer that names it.
        source: the file as the user named it, or the text ``key=value`` of an override; empty for a default.
        line: counted from 1; 0 where there are no lines.
        column: counted from 1; 0 where there are no lines.
    """

    kind: OriginKind
    source: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        if self.kind == "set":
            return f"--set {self.source}"
        return f"{self.source}:{self.line}"

    @property
    def place(self) -> str:
        """The origin as an error begins with it: ``file:line:column`` or ``--set key=value``."""
        return f"{self}:{self.column}" if self.kind in IN_FILES else str(self)

    @property
    def strength(self) -> int:
        """Rank among the layers: a value of higher strength replaces one of lower strength."""
        return _STRENGTH[self.kind]

    @property
    def sort_key(self) -> tuple[bool, str, int, int]:
        """Order of errors: by file and line, overrides last."""
        in_file = self.kind in IN_FILES
        return (not in_file, self.source if in_file else "", self.line, self.column)


DEFAULT = Origin("default")
