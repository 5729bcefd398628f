"""Checks by processes of their own: without the plugin, and on JAX."""

from __future__ import annotations

import importlib.util
import json
import os

import numpy as np

from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.processes import PREDICT_WITHOUT
from ftsuite.testing.run_checks import require_fall, require_finite
from ftsuite.testing.subject import CheckFailed, Subject

_PREDICTED = 8
# Each example goes through the model in another batch than it did in the run.
_FAR = 1e-4


def start_predicting(subject: Subject) -> None:
    """Start what `loads_without_plugin` waits for."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(subject.straight.folder / "predictions.parquet").slice(0, _PREDICTED)
    blocked = json.dumps(sorted(subject.offer.packages))
    arguments = [str(subject.straight.folder), blocked, json.dumps(rows["input"].to_pylist())]
    subject.start("predict", ["-c", PREDICT_WITHOUT, *arguments], FTSUITE_PLUGINS="none")


def loads_without_plugin(subject: Subject) -> None:
    """A fresh process that cannot import the plugin predicts what the run predicted."""
    import pyarrow.parquet

    start_predicting(subject)
    ended = subject.ended("predict")
    if ended.status:
        raise CheckFailed(
            f"A saved model must load where the plugin is not installed. Received: {ended.error}",
            "Make the models of keras layers and of those of ftsuite.families (NamedAnswers, ClassProbabilities) "
            "alone: "
            "a layer or a Lambda of the plugin's own is not there when the model is used.",
        )
    rows = pyarrow.parquet.read_table(subject.straight.folder / "predictions.parquet").slice(0, _PREDICTED)
    columns = [name for name in rows.column_names if name.startswith(("probability_", "answer_"))]
    expected = np.stack([rows[name].to_numpy() for name in columns], axis=1)
    received = np.asarray(json.loads(ended.last_line))
    far = float(np.abs(expected - received).max())
    if not far <= _FAR * max(1.0, float(np.abs(expected).max())):
        raise CheckFailed(
            f"A saved model must predict what the run predicted. Received: answers that differ by up to {far:.3g}.",
            "Let the serving model prepare its inputs as `preprocess` does, and the answer layer do what `decode` "
            "does.",
        )


def start_on_jax(subject: Subject) -> None:
    """Start what `works_on_jax` waits for.

    Raises:
        CheckSkipped: there is no JAX.
    """
    if os.environ.get("KERAS_BACKEND") == "jax":
        raise CheckSkipped("All checks ran on JAX.")
    if importlib.util.find_spec("jax") is None:
        raise CheckSkipped("Needs JAX; install it with: pip install 'ftsuite[jax]'")
    folder = subject.folder / "on-jax"
    arguments = ["-m", "ftsuite", "run", str(subject.job), "--out", str(folder)]
    subject.start("jax", arguments, KERAS_BACKEND="jax", JAX_PLATFORMS="cpu")


def works_on_jax(subject: Subject) -> None:
    """The same job on Keras' JAX backend ends, and its loss falls on data that are easy."""
    from ftsuite.training.journal import read_journal

    start_on_jax(subject)
    ended = subject.ended("jax")
    advice = "Write models, losses and layers with keras.ops; tf.* belongs into `preprocess` and `encode` alone."
    if ended.status:
        raise CheckFailed(f"The job must run with KERAS_BACKEND=jax as well. Received: {ended.error}", advice)
    events = list(read_journal(subject.folder / "on-jax" / "journal.jsonl"))
    (require_fall if subject.wishes.makes_data else require_finite)(events)
