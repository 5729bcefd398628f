"""Checks of what a task builds: its two models, their blocks, and that both answer the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftsuite.testing.data_checks import answers_by_serving
from ftsuite.testing.preprocessing_checks import logits_of
from ftsuite.testing.subject import CheckFailed, Subject

_GOLDEN = 6
_FAR = 2e-3
HEAD = "head"


def models_fit(subject: Subject) -> None:
    """Both models have an output for each name, over the same variables, the backbone's among them."""
    prepared = subject.prepared
    model, names = prepared.model, prepared.examples.output_names
    wrong = []
    for told, one in (("training", model.training), ("serving", model.serving)):
        shape = tuple(one.output.shape)
        if shape != (None, len(names)):
            wrong.append(
                f"The {told} model must give (batch, {len(names)}), one output for each name. Received: {shape}."
            )
    inside = {id(variable) for variable in model.training.weights}
    missing = [variable.path for variable in prepared.backbone.model.weights if id(variable) not in inside]
    if missing:
        wrong.append(
            f"The training model must hold the backbone that `build` was given. Received: one without "
            f"{len(missing)} of "
            f"its variables, {missing[0]!r} for instance."
        )
    served = {id(variable) for variable in model.serving.weights}
    apart = [variable.path for variable in model.training.trainable_weights if id(variable) not in served]
    if apart:
        wrong.append(
            "The serving model must be made of the layers that train. Received: one without "
            f"{len(apart)} of their variables, {apart[0]!r} for instance."
        )
    if wrong:
        raise CheckFailed(
            "\n".join(wrong),
            "Call `backbone.model` itself on the features (no copy of it), and make both models of the same layers.",
        )


def blocks_freeze(subject: Subject) -> None:
    """Each variable is in one block, and a frozen backbone leaves the head's variables alone to train."""
    from ftsuite.models.freezing import set_trainable

    prepared = subject.prepared
    model, blocks = prepared.model.training, prepared.blocks
    counted: dict[int, int] = {}
    for block in blocks:
        for variable in block.variables:
            counted[id(variable)] = counted.get(id(variable), 0) + 1
    uncovered = [v.path for v in model.weights if counted.get(id(v), 0) != 1]
    if uncovered or len(counted) != len(model.weights):
        strange = uncovered or [v.path for b in blocks for v in b.variables if not any(v is w for w in model.weights)]
        raise CheckFailed(
            "Every variable of the training model must be in exactly one block. Received: "
            f"{len(strange)} that are in none, in several or not in the model, {strange[0]!r} for instance.",
            "Build on the backbone that `build` is given; use none of its layers a second time in the head.",
        )
    of_head = {id(variable) for block in blocks if block.name == HEAD for variable in block.variables}
    set_trainable(model, blocks, [HEAD], "frozen-stats")
    training = model.trainable_variables
    strange = [variable.path for variable in training if id(variable) not in of_head]
    set_trainable(model, blocks, [block.name for block in blocks], "frozen-stats")
    if strange or not training:
        raise CheckFailed(
            "With the backbone frozen the head's variables alone must train. Received: "
            + (
                f"{strange[0]!r} and {len(strange) - 1} more that train as well." if strange else "nothing that trains."
            ),
            "Give the head a layer with weights, and set `trainable` of no layer yourself: the plan does.",
        )
    for event in subject.straight.events:
        moved = [
            b["name"]
            for b in event.get("blocks", ())
            if event["event"] == "stage_ended" and b["moved"] != b["expected"]
        ]
        if moved:
            raise CheckFailed(
                f"A stage must move what it trains, and nothing else. Received: the stage {event['stage_name']!r} "
                f"{'moved' if moved != [HEAD] else 'did not move'} {', '.join(moved)}.",
                "Assign to no variable in `call`, and let the logits depend on the head's weights.",
            )


def serving_agrees(subject: Subject) -> None:
    """The serving model against preprocessing, training model and `decode`, and what is exported against both."""
    prepared = subject.prepared
    some = prepared.parts["test"].take(range(min(_GOLDEN, len(prepared.parts["test"]))))
    _spread(prepared)
    decoded = np.asarray(prepared.task.decode(logits_of(prepared, some, len(some))))
    if decoded.dtype != np.float32 or decoded.shape != (len(some), len(prepared.examples.output_names)):
        raise CheckFailed(
            f"decode must give ({len(some)}, {len(prepared.examples.output_names)}) float32 here. "
            f"Received: {decoded.shape} {decoded.dtype}.",
            "End it with .astype(np.float32), and keep a column for each output.",
        )
    if not _serves_here(some.kind):
        return
    served = answers_by_serving(prepared, some)
    _agree(
        decoded, served, "the serving model",
        "Let the answer layer and `decode` compute the same of the logits, and the serving model prepare its inputs as "
        "`preprocess` does outside of training.",
    )  # fmt: skip
    for name, answers in exported_answers(prepared, some, subject.folder / "exported").items():
        _agree(served, answers, f"the exported {name}", "Keep out of the model what only Python can do.")


def _serves_here(kind: str) -> bool:
    import keras

    return kind != "text" or keras.config.backend() == "tensorflow"


def _spread(prepared: Any) -> None:
    """Give the head weights at which answers differ: fresh ones answer almost the same to everything."""
    generator = np.random.default_rng(7)
    for block in prepared.blocks:
        for variable in block.variables if block.name == HEAD else ():
            if variable.trainable:
                value = np.asarray(variable)
                variable.assign(value + generator.normal(0, 0.5, value.shape).astype(value.dtype))


def exported_answers(prepared: Any, examples: Any, folder: Any) -> dict[str, np.ndarray]:
    """Answers ``(n, outputs)`` of exported forms of the serving model, by the form's name.

    Forms that `ftsuite.export` will write join here. SavedModel is TensorFlow's, and a model of texts holds a tokenizer
    that runs in Python, which no SavedModel can keep.
    """
    import keras

    from ftsuite.runs.load import read_pixels

    if keras.config.backend() != "tensorflow" or examples.kind == "text":
        return {}
    prepared.model.serving.export(str(folder), format="tf_saved_model", verbose=False)
    layer = keras.layers.TFSMLayer(str(folder), call_endpoint="serve")
    pictures = [read_pixels(picture)[None].astype("float32") for picture in examples.inputs]
    return {"SavedModel": np.concatenate([keras.ops.convert_to_numpy(layer(picture)) for picture in pictures])}


def _agree(expected: np.ndarray, received: np.ndarray, what: str, advice: str) -> None:
    if expected.shape != received.shape:
        raise CheckFailed(f"Answers of {what} must be {expected.shape}. Received: {received.shape}.", advice)
    far = float(np.abs(expected - received).max())
    if not far <= _FAR * max(1.0, float(np.abs(expected).max())):
        raise CheckFailed(
            f"Answers of {what} must be those of training. Received: answers that differ by up to {far:.3g}.", advice
        )
