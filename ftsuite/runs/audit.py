"""The audit of a config's data: everything that a run would train and test on, and what a run would refuse."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ftsuite.api import Collected, Examples, Progress, TaskSpec
from ftsuite.config import Config, LoadedConfig, source_text
from ftsuite.data.audit.findings import SEVERITIES, Finding
from ftsuite.data.splits import TRAIN
from ftsuite.errors import ArtifactError, ConfigError, DataError, FtsuiteError, PluginError, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs.audit_checks import CHECKS, PICTURES, Audited, Check, feature_source
from ftsuite.runs.audit_inputs import options_of
from ftsuite.runs.audit_predictions import FoldPredictions, fold_predictions
from ftsuite.runs.example_checks import require_kind
from ftsuite.runs.loading import load_of_task
from ftsuite.runs.own_metrics import metrics_of, require_targets
from ftsuite.runs.prepare import plugin_errors, used_splits

# Copies are looked for whatever a run would do about them, and of folds none is the one that is tested.
_AS_FOUND = {"duplicates": "keep", "overlap": "allow", "folds": None}
Listener = Callable[[Mapping[str, Any]], None]
State = Literal["made", "left out", "failed"]


@dataclass(frozen=True)
class MadeCheck:
    """How one check went.

    Attributes:
        name: of the check.
        title: what it looks for.
        state: ``failed`` is a defect of the check's.
        reason: why it was left out or failed; empty where it was made.
        seconds: that it took.
        findings: how many it made.
        traceback: of a check that failed.
    """

    name: str
    title: str
    state: State
    reason: str = ""
    seconds: float = 0.0
    findings: int = 0
    traceback: str = ""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        loaded: the config.
        examples: that were looked at; every class holds one.
        splits: ``(n,)`` str, as a run splits them.
        empty_classes: names of classes that hold no example.
        collected: what would have stopped a run.
        findings: by severity, overviews last, else as the checks stand in their table.
        checks: how each check went, in the order of the table.
        quick: whether checks by features were left out.
        seconds: that all of it took.
        predictions: of cross-validations that labels were judged by; None where none was named.
    """

    loaded: LoadedConfig
    examples: Examples
    splits: np.ndarray
    empty_classes: tuple[str, ...]
    collected: Collected
    findings: tuple[Finding, ...]
    checks: tuple[MadeCheck, ...]
    quick: bool
    seconds: float
    predictions: FoldPredictions | None = None

    def count(self, severity: str) -> int:
        """Findings of one severity."""
        return sum(finding.severity == severity for finding in self.findings)


def audit(
    loaded: LoadedConfig,
    *,
    quick: bool = False,
    progress: Progress | None = None,
    listener: Listener | None = None,
    checks: Sequence[Check] | None = None,
    predictions: Sequence[str] = (),
) -> Audit:
    """Look at the data of a config.

    Args:
        loaded: the config.
        quick: leave out what needs features, which a pretrained model has to compute.
        progress: told how loading and checks go on.
        listener: told an event ``check`` after each check, with its name, state, seconds and findings.
        checks: to make; None for all there are.
        predictions: folders of finished cross-validations of these data, whose test predictions judge labels together
            with the features.

    Raises:
        ArtifactError: one of the `predictions` is none, or torn.
        ConfigError: a source or column that cannot be understood; `predictions` where nothing would ask them.
        DataError: data that cannot be read at all: nothing there, or no table.
        PluginError: the task's plugin fails.
        ResourceError: a data set that cannot be downloaded.
    """
    began = time.monotonic()
    _refuse_idle(predictions, quick)
    quiet: Progress = progress or (lambda text, done, total: None)
    tell: Listener = listener or (lambda event: None)
    spec = Registry.discover().spec(loaded.config.task)
    everything = _load(loaded, spec, quiet)
    examples, empty = _without_empty_classes(everything)
    _refuse_without_classes(predictions, everything)
    collected = everything.collected or Collected()
    examples, splits, collected = _split(examples, loaded.config, collected)
    folds = fold_predictions(predictions, examples, empty) if predictions else None
    audited = Audited(
        loaded, spec, examples, splits, empty, collected, _once(lambda: feature_source(loaded, examples, quiet)),
        quick, quiet, folds.held_out if folds is not None else None,
    )  # fmt: skip
    findings: list[Finding] = []
    made = []
    for check in CHECKS if checks is None else checks:
        one, found = _make(check, audited)
        made.append(one)
        findings += found
        tell({"event": "check", "check": one.name, "state": one.state, "reason": one.reason,
              "seconds": round(one.seconds, 3), "findings": one.findings})  # fmt: skip
    # What points at nothing is an overview, and comes behind what does.
    findings.sort(key=lambda found: (SEVERITIES.index(found.severity), found.severity == "note" and not found.flagged))
    seconds = time.monotonic() - began
    return Audit(loaded, examples, splits, empty, collected, tuple(findings), tuple(made), quick, seconds, folds)


