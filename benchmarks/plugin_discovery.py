"""What installed plugins cost `ftsuite list tasks`: with twenty of them beside none, in processes of their own.

    python benchmarks/plugin_discovery.py [--plugins 20] [--runs 9]

The plugins are distributions in a folder on the path, a module and a dist-info folder each, as pip leaves them. Runs
with and without them take turns, so that what else the machine does falls on both alike. CPU seconds are those of the
processes themselves, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SPEC = """from ftsuite.api import TaskSpec
from ftsuite.data.image_options import ImageOptions

SPEC = TaskSpec(name="dummy-{number}", summary="Dummy {number}.", options=ImageOptions, factory="dummy_{number}:Task")
"""


def install(place: Path, number: int) -> None:
    """One distribution with one task."""
    (place / f"dummy_{number}.py").write_text(SPEC.format(number=number), encoding="utf-8")
    info = place / f"dummy_{number}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dummy-{number}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[ftsuite.tasks]\ndummy-{number} = dummy_{number}:SPEC\n", encoding="utf-8")


def seconds(place: Path | None, expected: int) -> tuple[float, float]:
    """Seconds and CPU seconds of the whole process, which lists what it should."""
    own = os.environ.get("PYTHONPATH", "")
    path = own if place is None else f"{place}{os.pathsep}{own}"
    before = _cpu_seconds()
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ftsuite", "list", "tasks", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    took = time.perf_counter() - begin
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(row["error"] is None and row["name"].startswith("dummy") for row in rows) == expected, done.stdout
    return took, _cpu_seconds() - before


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the medians and their difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", type=int, default=20)
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for number in range(arguments.plugins):
            install(place, number)
        seconds(place, arguments.plugins), seconds(None, 0)  # compile what is not compiled yet
        taken = [(seconds(None, 0), seconds(place, arguments.plugins)) for _ in range(arguments.runs)]
    for name, column in (("no plugin", 0), (f"{arguments.plugins} plugins", 1)):
        times, cpu = zip(*(pair[column] for pair in taken), strict=True)
        spread = f"{min(times):.3f} to {max(times):.3f} s"
        print(f"{name:>12}: median {statistics.median(times):.3f} s ({spread}), CPU {statistics.median(cpu):.3f} s")
    more = statistics.median(after[1] - before[1] for before, after in taken)
    print(f"  difference: median {more:.3f} CPU s, {1000 * more / max(arguments.plugins, 1):.1f} ms a plugin")


if __name__ == "__main__":
    main()
