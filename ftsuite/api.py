"""The plugin contract, on one screen: what a task says of itself (`TaskSpec`) and what it must write (`Task`).

A task plugin is a package with an entry point in the group ``ftsuite.tasks`` whose name is the config's ``task:`` and
whose value is a `TaskSpec`. The spec imports neither Keras nor TensorFlow; the class that its ``factory`` names may.
The suite owns everything else: split, loop, freezing, schedules, seeds, checkpoints, evaluation and report.

Most plugins inherit from a family of `ftsuite.families`, which writes all of it. Everything optional is in `TaskHooks`.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftsuite.contract.examples import Collected as Collected
from ftsuite.contract.examples import Examples as Examples
from ftsuite.contract.hooks import TaskHooks as TaskHooks
from ftsuite.contract.metrics import Metric as Metric
from ftsuite.contract.models import AcceleratedInput as AcceleratedInput
from ftsuite.contract.models import TaskModel as TaskModel
from ftsuite.contract.report_parts import Bars as Bars
from ftsuite.contract.report_parts import ReportPart as ReportPart
from ftsuite.contract.report_parts import Scatter as Scatter
from ftsuite.contract.report_parts import Table as Table
from ftsuite.contract.spec import API_VERSION as API_VERSION
from ftsuite.contract.spec import ENTRY_POINT_GROUP as ENTRY_POINT_GROUP
from ftsuite.contract.spec import Options as Options
from ftsuite.contract.spec import TaskSpec as TaskSpec
from ftsuite.errors import DataError as DataError  # what a task raises for data that it cannot use

if TYPE_CHECKING:
    from ftsuite.config import DataConfig

Progress = Callable[[str, int, int], None]


class Task(TaskHooks, abc.ABC):
    """One family of jobs. An instance lives for one run.

    >>> sorted(Task.__abstractmethods__)  # all that has no default; a family writes these too
    ['build', 'decode', 'load', 'objective', 'preprocess']
    """

    def __init__(self, options: Options, seed: int) -> None:
        self.options: Any = options
        self.seed = seed

    @abc.abstractmethod
    def load(self, data: DataConfig, progress: Progress | None = None) -> Examples:
        """All examples of the source, with its official splits where it has them."""

    def fit_preprocessing(self, training: Examples) -> None:
        """Fit whatever preprocessing learns from data; it is shown the training split only."""

    @abc.abstractmethod
    def preprocess(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """Turn one element into the training model's features, in tf.data.

        Args:
            element: scalars ``input`` (string), ``decoder`` (uint8) and ``label`` (int64), and ``contents`` (string)
                where the bytes of a picture are at hand already, as those of records.
            training: whether random augmentation applies.
            key: ``(2,)`` int32 seed, a pure function of (run seed, epoch, example).
        """

    @abc.abstractmethod
    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> TaskModel:
        """The backbone with a head of one output for each name: the classes, or the targets."""

    @abc.abstractmethod
    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """The Keras loss over (targets, logits), one-hot where classes are meant; `focal_gamma` 0 is plain."""

    @abc.abstractmethod
    def decode(self, logits: np.ndarray) -> np.ndarray:
        """Logits ``(n, outputs)`` to answers ``(n, outputs)`` float32: probabilities, or numbers."""

    # What follows is for tasks whose examples have `targets`: anything else than one class of several.

    def metrics(self) -> Sequence[Metric]:
        """The figures, headline first; empty for one class of several, whose figures the suite knows."""
        return ()

    def baseline(self, targets: np.ndarray) -> np.ndarray:
        """One answer ``(outputs,)`` to all inputs, from training targets ``(n, outputs)``: what a model must beat."""
        mean: np.ndarray = targets.mean(axis=0)
        return mean

    def errors(self, targets: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """How far off each answer is, ``(n,)``, by which the report picks the worst; both are ``(n, outputs)``."""
        far: np.ndarray = np.abs(targets - answers).mean(axis=1)
        return far

    def report(self, targets: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> Sequence[ReportPart]:
        """Plots and tables over the test split, ``(n, outputs)`` each, for the report."""
        return ()
