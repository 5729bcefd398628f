"""Checks of a whole run: that it ends, learns, says how well with an interval, and can be repeated and resumed."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.subject import CheckFailed, Subject

# The training loss of the last epoch must be below this share of the first one's.
_FALL = 0.97
# What may differ between two runs that are the same: times, and what was resident.
_TIMED = ("time", "seconds", "examples_per_second", "tokens_per_second", "input_wait_share", "peak_memory_bytes")
_STEPS_BEFORE_END = 3
_ADVICE_ON_LOSS = (
    "Look whether `preprocess` keeps what the labels follow from, whether the objective takes (targets, logits) in "
    "that order, and whether the logits depend on the backbone."
)


class _Killed(BaseException):
    """Stands for a kill that cannot be caught: what is on the disk stays as it is."""


def run_ends(subject: Subject) -> None:
    """A run of two stages goes through."""
    folder = subject.straight.folder
    missing = [name for name in ("metrics.json", "model.keras", "predictions.parquet") if not (folder / name).is_file()]
    if missing:
        raise CheckFailed(
            f"A run must leave metrics, a model and predictions. Received: none of {', '.join(missing)}.",
            "Keep `classifies` true where the task trains a model.",
        )


def loss_falls(subject: Subject) -> None:
    """Training loss of the last epoch against the first; of data that are not known to be easy, that it is finite."""
    events = subject.straight.events
    if subject.wishes.makes_data:
        require_fall(events)
        return
    require_finite(events)
    raise CheckSkipped("Needs data that are easy, which the check makes itself; leave out --data, and the config.")


def require_fall(events: list[dict[str, Any]]) -> None:
    """Refuse a journal whose training loss does not fall."""
    losses = require_finite(events)
    if not losses[-1] < losses[0] - (1 - _FALL) * abs(losses[0]):
        raise CheckFailed(
            f"The training loss must fall by {1 - _FALL:.0%} at least on data that are easy. Received: "
            f"{_shown(losses)}, an epoch each.",
            _ADVICE_ON_LOSS,
        )


def require_finite(events: list[dict[str, Any]]) -> list[float]:
    """The training loss of each epoch; refuses a journal in which one is not finite, or that has less than two."""
    losses = [event["train_loss"] for event in events if event["event"] == "epoch"]
    if len(losses) < 2 or not all(map(math.isfinite, losses)):
        raise CheckFailed(
            f"The training loss must be finite in every epoch. Received: {_shown(losses) or 'none'}.", _ADVICE_ON_LOSS
        )
    return losses


def _shown(losses: list[float]) -> str:
    return ", ".join(f"{loss:.4g}" for loss in losses)


def headline_has_interval(subject: Subject) -> None:
    """The metric to lead with is there, with an interval and n."""
    require_headline(subject.metrics, len(subject.prepared.parts["test"]))


def require_headline(metrics: Mapping[str, Any], tested: int) -> None:
    """Refuse figures without the headline, its interval or the number of examples.

    All resamples may agree, as of a perfect score: that there is no interval is then said, and no fault of the task.

    Args:
        metrics: the content of metrics.json.
        tested: examples of the test split.
    """
    name = metrics.get("headline")
    figure = metrics.get("test", {}).get(name)
    advice = (
        "Let TaskSpec.headline name a metric that there is: accuracy, macro_f1 or auto, or one of Task.metrics(), "
        "whose `compute` gives one finite number."
    )
    if not isinstance(figure, Mapping) or not isinstance(figure.get("value"), int | float):
        raise CheckFailed(f"The test must have a figure for the headline {name!r}. Received: {figure!r}.", advice)
    value, interval = float(figure["value"]), figure.get("ci95")
    if not math.isfinite(value) or figure.get("n") != tested:
        raise CheckFailed(
            f"The headline {name!r} must be a finite number over {tested} test examples. "
            f"Received: {value} over {figure.get('n')}.",
            advice,
        )
    if interval is None and figure.get("resamples_agree"):
        return  # a perfect score on the tiny test, or none at all: no other interval could be told
    ends = interval if isinstance(interval, list) and len(interval) == 2 and all(map(_is_number, interval)) else None
    if ends is None or not ends[0] - 1e-6 <= value <= ends[1] + 1e-6:
        raise CheckFailed(
            f"The headline {name!r} must have an interval around {value:.4g}. Received: {interval}.", advice
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def names_round_trip(subject: Subject) -> None:
    """Names of classes or targets in the saved model and in the predictions."""
    import pyarrow.parquet

    from ftsuite.runs.load import load_run

    wanted = tuple(subject.prepared.examples.output_names)
    folder = subject.straight.folder
    run = load_run(folder)
    columns = pyarrow.parquet.read_schema(folder / "predictions.parquet").names
    kind = "answer_" if subject.prepared.examples.targets is not None else "probability_"
    written = tuple(name.removeprefix(kind) for name in columns if name.startswith(kind))
    for where, received in (("saved model", tuple(run.class_names)), ("predictions", written)):
        if received != wanted:
            raise CheckFailed(
                f"The names in the {where} must be those of the data, in their order: {', '.join(wanted)}. "
                f"Received: {', '.join(received) or 'none'}.",
                "End the serving model with ClassProbabilities(names) or NamedAnswers(names), with the names that "
                "`build` is given, as they are.",
            )


def same_seed_same_run(subject: Subject) -> None:
    """A second run with the same seed goes the same way, and judging twice gives the same answers."""
    from ftsuite.runs.judgement import probabilities_of

    straight, second = subject.straight.events, subject.once("killed", lambda: kill_in_the_middle(subject))
    advice = (
        "Take every random number from the key that `preprocess` is given, or from `self.seed`; walk over no set, and "
        "keep no counter between examples."
    )
    for number, (one, other) in enumerate(zip(_untimed(straight), _untimed(second), strict=False)):
        if one != other:
            raise CheckFailed(
                f"Two runs with the same seed must have the same journal. "
                f"Received: a difference at entry {number + 1}, "
                f"{_difference(one, other)}.",
                advice,
            )
    first, again = (probabilities_of(subject.prepared, "validation")[0] for _ in range(2))
    if not np.array_equal(first, again):
        raise CheckFailed(
            "Judging a model twice must give the same answers. Received: answers that differ by up to "
            f"{np.abs(first - again).max():.3g}.",
            f"`preprocess` with training=False, and `decode`, must not be random. {advice}",
        )


def kill_in_the_middle(subject: Subject) -> list[dict[str, Any]]:
    """Kill a second run in the middle of an epoch; returns its journal so far."""
    from ftsuite.runs.begin import begin
    from ftsuite.runs.execute import execute
    from ftsuite.training.journal import read_journal

    folder = begin(subject.loaded, subject.folder / "killed", False)
    steps = sum(event["steps"] for event in subject.straight.events if event["event"] == "stage_started")
    left = max(steps - _STEPS_BEFORE_END, 1)

    def kill(event: Mapping[str, Any]) -> None:
        nonlocal left
        left -= event["event"] == "step"
        if left == 0:
            raise _Killed

    try:
        execute(subject.loaded, folder=folder, listener=kill)
    except _Killed:
        return list(read_journal(folder / "journal.jsonl"))
    raise CheckFailed("A run must tell of every step. Received: a run that ended without.", "Report this.")


def _untimed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key not in _TIMED} for event in events]


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return ", ".join(f"{key}: {str(one.get(key))[:60]} and {str(other.get(key))[:60]}" for key in keys[:2])


def resumed_is_straight(subject: Subject) -> None:
    """The killed run, resumed by a fresh process, leaves the bytes of the straight one."""
    subject.once("killed", lambda: kill_in_the_middle(subject))
    killed, straight = subject.folder / "killed", subject.straight.folder
    subject.start(
        "resume", ["-m", "ftsuite", "run", str(killed / "config.resolved.yaml"), "--out", str(killed), "--resume"]
    )
    ended = subject.ended("resume")
    advice = (
        "Keep nothing between examples, epochs or runs: data order and augmentation follow from the keys, and "
        "what is fitted follows from the training split. Sets have another order in every process: sort them."
    )
    if ended.status:
        raise CheckFailed(
            f"A killed run must go on with --resume. Received: exit code {ended.status}: {ended.error}", advice
        )
    pairs = {
        "weights": [_weights(folder) for folder in (straight, killed)],
        "metrics.json": [(folder / "metrics.json").read_bytes() for folder in (straight, killed)],
        "predictions.parquet": [(folder / "predictions.parquet").read_bytes() for folder in (straight, killed)],
    }
    other = [name for name, (one, two) in pairs.items() if one != two]
    if other:
        raise CheckFailed(
            f"A run that was killed and resumed must end as the one that was not. Received: other {', '.join(other)}.",
            advice,
        )


def _weights(folder: Path) -> bytes:
    return zipfile.ZipFile(folder / "model.keras").read("model.weights.h5")
