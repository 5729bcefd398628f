"""The figures of a cross-validation: of each fold, their mean and spread, and those of all predictions together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.config import LoadedConfig
from ftsuite.data.split_file import split_facts
from ftsuite.errors import DataError
from ftsuite.evaluation import evaluate_predictions
from ftsuite.evaluation.any_metric import metric_figures
from ftsuite.registry import Registry
from ftsuite.report.answers import read_answers
from ftsuite.report.predictions import read_predictions
from ftsuite.runs import folder as folders
from ftsuite.runs.folds_folder import fold_folder
from ftsuite.runs.own_metrics import metrics_of

_DECIMALS = 8
SPREAD_NOTE = (
    "The standard deviation over folds says how much single folds differ, and not how sure the mean is: training sets "
    "overlap, so folds are not independent, and no unbiased estimator of the variance exists "
    "(Y. Bengio, Y. Grandvalet, 2004, https://www.jmlr.org/papers/v5/grandvalet04a.html)."
)
POOLED_NOTE = (
    "The pooled figures are over the predictions for every example by the one model that did not train on it; their "
    "intervals take examples as independent, and leave out what another training sample would change, so they are "
    "rather too narrow (S. Bates, T. Hastie, R. Tibshirani, 2021, https://arxiv.org/abs/2104.00673)."
)
UNEQUAL_NOTE = (
    "Macro F1 and calibration error are not averages over examples, so over all predictions they are not the mean "
    "of the folds (G. Forman, M. Scholz, 2010, https://doi.org/10.1145/1882471.1882479)."
)
UNEQUAL_METRICS_NOTE = (
    "A metric that is no average over examples is over all predictions not the mean of the folds "
    "(G. Forman, M. Scholz, 2010, https://doi.org/10.1145/1882471.1882479)."
)
GROUPS_NOTE = (
    "Examples of one group resemble each other, which the intervals leave out: they are too narrow for that, too."
)


def fold_row(folder: Path, number: int) -> dict[str, Any]:
    """What ``folds.json`` says of one finished fold.

    Raises:
        ArtifactError: a file of its run is missing or torn.
    """
    fold = fold_folder(folder, number)
    metrics = folders.read_json(fold / folders.METRICS)
    facts = split_facts(fold / folders.SPLIT)
    baselines = {
        name: _scalars(figures.get("test", figures)) for name, figures in (metrics.get("baselines") or {}).items()
    }
    return {
        "fold": number,
        "folder": fold.name,
        "counts": facts["counts"],
        "split_sha256": facts.get("split_sha256"),
        "grouped": bool(facts.get("grouped")),
        "headline": metrics["headline"],
        "test": _scalars(metrics["test"]),
        **({"baselines": baselines} if baselines else {}),
    }


def summarize(loaded: LoadedConfig, folder: Path, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What ``folds.json`` says in the end.

    Args:
        loaded: the config.
        folder: of the folds.
        rows: of every fold, as `fold_row` gives them.

    Returns:
        ``mean`` by metric (mean, standard deviation over folds, lowest and highest), ``pooled`` as the test figures
        of a run, ``runs``, and notes.

    Raises:
        ArtifactError: predictions are missing or torn.
        DataError: an example was tested twice.
    """
    own = folders.read_json(fold_folder(folder, rows[0]["fold"]) / folders.METRICS)
    if "metrics" in own:
        return summarize_targets(loaded, folder, rows, own)
    tests = [read_predictions(fold_folder(folder, row["fold"]) / folders.PREDICTIONS).of_split("test") for row in rows]
    require_once([test.ids for test in tests], {test.class_names for test in tests})
    wanted = loaded.config.evaluation
    pooled = evaluate_predictions(
        np.concatenate([test.probabilities for test in tests]),
        np.concatenate([test.labels for test in tests]),
        tests[0].class_names,
        confidence=wanted.confidence,
        bootstrap_samples=wanted.bootstrap_samples,
        seed=loaded.config.seed,
    )
    # A job without a metric of its own leads with macro F1 where classes are uneven, which folds may differ in.
    headlines = {row["headline"] for row in rows}
    return {
        **_common(loaded, folder, rows),
        "headline": rows[0]["headline"] if len(headlines) == 1 else "macro_f1",
        "examples": sum(len(test.ids) for test in tests),
        "pooled": pooled,
        "notes": _notes(rows, UNEQUAL_NOTE),
    }


