"""The plugin contract, on one screen: what a task says of itself and what it must write.

A task plugin is a package with an entry point in the group ``ftsuite.tasks`` whose name is the config's
``task:`` and whose value is a `TaskSpec`. The spec imports neither Keras nor TensorFlow; the class that its
``factory`` names may. The suite owns everything else: split, loop, freezing, schedules, seeds, checkpoints,
evaluation and report.
"""

from __future__ import annotations

import abc
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pydantic

from ftsuite.errors import DataError as DataError  # part of the contract: what a task raises for data it cannot use
from ftsuite.errors import PluginError

if TYPE_CHECKING:
    from ftsuite.config import DataConfig

API_VERSION = 1
ENTRY_POINT_GROUP = "ftsuite.tasks"
Progress = Callable[[str, int, int], None]


class Options(pydantic.BaseModel):
    """Base of a task's own options: frozen, and an unknown key is an error."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class Collected:
    """What would have stopped a run while its examples were loaded, collected in place of an error.

    Attributes:
        bad_files: ``(id, path, reason)`` of files and rows that cannot be used.
        refusals: a sentence for everything else that a run would refuse.
    """

    bad_files: tuple[tuple[str, str, str], ...] = ()
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examples:
    """Labelled examples without their pixels or tokens: parallel columns, all of length n.

    Attributes:
        ids: stable and unique, for instance a path relative to the source's folder.
        inputs: the path of a picture, a text, the id of a picture that the field guide draws, or the name of a record.
            Like `ids`, `content_hashes` and `groups` a tuple, or a sequence with a `take` of its own whose strings are
            made when they are asked for (`ftsuite.data.columns`).
        labels: ``(n,)`` int64, an index into `class_names`.
        class_names: names in the order of the model's outputs.
        content_hashes: sha256 (hexadecimal) of each example's content.
        kind: what `inputs` holds: ``image-file``, ``text`` or ``field-guide``.
        splits: ``(n,)`` of ``train``, ``validation``, ``test`` or empty, where the source has official splits.
        groups: examples of one group never lie on both sides of a split.
        decoders: ``(n,)`` uint8, 0 where TensorFlow decodes the picture and 1 where Pillow must.
        times: ``(n,)`` datetime64[us], int64 or float64, for a split forward in time; None where none is asked for.
        notes: what was skipped or repaired on the way, a sentence each.
        sources: ``(n,)`` int16, which of several sources each example is of, in the order of ``data.source``; None
            where there is one.
        sample_weights: ``(n,)`` float32 with mean 1, how often training shows each example in an epoch, on average;
            None for once each.
        collected: what would have stopped a run; None where it was not collected, so that none of it is there.
    """

    ids: Sequence[str]
    inputs: Sequence[str]
    labels: np.ndarray
    class_names: tuple[str, ...]
    content_hashes: Sequence[str]
    kind: str
    splits: np.ndarray | None = None
    groups: Sequence[str] | None = None
    decoders: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    sources: np.ndarray | None = None
    sample_weights: np.ndarray | None = None
    collected: Collected | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: Sequence[int] | np.ndarray) -> Examples:
        """The examples at the given positions, in that order."""
        array = np.asarray(positions, dtype=np.int64)
        return replace(
            self,
            ids=_taken(self.ids, array),
            inputs=_taken(self.inputs, array),
            labels=self.labels[array],
            content_hashes=_taken(self.content_hashes, array),
            splits=None if self.splits is None else self.splits[array],
            groups=None if self.groups is None else _taken(self.groups, array),
            decoders=None if self.decoders is None else self.decoders[array],
            sources=None if self.sources is None else self.sources[array],
            sample_weights=None if self.sample_weights is None else self.sample_weights[array],
            times=None if self.times is None else self.times[array],
        )


def _taken(column: Sequence[str], positions: np.ndarray) -> Sequence[str]:
    take = getattr(column, "take", None)
    return take(positions) if take is not None else tuple(column[i] for i in positions)


class TaskModel(NamedTuple):
    """What `Task.build` gives back: two Keras models over the same variables.

    Attributes:
        training: preprocessed features to logits ``(batch, num_classes)``.
        serving: raw input to probabilities ``(batch, num_classes)``, preprocessing and class names inside.
        backbone: the part of `training` whose blocks the plan freezes and thaws.
        input_summary: what one input becomes, in words: ``224 pixels``, ``at most 128 tokens``.
    """

    training: Any
    serving: Any
    backbone: Any
    input_summary: str = ""


class AcceleratedInput(NamedTuple):
    """Training features of which a part is made on the accelerator, inside the training step.

    Attributes:
        preprocess: in place of `Task.preprocess`, in training only.
        augment_batch: in place of `Task.augment_batch`.
        in_front: the training model, or its twin for another size, to a model of what these two give, over the same
            variables.
        preprocess_batch: elements and keys ``(batch, 2)`` of a training batch to its features at once, where that is
            faster; each example's must be what `preprocess` makes of it alone.
    """

    preprocess: Callable[[Mapping[str, Any], bool, Any], Any]
    augment_batch: Callable[[Any, Any, Any], tuple[Any, Any]]
    in_front: Callable[[Any], Any]
    preprocess_batch: Callable[[Mapping[str, Any], Any], Any] | None = None


class Task(abc.ABC):
    """One family of jobs. An instance lives for one run.

    Attributes:
        classifies: False where a job ends with an adapted encoder and trains no classifier.
        kept_pictures: of a task that reads pictures, where it keeps decoded ones
            (`ftsuite.data.kept_pictures.KeptPictures`); the suite fills it as ``data.cache`` says. Else None.
    """

    classifies: bool = True
    kept_pictures: Any = None

    def __init__(self, options: Options, seed: int) -> None:
        self.options: Any = options
        self.seed = seed

    @abc.abstractmethod
    def load(self, data: DataConfig, progress: Progress | None = None) -> Examples:
        """All examples of the source, with its official splits where it has them."""

    def fit_preprocessing(self, training: Examples) -> None:  # noqa: B027 - optional by design
        """Fit whatever preprocessing learns from data; it is shown the training split only."""

    def encode(self, texts: Any) -> Any:
        """Turn texts ``(n,)`` string into tokens, a ragged ``(n, None)`` int32, inside tf.data. Optional.

        Where a task writes this, batches are made of examples of like length, and `preprocess` is given whole batches.
        """
        raise NotImplementedError

    def padded_width(self, longest: int) -> int:
        """The width that `preprocess` pads a batch to whose longest row has so many tokens; with `encode` only."""
        return longest

    @abc.abstractmethod
    def preprocess(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """Turn one element, or one batch where the task has `encode`, into the training model's features, in tf.data.

        Args:
            element: scalars ``input`` (string), ``decoder`` (uint8) and ``label`` (int64), and ``contents`` (string)
                where the bytes of a picture are at hand already, as those of records. Of a batch: ``tokens``, a
                ragged ``(batch, None)`` int32 as `encode` gave them, and ``label`` ``(batch,)``.
            training: whether random augmentation applies.
            key: ``(2,)`` int32 seed, a pure function of (run seed, epoch, example); of a batch ``(batch, 2)``.
        """

    @property
    def preprocess_batch(self) -> Callable[[Mapping[str, Any], Any], Any] | None:
        """What makes the features of a whole training batch at once, where that is faster; by default nothing does.

        Called in tf.data with elements as of `preprocess`, ``(batch,)`` each, and keys ``(batch, 2)``; each example's
        features must be what `preprocess` makes of it alone, in any dtype that the training model takes.
        """
        return None

    def augment_batch(self, features: Any, targets: Any, key: Any) -> tuple[Any, Any]:
        """Mix whole batches (features and one-hot targets); by default nothing is mixed."""
        return features, targets

    @property
    def mixes_batches(self) -> bool:
        """Whether `augment_batch` changes batches; what frozen blocks make of single examples is then not kept."""
        return type(self).augment_batch is not Task.augment_batch

    @property
    def changes_inputs(self) -> bool | None:
        """Whether `preprocess` changes training examples at random; None where the suite is to find out by trying."""
        return None

    def on_accelerator(self) -> AcceleratedInput | None:
        """Training features that the accelerator makes in part; None, as by default, where the CPU makes all of them.

        They are asked for after `build`. Kept activations and previews are made from those of `preprocess`, so both
        must agree up to rounding.
        """
        return None

    def resized(self, image_size: int) -> Task:
        """This task for pictures of another size, for stages with `image_size`; by default there is none.

        A twin that shares what was fitted and built: only `preprocess` differs, which gives pictures of `image_size`
        pixels, in training and outside. It is asked for after `build`; the suite builds the model for that size.

        Raises:
            NotImplementedError: the task has no such twin.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def build(self, backbone: Any, class_names: Sequence[str], dropout: float) -> TaskModel:
        """The backbone with a head for these classes."""

    @abc.abstractmethod
    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """The Keras loss over (one-hot targets, logits); `focal_gamma` 0 is plain cross-entropy."""

    @abc.abstractmethod
    def decode(self, logits: np.ndarray) -> np.ndarray:
        """Logits ``(n, num_classes)`` to probabilities ``(n, num_classes)`` float32."""

    def showcase(self) -> Sequence[str]:
        """A few inputs to predict before and after training, for the report; by default none."""
        return ()

    def adaptation(self) -> Any:
        """How the encoder is adapted to unlabelled text first, an `ftsuite.data.text_options.Adaptation`, or None."""
        return None


