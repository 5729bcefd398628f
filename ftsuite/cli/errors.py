"""The one error boundary: every way in which a command can end, turned into a message and an exit code.

Nothing below the command line prints an error or calls `sys.exit`. A command raises; `guarded` decides what
the user sees. A traceback never reaches the terminal: a defect's traceback goes to the run folder where one
is known, else to a temporary file that the message names.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from ftsuite.errors import FtsuiteError, Interrupted, ResourceError

USAGE_EXIT_CODE = 2
DEFECT_EXIT_CODE = 1
BROKEN_PIPE_EXIT_CODE = 128 + 13  # what a shell reports for a program that SIGPIPE ended

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)


@dataclass
class Failure:
    """What is said about a command that failed."""

    kind: str
    message: str
    advice: str
    exit_code: int


@dataclass
class Boundary:
    """What the boundary knows of the command in progress; it is the object of the click context."""

    as_json: bool = False
    run_folder: Path | None = None


def remember_run_folder(folder: Path) -> None:
    """Tell the boundary where a traceback belongs, once a command knows its run folder."""
    context = click.get_current_context(silent=True)
    boundary = context.find_object(Boundary) if context else None
    if boundary is not None:
        boundary.run_folder = folder


def guarded(command: Callable[[Boundary], object], arguments: Sequence[str]) -> int:
    """Call `command` and return the exit code, having said on the terminal what went wrong, if anything.

    With `--json` among `arguments` the failure is the last line of stdout, one JSON object
    `{"event": "error", "kind", "message", "advice", "exit_code"}`; otherwise it goes to stderr as text.
    """
    boundary = Boundary(as_json=_wants_json(arguments))
    try:
        result = command(boundary)
        sys.stdout.flush()  # not when the interpreter closes: a closed pipe must not be reported then
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        return _leave_broken_pipe()
    except click.exceptions.NoArgsIsHelpError as usage:
        click.echo(usage.format_message(), err=True)
        return usage.exit_code
    except (Exception, KeyboardInterrupt) as error:
        failure = _failure_of(error, boundary)
        try:
            _say(failure, boundary.as_json)
        except BrokenPipeError:
            _leave_broken_pipe()
        return failure.exit_code
    return result if isinstance(result, int) else 0


def _wants_json(arguments: Sequence[str]) -> bool:
    options = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return "--json" in options


def _failure_of(error: BaseException, boundary: Boundary) -> Failure:
    if isinstance(error, KeyboardInterrupt | EOFError | click.Abort):
        error = Interrupted("Interrupted.")
    if isinstance(error, click.ClickException):
        return _usage_failure(error)
    known = error if isinstance(error, FtsuiteError) else _resource_error(error)
    if known is not None:
        return Failure(known.kind, known.message, known.advice, known.exit_code)
    return _defect(error, boundary)


def _usage_failure(error: click.ClickException) -> Failure:
    context = getattr(error, "ctx", None)
    advice = f"Try '{context.command_path} --help'." if context is not None else ""
    return Failure("usage", error.format_message(), advice, USAGE_EXIT_CODE)


def _resource_error(error: BaseException) -> ResourceError | None:
    """Return the resource that `error` says is lacking, or None if it says no such thing."""
    from ftsuite.runs.out_of_memory import is_out_of_memory

    if is_out_of_memory(error):
        return ResourceError(
            f"Memory ran out. Received: {_first_line(error)}",
            "Lower `data.batch_size`, or the size of pictures or the length of texts, or close other programs.",
        )
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        place = f" to write {error.filename}" if error.filename else ""
        return ResourceError(
            f"No space is left on the disk{place}.", "Free some space; a run then goes on with --resume."
        )
    if isinstance(error, OSError) and error.errno in _NOT_ALLOWED:
        place = error.filename or "a file"
        return ResourceError(
            f"Not permitted to use {place}. Received: {error.strerror}.",
            "Change its permissions, or choose another place.",
        )
    return None


def _defect(error: BaseException, boundary: Boundary) -> Failure:
    place = _keep_traceback(error, boundary.run_folder)
    return Failure(
        "defect",
        f"ftsuite met a defect of its own. Received: {type(error).__name__}: {_first_line(error)}",
        f"The traceback is in {place}; please report it with the output of `ftsuite doctor`.",
        DEFECT_EXIT_CODE,
    )


def _keep_traceback(error: BaseException, folder: Path | None) -> Path:
    text = "".join(traceback.format_exception(error))
    if folder is not None and folder.is_dir():
        try:
            place = folder / "traceback.txt"
            place.write_text(text, encoding="utf-8")
            return place
        except OSError:
            pass  # the folder may be what failed: a temporary file is then still a place that can be named
    with tempfile.NamedTemporaryFile(
        "w", prefix="ftsuite-traceback-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return Path(file.name)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _say(failure: Failure, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"event": "error", **asdict(failure)}, ensure_ascii=False))
        return
    colour = False if os.environ.get("NO_COLOR") else None  # None: click strips it where it is no terminal
    if failure.kind == Interrupted.kind:
        click.echo(err=True)  # closes the line on which the terminal shows ^C
        click.secho(failure.message, err=True, bold=True, color=colour)
    else:
        click.echo(click.style("error: ", fg="red", bold=True) + failure.message, err=True, color=colour)
    if failure.advice:
        click.echo(failure.advice, err=True)


def _leave_broken_pipe() -> int:
    # The interpreter flushes stdout once more when it closes: give it somewhere to write to.
    # Where stdout is not a file (a test's buffer) there is nothing to do.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE_EXIT_CODE
