"""One wrong thing in a config, and the error that tells all of them at once."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ftsuite.config.origins import Origin
from ftsuite.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong thing.

    Attributes:
        origin: where it is.
        statement: what was expected; ends with ``Received: …``.
        advice: what to do about it; may be empty.
    """

    origin: Origin
    statement: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.origin.place}: {self.statement}"


class WrongConfigError(ConfigError):
    """Everything that is wrong with one config.

    Attributes:
        problems: sorted by file and line, overrides last, none twice.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(
            sorted(dict.fromkeys(problems), key=lambda problem: problem.origin.sort_key)
        )
        if len(self.problems) == 1:
            super().__init__(str(self.problems[0]), self.problems[0].advice)
            return
        lines = [f"The config has {len(self.problems)} errors:"]
        for problem in self.problems:
            lines.append(str(problem))
            if problem.advice:
                lines.append(textwrap.indent(problem.advice, "    "))
        super().__init__("\n".join(lines))
