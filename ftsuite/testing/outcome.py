"""What checks of a task end with: how each went, and what its author should do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ftsuite.errors import PluginError

Status = Literal["ok", "failed", "skipped"]


class CheckSkipped(Exception):  # noqa: N818 - it is no error
    """A check that cannot be made here; its text says why."""


@dataclass(frozen=True)
class CheckResult:
    """How one check went.

    Attributes:
        name: of the check.
        status: ``ok``, ``failed`` or ``skipped``.
        seconds: that it took; what several checks share counts for the first of them.
        message: of a failure what was expected and what was received; why it was skipped; else empty or a remark.
        advice: of a failure what to do about it.
        place: of a failure inside the plugin its file and line; else empty.
    """

    name: str
    status: Status
    seconds: float
    message: str = ""
    advice: str = ""
    place: str = ""

    def __str__(self) -> str:
        told = [f"{self.name}: {self.status} ({self.seconds:.1f} s)"]
        told += [f"  {line}" for line in self.message.splitlines()]
        told += [f"  at {self.place}"] if self.place else []
        told += [f"  {line}" for line in self.advice.splitlines()]
        return "\n".join(told)


@dataclass(frozen=True)
class TaskReport:
    """How all checks of a task went.

    Attributes:
        task: its name.
        results: in the order in which they were made.
    """

    task: str
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(result for result in self.results if result.status == "failed")

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return not self.failed

    def raise_failed(self) -> None:
        """Raise PluginError where a check failed, telling every one that did."""
        if self.failed:
            named = ", ".join(result.name for result in self.failed)
            told = "\n".join(str(result) for result in self.failed)
            raise PluginError(
                f"The task {self.task!r} must keep the contract of plugins. Received: {len(self.failed)} of "
                f"{len(self.results)} checks failed ({named}).\n{told}",
                "docs/check-task.md tells what each check means and how to mend what it finds.",
            )

    def __str__(self) -> str:
        return "\n".join(map(str, self.results))
