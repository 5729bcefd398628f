"""How fast the field guide draws: pictures a second on one thread and on more.

python benchmarks/field_guide_rendering.py [--size 160] [--pictures 480] [--threads 2]

The product is pictures a second of wall time; on a machine that does other work as well, the figure by the
processor time of the drawing itself says more.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ftsuite.data.field_guide import examples, render


def measure(draw: Callable[[str], object], ids: Sequence[str], threads: int) -> dict[str, float]:
    """Pictures a second of wall time, and a second of this process's own processor time."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(draw, ids[:48]))
        wall, processor = time.perf_counter(), time.process_time()
        list(pool.map(draw, ids))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {"per_second": round(len(ids) / wall, 1), "per_processor_second": round(len(ids) / processor, 1)}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--pictures", type=int, default=480)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    size, threads = arguments.size, arguments.threads
    ids = examples(0, {"train": -(-arguments.pictures // 24)}).ids[: arguments.pictures]
    results: dict[str, object] = {"size": size, "pictures": len(ids), "threads": threads}
    results["one_thread"] = measure(lambda one: render(one, 0, size), ids, 1)
    results["threads_together"] = measure(lambda one: render(one, 0, size), ids, threads)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
