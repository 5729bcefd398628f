"""Where in a plugin's own files an error arose."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

# A line of a traceback, as Python and AutoGraph write it.
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>[\w<>]+))?')


def files_of(packages: Iterable[str]) -> frozenset[str]:
    """The files of the modules that are imported of some packages, by the packages' names."""
    wanted = set(packages)
    found = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
    return frozenset(file for name, file in found if file and name.partition(".")[0] in wanted)


def place_of(error: BaseException, packages: Iterable[str]) -> str:
    """``file:line, in function``, the innermost of the plugin's own on the way to an error; empty where there is none.

    Args:
        error: with its traceback; what it arose from is looked through first.
        packages: names of the plugin's top-level packages and modules.
    """
    files = files_of(packages)
    for link in reversed(list(_chain(error))):
        frames = [frame for frame in traceback.extract_tb(link.__traceback__) if frame.filename in files]
        if frames:
            return f"{frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name}"
        # Code that TensorFlow traced is in no frame, but in the text of the error.
        if told := place_in(str(link), files):
            return told
    return ""


def place_in(text: str, files: Iterable[str]) -> str:
    """The same from the text of a traceback.

    Args:
        text: with lines such as ``File "x.py", line 3, in load``.
        files: of the plugin, or folders that hold them.
    """
    roots = tuple(map(Path, files))
    own = [match for match in _FRAME.finditer(text) if any(Path(match["file"]).is_relative_to(root) for root in roots)]
    if not own:
        return ""
    return f"{own[-1]['file']}:{own[-1]['line']}" + (f", in {own[-1]['function']}" if own[-1]["function"] else "")


def told(error: BaseException) -> str:
    """An error in a line: its class, and the first line of what it says that is no part of a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith(("File ", "in user code", "Traceback", "*", "~"))]
    # AutoGraph writes the frames first and the error itself behind them.
    said = (plain[-1] if "in user code" in str(error) else plain[0]) if plain else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
