"""Checks of what a task loads, and of what it may learn from which split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from ftsuite.api import Examples
from ftsuite.errors import ConfigError, DataError, PluginError
from ftsuite.testing.altered_data import altered_elsewhere
from ftsuite.testing.job import examples_of, loaded_job, make_data
from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.subject import CheckFailed, Subject

_COMPARED_BATCHES = 2
_GOLDEN = 4


def examples_are_sound(subject: Subject) -> None:
    """What `load` gives fits together."""
    examples = examples_of(subject.offer, subject.loaded)
    count = len(examples.ids)
    columns = {
        name: getattr(examples, name)
        for name in ("inputs", "labels", "content_hashes", "splits", "groups", "decoders", "targets")
    }
    wrong = [
        f"{name} must hold {count:,} entries, one for each id. Received: {len(column):,}."
        for name, column in columns.items()
        if column is not None and len(column) != count
    ]
    if len(set(examples.ids)) != count:
        wrong.append(f"ids must be unique. Received: {count - len(set(examples.ids)):,} that are there before.")
    names = examples.output_names
    if len(set(names)) != len(names) or not all(isinstance(name, str) and name for name in names):
        wrong.append(f"Names of classes or targets must be different texts. Received: {names}.")
    if examples.targets is not None:
        if examples.targets.shape != (count, len(names)) or examples.targets.dtype != np.float32:
            wrong.append(
                f"targets must be ({count}, {len(names)}) float32, a column for each of target_names. "
                f"Received: {examples.targets.shape} {examples.targets.dtype}."
            )
        elif not np.isfinite(examples.targets).all():
            wrong.append("targets must be finite. Received: some that are not.")
    elif not ((examples.labels >= 0) & (examples.labels < len(names))).all():
        wrong.append(f"labels must lie in 0 to {len(names) - 1}. Received: {examples.labels.max()}.")
    if wrong:
        raise CheckFailed("\n".join(wrong), "Mend `load`; `Examples.take` and `dataclasses.replace` keep columns even.")


def empty_split_is_refused(subject: Subject) -> None:
    """A job whose validation split is empty ends with the suite's own error, and so does one without any example."""
    from ftsuite.data.split_file import write_split
    from ftsuite.runs.prepare import prepare

    prepared = subject.prepared
    used = prepared.examples
    sides = np.array(["test" if number % 4 == 3 else "train" for number in range(len(used))])
    path = subject.folder / "split-without-validation.json"
    write_split(path, used, sides)
    _refused(lambda: prepare(subject.loaded, path), "A job whose validation split is empty")
    if subject.wishes.makes_data:
        source = make_data(subject.spec.modality, "classes", subject.folder / "data" / "none")
        for file in (subject.folder / "data" / "none").rglob("*.*"):
            if file.suffix == ".csv":
                file.write_text("text,label\n", encoding="utf-8")
            else:
                file.unlink()
        loaded = loaded_job(subject.job, f'data.source="{source}"')
        _refused(lambda: prepare(loaded, None), "A source without any example")


def _refused(attempt: Any, what: str) -> None:
    try:
        attempt()
    except (DataError, ConfigError):
        return
    except PluginError as error:
        raise CheckFailed(
            f"{what} must be refused by the suite, as a DataError. Received: {error.message}",
            "Let the plugin pass on what it was given, empty or not: the suite refuses it, and says of which split.",
        ) from error
    raise CheckFailed(f"{what} must be refused. Received: no error.", "Do not put examples of one split into another.")


def preprocessing_learns_from_training_alone(subject: Subject) -> None:
    """Other validation and test examples leave the training batches and the model as they are, to the last bit."""
    if not subject.wishes.makes_data:
        raise CheckSkipped("Needs data that the check makes itself; leave out --data, and the config.")
    from ftsuite.data.split_file import write_split
    from ftsuite.runs.prepare import prepare

    first = subject.prepared
    source = altered_elsewhere(first, subject.folder / "data" / "altered")
    loaded = loaded_job(subject.job, f'data.source="{source}"')
    with _shown_to_fit(type(first.task)) as shown:
        # The split is given, because it goes by contents.
        path = subject.folder / "split-of-altered.json"
        # By a task of its own: loading may change the one that is compared.
        examples = examples_of(subject.offer, loaded)
        if len(examples) != len(first.examples):
            raise CheckSkipped("The task leaves out other examples of other data.")
        side = {name: split for split, part in first.parts.items() for name in part.ids}
        # By the place of each example: the ids of texts follow from what they say.
        splits = np.array([side.get(name, "train") for name in first.examples.ids])
        write_split(path, examples, splits)
        second = prepare(loaded, path)
    training = set(second.parts["train"].ids)
    if any(set(ids) - training for ids in shown):
        raise CheckFailed(
            "fit_preprocessing must be shown the training split only. Received: other examples as well.",
            "Do not call fit_preprocessing yourself; the suite does.",
        )
    advice = (
        "Fit what learns from data in fit_preprocessing, from the examples that it is shown, and never in `load`, "
        "which sees all of them."
    )
    if not _same_batches(first, second):
        raise CheckFailed(
            "The features of training examples must be the same whatever the validation and test examples are. "
            "Received: others where only those were changed.",
            advice,
        )
    some = first.parts["train"].take(range(min(_GOLDEN, len(training))))
    one, other = (answers_by_serving(prepared, some) for prepared in (first, second))
    if not np.array_equal(one, other):
        raise CheckFailed(
            "A model must be built the same whatever the validation and test examples are. Received: other answers, by "
            f"up to {np.abs(one - other).max():.3g}, where only those were changed.",
            advice,
        )


@contextmanager
def _shown_to_fit(kind: type) -> Iterator[list[Any]]:
    """The ids of the examples of every call of `fit_preprocessing`."""
    shown: list[Any] = []
    original: Any = kind.fit_preprocessing  # type: ignore[attr-defined]

    def spied(self: Any, training: Examples) -> None:
        shown.append(training.ids)
        original(self, training)

    with mock.patch.object(kind, "fit_preprocessing", spied):
        yield shown


def _same_batches(first: Any, second: Any) -> bool:
    import keras

    def flattened(prepared: Any) -> list[list[np.ndarray]]:
        """What training shows, and what judging would: the one may come of preprocess_batch, the other does not."""
        training, pipeline = prepared.parts["train"], prepared.pipeline
        shown = pipeline.training_epoch(training, 0).take(_COMPARED_BATCHES)
        judged = pipeline.evaluation(training.take(range(min(_GOLDEN, len(training))))).dataset
        return [keras.tree.flatten(batch) for made in (shown, judged) for batch in made.as_numpy_iterator()]

    one, other = flattened(first), flattened(second)
    return len(one) == len(other) and all(
        len(left) == len(right) and all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
        for left, right in zip(one, other, strict=True)
    )


def answers_by_serving(prepared: Any, examples: Examples) -> np.ndarray:
    """Answers ``(n, outputs)`` of the serving model to some inputs, one by one."""
    import keras

    from ftsuite.runs.load import read_pixels

    serving = prepared.model.serving
    if examples.kind == "text":
        inputs = [keras.ops.convert_to_tensor(np.array([text], dtype=object)) for text in examples.inputs]
    else:
        inputs = [read_pixels(picture)[None].astype("float32") for picture in examples.inputs]
    return np.concatenate([keras.ops.convert_to_numpy(serving(one, training=False)) for one in inputs])
