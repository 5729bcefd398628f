"""Keeps what libraries say about themselves out of the terminal, and in a log where it can be read later.

TensorFlow, CUDA and absl write their start-up notes from C++ straight to file descriptor 2, where no Python
setting reaches them. Inside `redirect_native_stderr` descriptor 2 is the log; Python's own `sys.stderr` is
given a duplicate of the real terminal, so that progress bars and errors still show. Text that is written in
the moment of a crash (a segmentation fault, an abort) is in the log too, because it went there directly.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

_STDERR_DESCRIPTOR = 2
_LIBRARY_LOGGERS = ("absl", "tensorflow", "jax", "keras", "tensorflow_datasets")


@contextmanager
def redirect_native_stderr(log_file: Path | None) -> Iterator[None]:
    """Send native stderr, logging and warnings to `log_file` until the context ends; then put all back.

    Enter it before TensorFlow or Keras is imported. The setting is one of the process, so all threads share
    it. The file is appended to, and every writer appends, so lines of several writers do not overwrite each
    other. `TF_CPP_MIN_LOG_LEVEL` is left as the user has it: what it lets through is in the log.

    Args:
        log_file: where the text goes; its folder must exist. None discards the text, for commands that keep
            no folder.

    Raises:
        OSError: the log cannot be opened for writing.
    """
    target = os.devnull if log_file is None else os.fspath(log_file)
    with ExitStack() as stack:
        log = stack.enter_context(open(target, "a", buffering=1, encoding="utf-8", errors="backslashreplace"))
        stack.enter_context(_descriptor_to(log))
        stack.enter_context(_logging_to(log))
        stack.enter_context(_hooks_to(log))
        yield


@contextmanager
def _descriptor_to(log: TextIO) -> Iterator[None]:
    """Point descriptor 2 at the log, and `sys.stderr` (if it wrote to 2) at a duplicate of the terminal."""
    original = sys.stderr
    original.flush()
    terminal_descriptor = os.dup(_STDERR_DESCRIPTOR)
    swap = _writes_to_descriptor_2(original)
    if swap:
        # Left open for good (closefd=False): a log handler or a bar that was made meanwhile may hold it.
        sys.stderr = os.fdopen(
            terminal_descriptor,
            "w",
            buffering=1,
            encoding=original.encoding,
            errors="backslashreplace",
            closefd=False,
        )
    duplicate = sys.stderr
    os.dup2(log.fileno(), _STDERR_DESCRIPTOR)
    try:
        yield
    finally:
        duplicate.flush()
        os.dup2(terminal_descriptor, _STDERR_DESCRIPTOR)
        if not swap:
            os.close(terminal_descriptor)
        elif sys.stderr is duplicate:
            sys.stderr = original


def _writes_to_descriptor_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == _STDERR_DESCRIPTOR
    except (OSError, ValueError, AttributeError):
        return False  # a buffer in memory, as tests and notebooks use


@contextmanager
def _logging_to(log: TextIO) -> Iterator[None]:
    """Make the log the only place of log records and warnings.

    TensorFlow and absl add a handler of their own only where the root logger has none when they are imported:
    a handler on the root is enough for what is imported later. Handlers of what was imported before are taken
    off for the time being.
    """
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger()]
    known = logging.Logger.manager.loggerDict
    loggers += [logging.getLogger(name) for name in _LIBRARY_LOGGERS if name in known]
    saved = [(logger, logger.handlers[:]) for logger in loggers]
    for logger, _ in saved:
        logger.handlers[:] = []
    loggers[0].addHandler(handler)
    show_before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        (log if file is None else file).write(text)

    warnings.showwarning = show
    try:
        yield
    finally:
        if warnings.showwarning is show:
            warnings.showwarning = show_before
        for logger, handlers in saved:
            logger.handlers[:] = handlers
        # Loggers that were made meanwhile reach the root's handlers of before, as they would have anyway.


@contextmanager
def _hooks_to(log: TextIO) -> Iterator[None]:
    """Write tracebacks of threads, of destructors and of crashes to the log instead of the terminal."""
    thread_hook, unraisable_hook = threading.excepthook, sys.unraisablehook

    def log_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit and args.exc_value is not None:
            log.write("".join(traceback.format_exception(args.exc_value)))

    def log_unraisable(args: Any) -> None:
        log.write(f"{args.err_msg or 'Exception ignored in'}: {args.object!r}\n")
        if args.exc_value is not None:
            log.write("".join(traceback.format_exception(args.exc_value)))

    threading.excepthook, sys.unraisablehook = log_thread, log_unraisable
    watch_crashes = not faulthandler.is_enabled()
    if watch_crashes:
        faulthandler.enable(log)
    try:
        yield
    finally:
        if watch_crashes:
            faulthandler.disable()
        threading.excepthook, sys.unraisablehook = thread_hook, unraisable_hook
