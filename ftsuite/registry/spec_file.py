"""A task in a single Python file, for trials before there is a package."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from ftsuite.api import API_VERSION, TaskSpec
from ftsuite.config.task_file import ENDING, TaskFile
from ftsuite.errors import ConfigError, PluginError
from ftsuite.quiet import redirect_native_stderr
from ftsuite.registry.guard import CtrlC, stdout_kept_clean
from ftsuite.registry.loading import fault_of
from ftsuite.registry.offers import SAFE_MODE, is_safe_mode


def load_spec_file(named: TaskFile) -> TaskSpec:
    """Run a Python file and give back the spec in it.

    The file may import Keras: it is not among the tasks that are listed, so nobody else waits for that.

    Args:
        named: its path, absolute or from the current directory, and the spec's name in it.

    Raises:
        ConfigError: there is no such file, or no spec of this name in it.
        PluginError: the file fails, its spec is none, or safe mode is on.
    """
    if is_safe_mode():
        raise PluginError(
            f"In safe mode ({SAFE_MODE}=none) only the tasks of ftsuite itself run. Received: the file {named.path}.",
            f"Unset {SAFE_MODE} to run it.",
        )
    path = Path(named.path)
    if path.suffix != ENDING or not path.is_file():
        raise ConfigError(
            f"A task is the name of an installed one, or a Python file that exists, as ./my_task.py:SPEC. "
            f"Received: {str(named)!r}.",
            "A relative path is taken from the folder of the config that names it.",
        )
    module = _module(path)
    spec = getattr(module, named.attribute, None)
    if spec is None:
        others = [f"{path.name}:{name}" for name, value in vars(module).items() if isinstance(value, TaskSpec)]
        raise ConfigError(
            f"The task's file must hold a TaskSpec called {named.attribute!r}. Received: {path}, which holds none.",
            f"It holds {' and '.join(others)}." if others else f"Write {named.attribute} = TaskSpec(…) into it.",
        )
    return _checked(spec, named, module)


def _checked(spec: object, named: TaskFile, module: ModuleType) -> TaskSpec:
    if not isinstance(spec, TaskSpec):
        raise PluginError(
            f"{named.attribute} of {named.path} must be an ftsuite.api.TaskSpec. Received: {type(spec).__name__}."
        )
    if spec.api_version != API_VERSION:
        raise PluginError(
            f"{named.path} was written for version {spec.api_version} of the plugin contract; this is {API_VERSION}.",
            "Change api_version in its TaskSpec, and what the newer version of the contract asks for.",
        )
    fault = fault_of(spec.name, spec)
    if fault is not None:
        raise PluginError(f"The task in {named.path} is broken: {fault[0]}", "Mend the file.")
    home, _, attribute = spec.factory.partition(":")
    # A file has no name that could be imported: where the factory names it by its own, this file is meant.
    return replace(spec, factory=f"{module.__name__}:{attribute}") if home == Path(named.path).stem else spec


def _module(path: Path) -> ModuleType:
    """The module of a file: the same one for as long as the file is the same."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PluginError(
            f"The task's file {path} cannot be read. Received: {error.strerror or error}.", "Check its permissions."
        ) from error
    digest = hashlib.sha256(os.fsencode(path.resolve()) + b"\0" + content).hexdigest()[:16]
    name = f"ftsuite_task_file_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    place = importlib.util.spec_from_file_location(name, path)
    assert place is not None, "it ends with .py"
    module = importlib.util.module_from_spec(place)
    # Known before it runs, so that the factory can name it, and dataclasses and pydantic find their types.
    sys.modules[name] = module
    try:
        _run(content, path, module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _run(content: bytes, path: Path, module: ModuleType) -> None:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with CtrlC() as ctrl_c:
        try:
            # What Keras says of itself is dropped, and stdout is the command's own.
            with redirect_native_stderr(None), stdout_kept_clean():
                # Not imported: that would leave bytecode beside the file.
                exec(compile(content, str(path), "exec", dont_inherit=True), vars(module))
        except BaseException as error:  # even a file that calls sys.exit
            if ctrl_c.pressed:
                raise KeyboardInterrupt from error
            raise PluginError(
                f"The task's file {path} cannot be run. Received: {type(error).__name__}: {error}{_line(error, path)}",
                "It is run alone: what it imports must be installed. `ftsuite task new` makes a package of several."
                if isinstance(error, ImportError)
                else "Mend the file.",
            ) from error


def _line(error: BaseException, path: Path) -> str:
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    return f" (line {lines[-1]})" if lines else ""
