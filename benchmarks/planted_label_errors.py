"""How many label errors the audit finds: wrong labels are planted at random, and looked for.

    python benchmarks/planted_label_errors.py CONFIG [--data SOURCE] [--share 0.05] [--seeds 3] [--plain]
    python benchmarks/planted_label_errors.py CONFIG --folds 5 --work FOLDER [--trainings 2] [--set KEY=VALUE …]

Computes the features of all examples of a config (kept for the next time), exchanges the labels of a share of them for
another class each, and ranks all by `ftsuite.data.audit.label_quality`. For each seed and on average it prints the
share of the planted ones in the first twentieth and tenth of the list, how many are flagged, which part of those was
planted (labels that were wrong before count as false alarms), and the estimated share of wrong labels. ``--plain``
looks at features alone, without the words of texts.

``--folds`` goes the whole way of `ftsuite data audit --predictions`: for each seed it writes the data with the planted
labels to a table in FOLDER, runs `ftsuite run CONFIG --folds` on it (``--trainings`` times, by seeds of their own), and
prints what their predictions find together with the features, below what the features find alone. What is in FOLDER is
not run again, and what was stopped goes on.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from planted_folds import Tuning, trained_on_planted

from ftsuite.api import Examples, Options
from ftsuite.config import load_config
from ftsuite.data.audit.held_out import HeldOut
from ftsuite.data.audit.label_errors import check_label_errors
from ftsuite.data.audit.label_quality import label_quality
from ftsuite.data.audit.units import units_of
from ftsuite.registry import Registry

COLUMNS = ("seed", "first 5 %", "first 10 %", "flagged", "precision", "recall", "estimated", "interval", "seconds")


def main() -> None:
    """Plant, look, and print."""
    from ftsuite.runs.audit_features import audit_features  # imports Keras, which `measure` needs not

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--data", help="another source than the config's")
    parser.add_argument("--share", type=float, default=0.05, help="of the labels that are exchanged")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="without the words of texts")
    parser.add_argument("--folds", type=int, help="fine-tune so many folds, and look with their predictions too")
    parser.add_argument("--trainings", type=int, default=1, help="cross-validations to average, by seeds 0, 1, …")
    parser.add_argument("--work", type=Path, help="folder of tables and folds")
    parser.add_argument("--first-seed", type=int, default=0, help="of --seeds in a row")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    if (arguments.folds is None) != (arguments.work is None):
        parser.error("--folds needs --work, a folder for what it makes, and the other way round")
    if not 0 < arguments.share < 1 or arguments.seeds < 1:
        parser.error("--share must lie between 0 and 1, and --seeds be at least 1")
    overrides = [*arguments.overrides, *([f"data.source={arguments.data}"] if arguments.data else [])]
    loaded = load_config(arguments.config, overrides, options_model=Registry.discover().options_model)
    spec, options = Registry.discover().spec(loaded.config.task), loaded.options
    task = spec.create(options if isinstance(options, Options) else spec.options(), loaded.config.seed)
    examples = task.load(loaded.config.data)
    began = time.perf_counter()
    features = audit_features(loaded, examples)
    print(f"{len(examples):,} examples, {len(examples.class_names)} classes, {features.shape[1]:,} features in "
          f"{time.perf_counter() - began:.1f} s; {arguments.share:.1%} of the labels are exchanged")  # fmt: skip
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    print("  ".join(COLUMNS), flush=True)
    rows = []
    for seed in seeds:
        rows.append(measure(examples, features, arguments.share, seed, arguments.plain))
        print(_line(str(seed), rows[-1]), flush=True)
    print(_line("mean", _mean(rows)), flush=True)
    if arguments.folds is None:
        return
    tuning = Tuning(arguments.config, overrides, arguments.folds, arguments.trainings, arguments.work)
    tuned = []
    for seed in seeds:
        labels, _ = plant(examples.labels, len(examples.class_names), arguments.share, seed)
        trained = trained_on_planted(tuning, examples, labels, seed)
        own = audit_features(loaded, trained.examples)
        tuned.append(judge(trained.examples, trained.planted, own, seed, arguments.plain, trained.held_out))
        print(f"{_line(str(seed), tuned[-1])}  with folds; {int(trained.planted.sum())} planted", flush=True)
    print(f"{_line('mean', _mean(tuned))}  with folds")


def measure(examples: Examples, features: np.ndarray, share: float, seed: int, plain: bool = False) -> dict[str, float]:
    """Plant wrong labels by one seed and look for them."""
    labels, planted = plant(examples.labels, len(examples.class_names), share, seed)
    return judge(replace(examples, labels=labels), planted, features, seed, plain)


def judge(
    wrong: Examples,
    planted: np.ndarray,
    features: np.ndarray,
    seed: int,
    plain: bool = False,
    held_out: HeldOut | None = None,
) -> dict[str, float]:
    """Look for planted labels, by features and, where there are any, by the predictions of folds."""
    labels = wrong.labels
    if plain:
        wrong = replace(wrong, kind="features")  # of no kind whose inputs are looked at
    texts = wrong.inputs if wrong.kind == "text" else None
    began = time.perf_counter()
    quality = label_quality(
        features, labels, units_of(wrong), seed, num_classes=len(wrong.class_names), texts=texts, held_out=held_out
    )  # fmt: skip
    seconds = time.perf_counter() - began
    splits = np.full(len(labels), "train")
    findings: list[Any] = check_label_errors(wrong, splits, features, seed=seed, held_out=held_out)
    flagged = (
        np.asarray([one.positions[0] for one in findings[0].flagged], dtype=np.int64) if findings else np.zeros(0, int)
    )
    low, high = findings[0].figures["share_interval"] if findings else (math.nan, math.nan)
    return {
        "first 5 %": float(planted[quality.order[: len(labels) // 20]].sum() / planted.sum()),
        "first 10 %": float(planted[quality.order[: len(labels) // 10]].sum() / planted.sum()),
        "flagged": len(flagged),
        "precision": float(planted[flagged].mean()) if len(flagged) else math.nan,
        "recall": float(planted[flagged].sum() / planted.sum()),
        "estimated": findings[0].figures["share"] if findings else math.nan,
        "low": low,
        "high": high,
        "seconds": seconds,
    }


def plant(labels: np.ndarray, num_classes: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share is another class, each of the others as likely, and which they are ``(n,)`` bool."""
    rng = np.random.default_rng([seed, 0x9A7])
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    wrong = labels.copy()
    wrong[chosen] = (wrong[chosen] + rng.integers(1, num_classes, len(chosen))) % num_classes
    return wrong, np.isin(np.arange(len(labels)), chosen)


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _line(name: str, row: dict[str, float]) -> str:
    cells = (
        f"{name:>4}", f"{row['first 5 %']:9.3f}", f"{row['first 10 %']:10.3f}", f"{row['flagged']:7.0f}",
        f"{row['precision']:9.3f}", f"{row['recall']:6.3f}", f"{row['estimated']:9.3f}",
        f"{row['low']:.3f}-{row['high']:.3f}", f"{row['seconds']:5.1f}",
    )  # fmt: skip
    return "  ".join(cells)


if __name__ == "__main__":
    main()
