"""Distributions with task plugins, written as pip would leave them: a module and a dist-info folder each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SPEC = """from ftsuite.api import Options, TaskSpec

SPEC = TaskSpec(name={name!r}, summary="A task of {module}.", options=Options, factory="{module}_task:Task")
"""


def install(
    place: Path,
    distribution: str,
    source: str | None = None,
    *,
    task: str = "",
    points: Mapping[str, str] | str | None = None,
    version: str = "1.0",
) -> str:
    """Install a distribution with one module into a folder that lies on a path, and give its module's name.

    Args:
        place: the folder, as a site-packages.
        distribution: its name; that of the module has underscores.
        source: of the module; None for a spec that is right.
        task: the task's name; by default the distribution's.
        points: entry points of the group by name, or the whole file; None for one to the module's SPEC.
        version: of the distribution.
    """
    module = distribution.replace("-", "_")
    task = task or distribution
    place.mkdir(parents=True, exist_ok=True)
    text = SPEC.format(name=task, module=module) if source is None else source
    (place / f"{module}.py").write_text(text, encoding="utf-8")
    info = place / f"{module}-{version}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    if not isinstance(points, str):
        lines = [f"{name} = {value}" for name, value in (points or {task: f"{module}:SPEC"}).items()]
        points = "\n".join(["[ftsuite.tasks]", *lines, ""])
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    return module
