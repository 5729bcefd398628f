"""Every check of a task, in the order in which they are made: what it means, and how to mend what it finds."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ftsuite.testing.subject import Subject


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: to choose it by.
        holds: what holds where it passes, in a sentence.
        reason: why that matters.
        mend: what to do where it fails.
        target: ``module:function`` in `ftsuite.testing`.
        starts: the same of what it can start in the background beforehand; empty where nothing.
    """

    name: str
    holds: str
    reason: str
    mend: str
    target: str
    starts: str = ""

    def make(self, subject: Subject) -> None:
        """Make the check; raises what it finds."""
        _function(self.target)(subject)

    def start(self, subject: Subject) -> None:
        """Start what it waits for."""
        if self.starts:
            _function(self.starts)(subject)


def _function(target: str) -> Callable[[Subject], None]:
    module_name, _, attribute = target.partition(":")
    return cast(
        "Callable[[Subject], None]", getattr(importlib.import_module(f"ftsuite.testing.{module_name}"), attribute)
    )


CHECKS = (
    Check(
        "spec-imports",
        "Importing the spec imports neither Keras nor TensorFlow.",
        "`ftsuite list tasks`, `--help` and every config read the specs of all plugins; Keras alone takes ten seconds.",
        "Import Keras in the module that `factory` names, and from ftsuite.families only options in the spec's module.",
        "spec_checks:spec_imports_no_keras",
    ),
    Check(
        "spec",
        "Name, summary, factory, modality and options are what lists and errors can show.",
        "The spec is all that a user sees of a task before running it.",
        "Write a name in lower case with hyphens, equal to the entry point's; a summary in one line; a description for "
        "every option: `Field(0.5, description=\"…\")`.",
        "spec_checks:spec_is_sane",
    ),
    Check(
        "unknown-option",
        "An option that there is not is refused, with the nearest name.",
        "A misspelt option that is passed over trains another model than the config says.",
        "Inherit the options from ftsuite.api.Options (or ImageOptions, TextOptions) and leave `model_config` alone.",
        "spec_checks:unknown_option_is_refused",
    ),
    Check(
        "examples",
        "`load` gives columns of one length, unique ids, and names or targets that fit.",
        "Everything goes by these columns: the split, the batches, the figures.",
        "Change examples with `Examples.take` and `dataclasses.replace`; targets are (n, outputs) float32.",
        "data_checks:examples_are_sound",
    ),
    Check(
        "empty-split",
        "An empty split, and a source without examples, are refused by the suite and crash nothing.",
        "A figure over no examples is none, and a traceback helps nobody.",
        "Let `load` pass on what its source gave, also where that is nothing; raise DataError for what cannot be used.",
        "data_checks:empty_split_is_refused",
    ),
    Check(
        "models",
        "Both models have an output for each name, over the same variables, the backbone's among them.",
        "What trains must be what is saved, and what the plan freezes and thaws must be what trains.",
        "Call `backbone.model` itself in `build`, and make the training and the serving model of the same layers.",
        "model_checks:models_fit",
    ),
    Check(
        "single-and-batched",
        "An example gets the same features and the same logits alone and in a batch.",
        "Otherwise the test figure depends on which examples happen to stand beside each other.",
        "Take no figure over a batch in `preprocess`, `preprocess_batch` or the model; mask the padding of texts.",
        "preprocessing_checks:single_is_batched",
    ),
    Check(
        "training-split-only",
        "Preprocessing and model follow from the training split alone.",
        "What is fitted on test examples makes the test figure too good.",
        "Fit in `fit_preprocessing`, from the examples that it is shown; `load` sees all of them and must fit nothing.",
        "data_checks:preprocessing_learns_from_training_alone",
    ),
    Check(
        "run",
        "A run of two stages on tiny data goes through.",
        "All checks that follow look at it.",
        "Mend what the message tells; the place is the line of the plugin that failed.",
        "run_checks:run_ends",
    ),
    Check(
        "loss-falls",
        "The training loss falls on data that are easy to learn.",
        "A loss that does not fall there will not fall on real data.",
        "Look at what `preprocess` leaves of the inputs, at the order of arguments of the objective, and at the "
        "logits.",
        "run_checks:loss_falls",
    ),
    Check(
        "headline",
        "The headline metric is in the figures of the test, with its interval and n.",
        "A figure without an interval cannot be compared with another.",
        "Let TaskSpec.headline name a metric that there is; let `Metric.compute` give one finite number.",
        "run_checks:headline_has_interval",
    ),
    Check(
        "names",
        "Names of classes or targets are the same in the data, the saved model and the predictions.",
        "A model whose answers have the wrong names is wrong however good it is.",
        "Give ClassProbabilities or NamedAnswers the names that `build` is given, as they are.",
        "run_checks:names_round_trip",
    ),
    Check(
        "freezing",
        "Each variable is in one block, and a frozen backbone leaves only the head's variables to train.",
        "Staged unfreezing means nothing where something trains beside the plan.",
        "Set `trainable` nowhere, make no copy of the backbone, and give the head a layer with weights.",
        "model_checks:blocks_freeze",
    ),
    Check(
        "same-seed",
        "Two runs with the same seed are the same, and judging twice gives the same answers.",
        "Otherwise no result can be repeated, and no two can be compared.",
        "Take random numbers from `key` and `self.seed` alone, and walk over no set whose order matters.",
        "run_checks:same_seed_same_run",
    ),
    Check(
        "serving",
        "The serving model answers what preprocessing, training model and `decode` answer, exported as well.",
        "What is deployed must be what was measured.",
        "Let the answer layer compute what `decode` computes, and the serving model prepare inputs as `preprocess` "
        "does.",
        "model_checks:serving_agrees",
    ),
    Check(
        "without-plugin",
        "A fresh process loads the saved model and predicts the same where the plugin cannot be imported.",
        "A model must outlive the code that trained it, and run where that is not installed.",
        "Make models of keras layers and those of ftsuite.families alone: no layer, loss or Lambda of your own in "
        "them.",
        "process_checks:loads_without_plugin",
        "process_checks:start_predicting",
    ),
    Check(
        "resume",
        "A run that is killed in the middle and resumed by a fresh process leaves the bytes of one that was not.",
        "Long runs are stopped; what comes of them must not depend on it.",
        "Keep no state between examples or epochs; sort what comes out of a set or a directory.",
        "run_checks:resumed_is_straight",
    ),
    Check(
        "jax",
        "The same job runs on Keras' JAX backend.",
        "Machines with an accelerator may have JAX and no TensorFlow for it.",
        "Write models and losses with keras.ops; tf.* belongs into `preprocess` and `encode` alone.",
        "process_checks:works_on_jax",
        "process_checks:start_on_jax",
    ),
)  # fmt: skip


def guide() -> str:
    """The page ``docs/check-task.md``: what every check means."""
    parts = [
        "# What `ftsuite task check` checks",
        "",
        "`ftsuite task check NAME` holds an installed task to the plugin contract, on tiny data that it makes itself, "
        "with a backbone of 30,000 random weights. `ftsuite task check my.yaml` takes data and options from a "
        "config. In "
        "a plugin's own tests one line does the same:",
        "",
        "```python",
        "from ftsuite.testing import check_task",
        "",
        "",
        "def test_the_task_keeps_the_contract():",
        '    check_task("my-task")',
        "```",
        "",
        "A check that fails says what was expected, what was received, in which line of the plugin where that is "
        "known, "
        "and what to do. `--only NAME` and `--skip NAME` choose checks; the exit code is 4 where one fails.",
        "",
    ]
    for check in CHECKS:
        parts += [f"## {check.name}", "", check.holds, "", check.reason, "", f"**To mend it:** {check.mend}", ""]
    return "\n".join(parts)
