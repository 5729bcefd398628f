"""From an entry point to a checked spec, whatever importing the plugin does."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from ftsuite import __version__
from ftsuite.api import API_VERSION, Options, TaskSpec
from ftsuite.registry.guard import CtrlC, stdout_kept_clean

# What no spec may import: seconds each, for every command that looks at plugins.
HEAVY_MODULES = (
    "jax",
    "keras",
    "keras_hub",
    "tensorflow",
    "tensorflow_datasets",
    "tensorflow_text",
    "tf_keras",
    "torch",
)
_MEND = "Mend, upgrade or uninstall that distribution."
_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Loaded:
    """What an entry point led to.

    Attributes:
        spec: None where it cannot be used.
        error: why not.
        advice: what to do about the error.
        warning: what is wrong with a spec that can be used.
    """

    spec: TaskSpec | None
    error: str | None = None
    advice: str = ""
    warning: str | None = None


def load_spec(point: EntryPoint) -> Loaded:
    """Import the plugin and check its spec. Nothing that it raises gets out, but a real Ctrl-C.

    What it prints while it is imported goes to stderr: stdout is the command's own.
    """
    if point.pattern.match(point.value) is None:
        return Loaded(None, f"its entry point must be `package.module:SPEC`. Received: {point.value!r}", _MEND)
    before = set(sys.modules)
    with CtrlC() as ctrl_c:
        try:
            with stdout_kept_clean():
                spec = point.load()
                wrong = fault_of(point.name, spec)
        except BaseException as error:  # a plugin may even call sys.exit where it is imported
            if ctrl_c.pressed:
                raise KeyboardInterrupt from error
            return Loaded(None, _told(error), _MEND)
    return Loaded(spec, warning=_heavy(point, before)) if wrong is None else Loaded(None, *wrong)


def _told(error: BaseException) -> str:
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = "(its message cannot be shown)"
    message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    ends = ", which would end the program" if isinstance(error, SystemExit) else ""
    return f"{type(error).__name__}{': ' if message else ''}{message}{ends}{_place(error)}"


def _place(error: BaseException) -> str:
    """The line of the plugin at which it failed, where it got so far."""
    ours = (__file__, sys.modules["importlib.metadata"].__file__, sys.modules["importlib"].__file__)
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if name not in ours and not name.startswith("<"):
            place = f" ({'/'.join(Path(name).parts[-2:])}, line {line})"
    return place


def fault_of(name: str, spec: object) -> tuple[str, str] | None:
    """What is wrong with a spec and what to do, None where nothing is."""
    if not isinstance(spec, TaskSpec):
        return f"its entry point must give an ftsuite.api.TaskSpec. Received: {type(spec).__name__}", _MEND
    if spec.api_version != API_VERSION:
        return _other_version(spec.api_version)
    if spec.name != name:
        return f"its entry point is called {name!r} and its spec {spec.name!r}; they must be equal", _MEND
    for field in ("summary", "factory", "headline", "modality"):
        if not isinstance(getattr(spec, field), str):
            return f"its spec's {field} must be text. Received: {getattr(spec, field)!r:.80}", _MEND
    options: Any = spec.options
    if not (isinstance(options, type) and issubclass(options, Options)):
        return f"its spec's options must be a subclass of ftsuite.api.Options. Received: {options!r:.80}", _MEND
    if not all(spec.factory.partition(":")[::2]):
        return f"its spec's factory must be `package.module:Class`. Received: {spec.factory!r:.80}", _MEND
    return None


def _other_version(version: object) -> tuple[str, str]:
    error = (
        f"it was written for version {version!r} of the plugin contract; this ftsuite {__version__} has {API_VERSION}"
    )
    if isinstance(version, int) and version > API_VERSION:
        return error, "Upgrade ftsuite, or install an older version of that distribution."
    return error, "Upgrade that distribution, or install an ftsuite whose contract it was written for."


def _heavy(point: EntryPoint, before: set[str]) -> str | None:
    """A sentence on Keras and the like, where importing a spec imported them."""
    new = set(sys.modules) - before
    root = point.module.partition(".")[0]
    culprits = [name for name in sorted(new) if name.partition(".")[0] == root and _holds_heavy(sys.modules[name])]
    heavy = {name for name in new if name in HEAVY_MODULES}
    heavy.update(*(_holds_heavy(sys.modules[name]) for name in culprits))
    if not heavy:
        return None
    where = f" (in {', '.join(culprits[:3])})" if culprits else ""
    return (
        f"importing its spec imports {', '.join(sorted(heavy))}{where}, which makes every command slow; "
        "import these in the module of the factory alone"
    )


def _holds_heavy(module: ModuleType) -> set[str]:
    """The heavy modules that a module's own names come from."""
    homes = set()
    for value in list(vars(module).values()):
        # By the type alone: what stands for a module that is imported on first use must not be asked anything.
        kind = type(value)
        if issubclass(kind, ModuleType):
            home = vars(value).get("__name__", "")
        else:
            home = vars(value).get("__module__", "") if issubclass(kind, type) else getattr(kind, "__module__", "")
        homes.add(str(home).partition(".")[0])
    return homes & set(HEAVY_MODULES)
