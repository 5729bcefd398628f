"""Two or more plans on one job, the same seeds for each: test accuracy, paired differences, and the time each took.

    python benchmarks/compare_plans.py bird-species gradual full --data folder:photos --out runs/plans

Runs that are in the folder already are not made again, and one that was stopped goes on. A seed decides the split, the
head's start and the order of the examples, so the plans of one seed differ in nothing but the plan. The interval of
the difference resamples seeds and test examples together; with three seeds it says little about other seeds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from paired_accuracy import correct_by_id

from ftsuite.runs.folder import is_finished

SAMPLES = 10_000


def main() -> None:
    """Make the runs that are missing, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("plans", nargs="+", help="names; the first one is compared with each of the others")
    parser.add_argument("--data", help="train on this instead")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/plans"))
    arguments = parser.parse_args()
    found: dict[str, list[dict[str, bool]]] = {}
    for plan in arguments.plans:
        folders = [arguments.out / f"{plan}-{seed}" for seed in range(arguments.seeds)]
        for seed, folder in enumerate(folders):
            chosen = [f"finetune.plan={plan}", f"seed={seed}", *arguments.overrides]
            _run(arguments.config, chosen, arguments.data, folder)
        found[plan] = [correct_by_id(folder) for folder in folders]
        accuracies = [float(np.mean(list(answers.values()))) for answers in found[plan]]
        minutes = ", ".join(f"{_seconds(folder) / 60:.1f}" for folder in folders)
        shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
        print(f"{plan}: test accuracy {np.mean(accuracies):.3f} ({shown}), {minutes} minutes of training")
    first, *others = arguments.plans
    for other in others:
        difference, low, high = paired_over_seeds(found[first], found[other])
        count = len(found[first][0])
        print(f"{first} - {other}: {difference:+.3f} ({low:+.3f} to {high:+.3f}), n = {arguments.seeds} x {count}")


def _run(config: str, overrides: list[str], source: str | None, folder: Path) -> None:
    """Make one run, unless it is there."""
    if is_finished(folder):
        return
    command = [sys.executable, "-m", "ftsuite", "run", config, "--out", str(folder)]
    command += [part for override in overrides for part in ("--set", override)]
    command += ["--data", source] if source else []
    subprocess.run([*command, *(["--resume"] if folder.exists() else [])], check=True)


def _seconds(run: Path) -> float:
    """Seconds of the epochs and of computing kept activations; those of a stopped run's later starts among them."""
    events = [json.loads(line) for line in (run / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    return sum(float(event["seconds"]) for event in events if event["event"] in ("epoch", "cached"))


def paired_over_seeds(first: list[dict[str, bool]], second: list[dict[str, bool]]) -> tuple[float, float, float]:
    """The mean difference of two lists of runs, a seed each, with its 95 % interval by bootstrap.

    Where all seeds share their test examples, examples are drawn once for all seeds, because an example that is hard is
    hard for every seed; else anew for each seed.
    """
    for one, other in zip(first, second, strict=True):
        if one.keys() != other.keys():
            raise SystemExit("The runs of one seed were not tested on the same examples.")
    shared = all(answers.keys() == first[0].keys() for answers in first)
    differences = [
        np.array([float(one[name]) - float(other[name]) for name in sorted(one)])
        for one, other in zip(first, second, strict=True)
    ]
    random = np.random.default_rng(0)
    means = [_resampled(differences, shared, random) for _ in range(SAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(np.mean([values.mean() for values in differences])), float(low), float(high)


def _resampled(differences: list[np.ndarray], shared: bool, random: np.random.Generator) -> float:
    chosen = random.integers(len(differences), size=len(differences))
    size = len(differences[0])
    rows = random.integers(size, size=size)
    draws = []
    for seed in chosen:
        values = differences[seed]
        draws.append(values[rows if shared else random.integers(len(values), size=len(values))].mean())
    return float(np.mean(draws))


if __name__ == "__main__":
    main()
