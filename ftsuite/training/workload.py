"""What a trainer is given: a model, its plan, and where batches and figures come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ftsuite.models.blocks import Block
from ftsuite.training.plan import Stage
from ftsuite.training.validation import Judge

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig
    from ftsuite.data.token_counts import TokenCounts
    from ftsuite.training.activations.cache import ActivationCache

# A step's loss may spike by chance; ten times that of a guess is no spike.
_LOST_FACTOR, _LEAST_LOSS_LIMIT = 10.0, 20.0


@dataclass(frozen=True)
class Feed:
    """What one stage trains, and what it sees.

    Attributes:
        model: its inputs are the features of `batches`; the whole network, or what follows its frozen part.
        evaluator: over the same variables, for `judge`.
        batches: (features, targets, weights) of one epoch, counted from 0 through all stages, from one of its steps on.
        judge: of the validation examples, to choose epochs by.
        token_counts: tokens and padding of the first steps that `batches` gave last; None where nothing is tokenised.
    """

    model: Any
    evaluator: Any
    batches: Callable[[int, int], Any]
    judge: Judge
    token_counts: Callable[[int], TokenCounts | None] = lambda steps: None


@dataclass(frozen=True)
class SizedWorkload:
    """What stages train with whose inputs have a size of their own.

    Attributes:
        model: over the same layers and variables, for inputs of that size.
        batches: see `Feed`; for that model.
        cache: see `Workload`; for that model and those batches.
        in_front: see `Workload`; for that model.
    """

    model: Any
    batches: Callable[[int, int], Any]
    cache: Callable[[Workload], ActivationCache] | None = None
    in_front: Callable[[Any], Any] = lambda model: model


@dataclass(frozen=True)
class Workload:
    """What is trained on what.

    Attributes:
        model: features to logits.
        blocks: of the model, head last.
        stages: in order.
        batches: see `Feed`; for the whole model.
        examples_per_step: the batch size.
        judge: see `Feed`; for the whole model.
        loss: Keras loss over targets and logits.
        metrics: Keras metrics of the training batches, made anew for each stage; their variables are sums.
        optimizer: with `PerVariableRates`, not built yet.
        finetune: the config's part.
        batch_norm: the policy that applies; random weights have no statistics to keep.
        guess_loss: the loss of a guess, by which a lost step is told.
        highest_loss: what is no divergence yet; None for ten times the loss of a guess, and at least 20.
        calibration_batches: features in random order, without augmentation, to measure BatchNorm statistics on.
        token_counts: see `Feed`.
        cache: makes the cache of the activations of frozen blocks; None for none.
        conclude: makes the trained model a plain one, and says what the journal tells of it; None where it is one.
        withdraw: takes out of the model what was added for this training alone, trained or not.
        at_size: what is otherwise for stages with a size of their own, by pixels; the judge never is.
        batch_ids: the ids of the examples of a step of an epoch, to name those that a loss was lost on.
        headline: the metric that the run leads with, which chooses where early stopping names none.
        in_front: the model to one of what `batches` hold, where a part of the features is made in the training step.
    """

    model: Any
    blocks: tuple[Block, ...]
    stages: tuple[Stage, ...]
    batches: Callable[[int, int], Any]
    examples_per_step: int
    judge: Judge
    loss: Any
    metrics: Callable[[], list[Any]]
    optimizer: Any
    finetune: FinetuneConfig
    batch_norm: str
    guess_loss: float
    highest_loss: float | None = None
    calibration_batches: Callable[[], Iterable[Any]] | None = None
    token_counts: Callable[[int], TokenCounts | None] = lambda steps: None
    cache: Callable[[Workload], ActivationCache] | None = None
    conclude: Callable[[], dict[str, Any]] | None = None
    batch_ids: Callable[[int, int], Sequence[str]] = lambda epoch, step: ()
    withdraw: Callable[[], None] = lambda: None
    headline: str = "accuracy"
    in_front: Callable[[Any], Any] = lambda model: model
    at_size: Mapping[int, SizedWorkload] = field(default_factory=dict)

    @property
    def loss_limit(self) -> float:
        """The highest loss of a step that is not taken for a divergence."""
        wanted = self.finetune.loss_limit if self.finetune.loss_limit is not None else self.highest_loss
        return wanted if wanted is not None else max(_LOST_FACTOR * self.guess_loss, _LEAST_LOSS_LIMIT)
