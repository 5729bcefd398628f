"""The difference in test accuracy of two runs on the same test examples, with its paired 95 % interval.

python benchmarks/paired_accuracy.py RUN OTHER_RUN
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow.parquet

from ftsuite.evaluation import format_figure, paired_difference


def correct_by_id(run: Path) -> dict[str, bool]:
    """Whether each test example was classified rightly, by its id."""
    rows = pyarrow.parquet.read_table(run / "predictions.parquet", columns=["id", "split", "label", "prediction"])
    return {row["id"]: row["label"] == row["prediction"] for row in rows.to_pylist() if row["split"] == "test"}


def main() -> None:
    """Print both accuracies' difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("other", type=Path)
    arguments = parser.parse_args()
    first, second = correct_by_id(arguments.run), correct_by_id(arguments.other)
    if first.keys() != second.keys():
        raise SystemExit("The two runs were not tested on the same examples.")
    ids = sorted(first)
    difference = paired_difference(np.array([first[i] for i in ids]), np.array([second[i] for i in ids]))
    print(f"{arguments.run} is right on {np.mean([first[i] for i in ids]):.3f} of the test examples,")
    print(f"{arguments.other} on {np.mean([second[i] for i in ids]):.3f}; difference {format_figure(difference)}.")


if __name__ == "__main__":
    main()