def _refuse_idle(predictions: Sequence[str], quick: bool) -> None:
    if predictions and quick:
        raise ConfigError(
            "--predictions is for the check label-errors, which --quick leaves out. Received: both.",
            "Leave one of them away.",
        )


def _refuse_without_classes(predictions: Sequence[str], examples: Examples) -> None:
    if predictions and examples.targets is not None:
        raise ConfigError(
            "--predictions is for labels that are classes. Received: data whose task answers with "
            f"{', '.join(examples.target_names[:3])}.",
            "Leave it away: the checks that remain need no folds.",
        )


def _load(loaded: LoadedConfig, spec: TaskSpec, progress: Progress) -> Examples:
    config = loaded.config
    task = spec.create(options_of(loaded, spec), config.seed)
    with plugin_errors(spec.name, "load"):
        examples = load_of_task(task, config.data, progress, collect=True)
    require_kind(spec, examples, config)
    require_targets(examples, metrics_of(task, spec), spec)
    collected = examples.collected or Collected()
    if not len(examples) and not collected.bad_files:
        said = " ".join(collected.refusals)
        raise DataError(
            f"Expected labelled examples in {source_text(config.data.source)}. Received: none. {said}".strip(),
            "Name the folder that holds the class folders, or a table with rows.",
        )
    return examples


def _without_empty_classes(examples: Examples) -> tuple[Examples, tuple[str, ...]]:
    """The examples with those classes alone that hold any, so that no check meets an empty one, and the other names."""
    counts = np.bincount(examples.labels, minlength=len(examples.class_names))
    if counts.all():
        return examples, ()
    kept = np.flatnonzero(counts)
    renumber = np.full(len(counts), -1)
    renumber[kept] = np.arange(len(kept))
    names = tuple(examples.class_names[label] for label in kept)
    empty = tuple(examples.class_names[label] for label in np.flatnonzero(counts == 0))
    return replace(examples, labels=renumber[examples.labels].astype(np.int64), class_names=names), empty


def _split(examples: Examples, config: Config, collected: Collected) -> tuple[Examples, np.ndarray, Collected]:
    """The split of a run; where a run would refuse to make one, official splits, and training for all else."""
    if not len(examples):
        return examples, np.zeros(0, dtype="<U10"), collected
    everything = config.model_copy(update={"data": config.data.model_copy(update=_AS_FOUND)})
    try:
        examples, splits = used_splits(examples, everything)
    except DataError as error:
        collected = replace(collected, refusals=(*collected.refusals, f"{error.message} {error.advice}".strip()))
        splits = np.full(len(examples), "", dtype="<U10") if examples.splits is None else examples.splits
        splits = np.where(splits == "", TRAIN, splits)
    return examples, splits, collected


def _make(check: Check, audited: Audited) -> tuple[MadeCheck, list[Finding]]:
    reason = _why_not(check, audited)
    if reason:
        return MadeCheck(check.name, check.title, "left out", reason), []
    began = time.monotonic()
    try:
        found = check.look(audited)
    except (ArtifactError, ConfigError, DataError, PluginError, ResourceError) as error:
        # A backbone that is not to be had, or a file that went bad meanwhile, stops what needs it and nothing else.
        return MadeCheck(check.name, check.title, "left out", str(error), time.monotonic() - began), []
    except FtsuiteError:
        raise
    except (MemoryError, OSError):
        raise
    except Exception as error:  # one check's defect must not cost what the others found
        reason = f"{type(error).__name__}: {error}"
        kept = "".join(traceback.format_exception(error))
        return MadeCheck(check.name, check.title, "failed", reason, time.monotonic() - began, traceback=kept), []
    return MadeCheck(check.name, check.title, "made", "", time.monotonic() - began, len(found)), found


def _why_not(check: Check, audited: Audited) -> str:
    """Why a check is not for these data, or was not asked for; empty where it is to be made."""
    examples = audited.examples
    if check.modality and (check.modality == PICTURES) == (examples.kind == "text"):
        return f"It is for {check.modality}."
    if check.needs_features and audited.quick:
        return "It needs features of every example, which --quick leaves out."
    # What would be refused is told even where there is nothing else to look at.
    if not len(examples) and check.name not in ("refused", "class-names", "class-counts"):
        return "There is no usable example."
    if check.of_classes and examples.targets is not None:
        return "It is for classes, and this task has none."
    if check.fewest_classes > len(examples.class_names) + len(audited.empty_classes) * (not check.needs_features):
        return f"It needs at least {check.fewest_classes} classes."
    return ""


def _once(compute: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    """Compute a value when it is first asked for; a failure is remembered as well."""
    kept: list[np.ndarray | FtsuiteError] = []

    def value() -> np.ndarray:
        if not kept:
            try:
                kept.append(compute())
            except FtsuiteError as error:
                kept.append(error)
        if isinstance(kept[0], FtsuiteError):
            raise kept[0]
        return kept[0]

    return value