@dataclass(frozen=True)
class TaskSpec:
    """What a task says of itself without importing Keras.

    Attributes:
        name: the config's ``task:``; equals the entry point's name.
        summary: one line for ``ftsuite list tasks``.
        options: the model that validates the config's ``options:``.
        factory: ``package.module:Class``, a `Task`, imported when a run needs it.
        headline: the metric that a report leads with: ``accuracy``, ``macro_f1``, or ``auto`` for macro F1 where the
            largest class of the training split has more than three times the examples of the smallest.
        modality: ``image`` or ``text``: which backbones fit.
        api_version: the version of this contract that the plugin was written for.
    """

    name: str
    summary: str
    options: type[Options]
    factory: str
    headline: str = "accuracy"
    modality: str = "image"
    api_version: int = API_VERSION

    def create(self, options: Options, seed: int) -> Task:
        """Import the factory and make the task; raises PluginError naming what is wrong."""
        module_name, _, attribute = self.factory.partition(":")
        try:
            made = getattr(importlib.import_module(module_name), attribute)(options, seed)
        except Exception as error:
            raise PluginError(
                f"The task {self.name!r} cannot be made from its factory {self.factory!r}: "
                f"{type(error).__name__}: {error}",
                "Mend or reinstall the plugin; `ftsuite list tasks` shows where it comes from.",
            ) from error
        if not isinstance(made, Task):
            raise PluginError(
                f"The factory of task {self.name!r} must give an ftsuite.api.Task. Received: {type(made).__name__}."
            )
        return made
