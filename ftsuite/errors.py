"""Every error that a user can cause, each class with the exit code of the command that meets it.

Code anywhere in ftsuite raises one of these for what a user can mend; anything else that reaches the
command line's error boundary is a defect of ftsuite's own and exits with 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FtsuiteError(Exception):
    """Base of the errors that a user can mend.

    Args:
        message: what is wrong, in one or more full sentences, ending with what was received.
        advice: what to do about it, as an instruction; empty where the message says it already.
    """

    exit_code: int = 1
    kind: str = "error"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n{self.advice}" if self.advice else self.message


class ConfigError(FtsuiteError):
    """A config, an option or a name on the command line is wrong."""

    exit_code = 2
    kind = "config"


class DataError(FtsuiteError):
    """The data cannot be used: unreadable files, empty classes, labels that do not fit."""

    exit_code = 3
    kind = "data"


class PluginError(FtsuiteError):
    """A task plugin is missing, broken or breaks its contract."""

    exit_code = 4
    kind = "plugin"


class ArtifactError(FtsuiteError):
    """A checkpoint, a saved model, a run folder or an asset is missing, torn or not what it claims."""

    exit_code = 5
    kind = "artifact"


class ResourceError(FtsuiteError):
    """Memory, disk, a permission or the network is lacking."""

    exit_code = 6
    kind = "resource"


class DivergedError(FtsuiteError):
    """Training produced a loss that is not finite, or far above that of a guess.

    Args:
        message: as of every error.
        advice: as of every error.
        details: where it happened, for the journal: stage, epoch, step, loss, examples.
    """

    exit_code = 7
    kind = "diverged"

    def __init__(self, message: str, advice: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, advice)
        self.details = dict(details or {})


class GateError(FtsuiteError):
    """A result is below the gate that was asked for."""

    exit_code = 8
    kind = "gate"


class Interrupted(FtsuiteError):
    """The user stopped the command; a run can be resumed."""

    exit_code = 130
    kind = "interrupted"
