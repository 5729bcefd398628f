"""What a task may say besides the contract's core: for speed, for texts in batches, for pictures of several sizes.

Every hook has a default that is right; the families of `ftsuite.families` override most of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ftsuite.contract.models import AcceleratedInput

if TYPE_CHECKING:
    from ftsuite.api import Task


class TaskHooks:
    """Optional parts of a task.

    Attributes:
        classifies: False where a job ends with an adapted encoder and trains nothing else.
        kept_pictures: of a task that reads pictures, where it keeps decoded ones
            (`ftsuite.data.kept_pictures.KeptPictures`); the suite fills it as ``data.cache`` says. Else None.

    >>> hooks = TaskHooks()
    >>> hooks.classifies, hooks.mixes_batches, hooks.padded_width(12), hooks.showcase()
    (True, False, 12, ())
    """

    classifies: bool = True
    kept_pictures: Any = None

    def encode(self, texts: Any) -> Any:
        """Turn texts ``(n,)`` string into tokens, a ragged ``(n, None)`` int32, inside tf.data.

        Where a task writes this, batches are made of examples of like length, and `Task.preprocess` is given whole
        batches: ``tokens``, a ragged ``(batch, None)`` int32 as `encode` gave them, ``label`` ``(batch,)``, and keys
        ``(batch, 2)``.
        """
        raise NotImplementedError

    def padded_width(self, longest: int) -> int:
        """The width that `Task.preprocess` pads a batch to whose longest row has so many tokens; with `encode` only."""
        return longest

    @property
    def preprocess_batch(self) -> Callable[[Mapping[str, Any], Any], Any] | None:
        """What makes the features of a whole training batch at once, where that is faster; by default nothing does.

        Called in tf.data with elements as of `Task.preprocess`, ``(batch,)`` each, and keys ``(batch, 2)``; each
        example's features must be what `Task.preprocess` makes of it alone, in any dtype that the training model takes.
        """
        return None

    def augment_batch(self, features: Any, targets: Any, key: Any) -> tuple[Any, Any]:
        """Mix whole batches (features and targets ``(batch, outputs)``); by default nothing is mixed."""
        return features, targets

    @property
    def mixes_batches(self) -> bool:
        """Whether `augment_batch` changes batches; what frozen blocks make of single examples is then not kept."""
        return type(self).augment_batch is not TaskHooks.augment_batch

    @property
    def changes_inputs(self) -> bool | None:
        """Whether `Task.preprocess` changes training examples at random; None where the suite is to find out."""
        return None

    def on_accelerator(self) -> AcceleratedInput | None:
        """Training features that the accelerator makes in part; None, as by default, where the CPU makes all of them.

        They are asked for after `Task.build`. Kept activations and previews are made from those of `Task.preprocess`,
        so both must agree up to rounding.
        """
        return None

    def resized(self, image_size: int) -> Task:
        """This task for pictures of another size, for stages with `image_size`; by default there is none.

        A twin that shares what was fitted and built: only `Task.preprocess` differs, which gives pictures of
        `image_size` pixels, in training and outside. It is asked for after `Task.build`; the suite builds the model for
        that size.

        Raises:
            NotImplementedError: the task has no such twin.
        """
        raise NotImplementedError

    def showcase(self) -> Sequence[str]:
        """A few inputs to predict before and after training, for the report; by default none."""
        return ()

    def adaptation(self) -> Any:
        """How the encoder is adapted to unlabelled text first, an `ftsuite.data.text_options.Adaptation`, or None."""
        return None