def summarize_targets(
    loaded: LoadedConfig, folder: Path, rows: Sequence[dict[str, Any]], own: Mapping[str, Any]
) -> dict[str, Any]:
    """`summarize` for a task with metrics of its own; its plugin makes the pooled figures.

    Args:
        loaded: the config.
        folder: of the folds.
        rows: of every fold.
        own: metrics.json of one of them.
    """
    spec = Registry.discover().spec(loaded.config.task)
    options: Any = loaded.options if loaded.options is not None else spec.options()
    task = spec.create(options, loaded.config.seed)
    outputs = tuple(own["outputs"])
    tests = [
        read_answers(fold_folder(folder, row["fold"]) / folders.PREDICTIONS, outputs).of_split("test") for row in rows
    ]
    others = [folders.read_json(fold_folder(folder, row["fold"]) / folders.METRICS)["outputs"] for row in rows]
    require_once([test.ids for test in tests], {tuple(names) for names in others})
    wanted = loaded.config.evaluation
    pooled = metric_figures(
        metrics_of(task, spec),
        np.concatenate([test.targets for test in tests]).astype(np.float32),
        np.concatenate([test.answers for test in tests]).astype(np.float32),
        confidence=wanted.confidence,
        bootstrap_samples=wanted.bootstrap_samples,
        seed=loaded.config.seed,
    )
    return {
        **_common(loaded, folder, rows),
        "headline": own["headline"],
        "outputs": own["outputs"],
        "metrics": own["metrics"],
        "examples": sum(len(test.ids) for test in tests),
        "pooled": pooled,
        "notes": _notes(rows, UNEQUAL_METRICS_NOTE),
    }


def _common(loaded: LoadedConfig, folder: Path, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "complete": True,
        "seed": loaded.config.seed,
        "rendered_hint": folders.read_json(fold_folder(folder, 1) / folders.ENVIRONMENT)["data"].get("hint"),
        "mean": _spreads([row["test"] for row in rows]),
        "baselines": {
            name: _spreads([row["baselines"][name] for row in rows])
            for name in rows[0].get("baselines", {})
            if all(name in row.get("baselines", {}) for row in rows)
        },
        "runs": list(rows),
    }


def _notes(rows: Sequence[dict[str, Any]], unequal: str) -> list[str]:
    grouped = any(row["grouped"] for row in rows)
    return [SPREAD_NOTE, POOLED_NOTE, unequal, *([GROUPS_NOTE] if grouped else [])]


def _scalars(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures that are one number with its interval."""
    return {name: figure for name, figure in figures.items() if isinstance(figure, dict) and "value" in figure}


def _spreads(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = [name for name in folds[0] if all(fold.get(name, {}).get("value") is not None for fold in folds)]
    return {name: _spread([float(fold[name]["value"]) for fold in folds]) for name in names}


def _spread(values: Sequence[float]) -> dict[str, float | int]:
    array = np.asarray(values, dtype=np.float64)
    return {
        "mean": round(float(array.mean()), _DECIMALS),
        "standard_deviation": round(float(array.std(ddof=1)), _DECIMALS),
        "lowest": round(float(array.min()), _DECIMALS),
        "highest": round(float(array.max()), _DECIMALS),
        "folds": len(values),
    }


def require_once(ids: Sequence[Sequence[str]], answered: Set[object]) -> None:
    """Refuse folds that were dealt from other data, or by another rule: their figures do not belong together.

    Args:
        ids: of the tested examples, fold by fold.
        answered: the classes or outputs of the folds.

    Raises:
        DataError: an example was tested twice, or folds answer with other classes.
    """
    names = [identifier for fold in ids for identifier in fold]
    if len(set(names)) != len(names) or len(answered) > 1:
        raise DataError(
            f"Expected every example to be tested in one fold. Received: {len(names) - len(set(names)):,} in two.",
            "The data or the installed scikit-learn has changed between the folds: begin anew without --resume.",
        )
