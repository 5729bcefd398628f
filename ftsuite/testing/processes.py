"""Fresh Python processes for what this one cannot show: what is imported, what is on disk, what JAX does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

MOST_SECONDS = 600.0
# A plugin's code must not be needed to load what it trained, so its modules cannot be found.
PREDICT_WITHOUT = """
import json, sys
folder, blocked, inputs = sys.argv[1], set(json.loads(sys.argv[2])), json.loads(sys.argv[3])


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}: the plugin is kept away here", name=name)


sys.meta_path.insert(0, Absent())
from ftsuite.runs.load import load_run

run = load_run(folder)
print("\\n" + json.dumps(run.predict(inputs).tolist()))
"""
# Says which heavy module a spec imports first, and from which lines; it ends there, because importing it takes long.
IMPORTS_OF_SPEC = """
import importlib, json, os, sys, traceback

heavy = set(sys.argv[2:])


class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in heavy:
            frames = [f for f in traceback.extract_stack()[:-1] if "importlib" not in f.filename]
            places = [f"{f.filename}:{f.lineno}" for f in frames if f.filename != "<string>"]
            print("\\n" + json.dumps({name: places}), flush=True)
            os._exit(0)


sys.meta_path.insert(0, Watch())
module, _, attribute = sys.argv[1].partition(":")
getattr(importlib.import_module(module), attribute)
print("\\n{}")
"""


class Ended(NamedTuple):
    """A process that ended: its exit status, and what it printed on stdout and stderr."""

    status: int
    output: str
    errors: str

    @property
    def last_line(self) -> str:
        """The last line of its output."""
        lines = self.output.strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def error(self) -> str:
        """What went wrong: the message of a command that failed, else the last line on stderr."""
        lines = [line.strip() for line in self.errors.strip().splitlines() if line.strip()]
        starts = [number for number, line in enumerate(lines) if line.startswith("error: ")]
        return " ".join(lines[starts[-1] :]).removeprefix("error: ") if starts else (lines[-1] if lines else "nothing")


def run_process(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ended:
    """Run Python to its end.

    Args:
        arguments: of Python.
        environment: of the process.
        folder: that it runs in.
    """
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=dict(environment), cwd=folder,
            timeout=MOST_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Ended(-1, "", f"It did not end within {MOST_SECONDS:.0f} seconds.")
    return Ended(done.returncode, done.stdout, done.stderr)
