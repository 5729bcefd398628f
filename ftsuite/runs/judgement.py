"""The judgement of a trained model: validation and, for the only time, test, with what stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from ftsuite.data.token_counts import TokenCounts
from ftsuite.evaluation import BaselineResult, describe_baseline, tfidf_baseline
from ftsuite.runs import folder as folders
from ftsuite.runs.job_notes import MOST_BASELINE_TEXTS
from ftsuite.runs.predictions import write_predictions
from ftsuite.runs.prepare import Prepared, plugin_errors
from ftsuite.runs.target_figures import (
    BASELINE,
    constant_answer,
    constant_figures,
    difference_of_answers,
    figures_of_targets,
    require_answers,
    targets_of_part,
)
from ftsuite.runs.target_judgement import conclude_targets, facts_of_targets
from ftsuite.runs.workload import figures_of
from ftsuite.training.journal import Journal
from ftsuite.training.precision import in_float32
from ftsuite.training.validation import predict_counted


def probabilities_of(prepared: Prepared, split: str) -> tuple[np.ndarray, TokenCounts | None]:
    """Answers ``(n, outputs)`` float32 to one split in its order, probabilities of classes; and what was tokenised."""
    model = prepared.model.training
    with in_float32(model):
        evaluator = keras.Model(model.inputs, model.outputs)
        logits, counts = predict_counted(evaluator, prepared.pipeline, prepared.parts[split])
    with plugin_errors(prepared.spec.name, "decode"):
        return prepared.task.decode(logits), counts


def split_figures(prepared: Prepared, split: str, answers: np.ndarray) -> dict[str, Any]:
    """Every figure of a split with its interval, of classes or by the task's own metrics.

    Args:
        prepared: the job.
        split: its name.
        answers: ``(n, outputs)`` in the split's order.
    """
    part = prepared.parts[split]
    if not prepared.metrics:
        return figures_of(prepared, answers, part.labels)
    require_answers(prepared, split, answers)
    return figures_of_targets(prepared, targets_of_part(part), answers)


def judge_classifier(
    prepared: Prepared, stages: list[dict[str, Any]], folder: Path, journal: Journal
) -> tuple[dict[str, Any], np.ndarray]:
    """Write ``predictions.parquet``; returns the content of metrics.json and the answers to the test split."""
    judged = {name: probabilities_of(prepared, name) for name in ("validation", "test")}
    probabilities = {name: values for name, (values, _) in judged.items()}
    figures = {name: split_figures(prepared, name, values) for name, values in probabilities.items()}
    metrics: dict[str, Any] = {
        "format": 1,
        "headline": prepared.headline,
        **facts_of_targets(prepared),
        **figures,
        "stages": stages,
    }
    cut = {name: round(counts.truncated_share, 4) for name, (_, counts) in judged.items() if counts is not None}
    if cut:
        metrics["truncation"] = cut
    if prepared.metrics:
        metrics["baselines"] = {BASELINE: constant_figures(prepared, probabilities["test"])}
        conclude_targets(prepared, probabilities, metrics, folder, journal)
        return metrics, probabilities["test"]
    baseline = baseline_figures(prepared, probabilities["test"])
    if baseline is not None:
        metrics["baselines"] = {"tf-idf": baseline}
    write_predictions(folder / folders.PREDICTIONS, prepared.parts, probabilities)
    journal.write("evaluated", test={name: figures["test"][name] for name in ("accuracy", "macro_f1", "log_loss")})
    return metrics, probabilities["test"]


def baseline_figures(prepared: Prepared, test_probabilities: np.ndarray) -> dict[str, Any] | None:
    """What the baseline reaches on the test split, and the paired difference to the model; None where there is none."""
    result = baseline_probabilities(prepared)
    if result is None:
        return None
    return {**compared(prepared, test_probabilities, result.test_probabilities), "chosen": dict(result.chosen)}


def compared(prepared: Prepared, answers: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """Test figures of one model, and how much better another is on the same examples.

    Args:
        prepared: the job.
        answers: of the other model to the test split.
        others: of the model whose figures these are.
    """
    if prepared.metrics:
        return {
            **split_figures(prepared, "test", others),
            "difference": difference_of_answers(prepared, answers, others),
        }
    wanted = prepared.config.evaluation
    return describe_baseline(
        answers,
        others,
        prepared.parts["test"].labels,
        prepared.examples.class_names,
        confidence=wanted.confidence,
        bootstrap_samples=wanted.bootstrap_samples,
        seed=prepared.config.seed,
    )


def baseline_figure(prepared: Prepared, metric: str) -> dict[str, Any] | None:
    """A test figure of the baseline: TF-IDF, or the constant answer to targets; None where there is none."""
    if prepared.metrics:
        test = targets_of_part(prepared.parts["test"])
        return figures_of_targets(prepared, test, np.broadcast_to(constant_answer(prepared), test.shape))[metric]
    found = baseline_probabilities(prepared)
    return None if found is None else split_figures(prepared, "test", found.test_probabilities)[metric]


def baseline_probabilities(prepared: Prepared) -> BaselineResult | None:
    """TF-IDF with logistic regression on the same split, where texts have classes and the config wants it."""
    training, validation, test = (prepared.parts[name] for name in ("train", "validation", "test"))
    too_many = len(training) > MOST_BASELINE_TEXTS
    if prepared.metrics or prepared.examples.kind != "text" or not prepared.config.evaluation.baseline or too_many:
        return None
    return tfidf_baseline(
        list(training.inputs), training.labels, list(validation.inputs), validation.labels, list(test.inputs),
        num_classes=len(training.class_names), seed=prepared.config.seed, metric=prepared.headline,
    )  # fmt: skip
