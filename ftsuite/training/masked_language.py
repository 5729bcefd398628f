"""Masked-language modelling for the trainer: the head alone on general text, then everything on domain text.

Going on with pretraining on the text of a domain is Gururangan et al., 2020 (https://arxiv.org/abs/2004.10964).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ftsuite.models.blocks import Block
from ftsuite.training.journal import Journal
from ftsuite.training.plan import HEAD, Stage
from ftsuite.training.seeds import uses_xla
from ftsuite.training.workload import Workload

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig
    from ftsuite.data.masked_batches import MaskedBatch, MaskedBatches

HEAD_PHASE = "masked head"
ADAPT_PHASE = "adapt"
# Of a phase's steps; the rate then falls to zero in a straight line.
_WARMUP_SHARE = 0.1


class TokenLosses(keras.layers.Layer):
    """Negative log-likelihoods ``(batch, positions)`` float32 of tokens under logits.

    On the device, because the logits of a batch over a whole vocabulary are too many to fetch.
    """

    def call(self, logits: Any, targets: Any) -> Any:
        """Of logits ``(batch, positions, vocabulary)`` and token ids ``(batch, positions)``."""
        logits = keras.ops.cast(logits, "float32")
        chosen = keras.ops.take_along_axis(logits, keras.ops.expand_dims(targets, -1), axis=-1)
        return keras.ops.logsumexp(logits, axis=-1) - keras.ops.squeeze(chosen, -1)


class MaskedTokenScorer:
    """Losses of hidden tokens under the present weights of a masked-language model.

    Args:
        model: as `ftsuite.models.masked_language_head.masked_language_model` gives it.
    """

    def __init__(self, model: Any) -> None:
        targets = keras.Input((None,), dtype="int32", name="mask_targets")
        inputs = {tensor.name: tensor for tensor in model.inputs}
        losses = TokenLosses(dtype="float32", name="token_losses")(model.outputs[0], targets)
        self._model = keras.Model({**inputs, "mask_targets": targets}, losses)
        self._model.compile(jit_compile=uses_xla())
        if keras.backend.backend() == "tensorflow":
            self._trace()

    def __call__(self, batch: MaskedBatch) -> np.ndarray:
        """Negative log-likelihood ``(batch, positions)`` of each token to guess; fillers hold anything finite."""
        losses = self._model.predict_on_batch({**batch.features, "mask_targets": batch.targets})
        return np.asarray(losses, dtype=np.float64)

    def _trace(self) -> None:
        """Have one trace for all shapes, whichever comes first in this process.

        TensorFlow traces the first shape alone and later ones together, and kernels of another trace differ in the
        last bits; a resumed run scores other batches first.
        """
        for rows, positions, width in ((1, 1, 2), (2, 2, 3)):
            lengths = {
                tensor.name: positions if tensor.name.startswith("mask_") else width for tensor in self._model.inputs
            }
            self._model.predict_on_batch(
                {
                    tensor.name: np.zeros((rows, lengths[tensor.name]), np.dtype(tensor.dtype))
                    for tensor in self._model.inputs
                }
            )


@dataclass(frozen=True)
class MaskedLanguageJudge:
    """Judges by the mean loss of a few held-out rows, hidden once and always the same way.

    Attributes:
        scorer: over the model that is trained.
        batches: to judge on.
    """

    scorer: MaskedTokenScorer
    batches: Sequence[MaskedBatch]
    loss_name: str = "log_loss"
    directions: Mapping[str, int] = field(default_factory=lambda: {"log_loss": -1})

    def figures(self, evaluator: Any) -> dict[str, float]:
        """The mean negative log-likelihood of a hidden token; the scorer stands for the evaluator."""
        total = sum(float((self.scorer(batch) * batch.weights).sum()) for batch in self.batches)
        return {"log_loss": total / max(sum(float(batch.weights.sum()) for batch in self.batches), 1.0)}

    def assess(self, evaluator: Any) -> dict[str, Any]:
        """The same; the figures with intervals are made once, after the phase, on every held-out word."""
        value = self.figures(evaluator)["log_loss"]
        return {"log_loss": {"value": value, "n": int(sum(batch.weights.sum() for batch in self.batches))}}

    def doubt(self, assessed: dict[str, Any]) -> str | None:
        """None: what adapting is worth is told by its own figures."""
        return None


class PhaseJournal(Journal):
    """A run's journal that puts the phase into every event.

    Args:
        journal: of the run.
        phase: `HEAD_PHASE` or `ADAPT_PHASE`.
    """

    def __init__(self, journal: Journal, phase: str) -> None:
        super().__init__(journal.path, journal.tell)
        self._phase = phase

    def write(self, event: str, **fields: Any) -> None:
        """Append one event of this phase."""
        super().write(event, phase=self._phase, **fields)

    def tell(self, entry: dict[str, Any]) -> None:
        """Show the listener something of this phase."""
        super().tell({"phase": self._phase, **entry})


def masked_language_workload(
    model: Any,
    blocks: Sequence[Block],
    phase: str,
    *,
    batches: MaskedBatches,
    judge: MaskedLanguageJudge,
    epochs: int,
    learning_rate: float,
    optimizer: Any,
    finetune: FinetuneConfig,
) -> Workload:
    """One phase as the trainer takes it.

    Args:
        model: as `ftsuite.models.masked_language_head.masked_language_model` gives it.
        blocks: of the model, head last.
        phase: `HEAD_PHASE` trains the masked-language head over a frozen encoder, `ADAPT_PHASE` everything.
        batches: to train on.
        judge: of held-out rows.
        epochs: over the batches.
        learning_rate: the highest, after a linear warm-up and before a linear decay.
        optimizer: with `PerVariableRates`, not built yet; each phase has its own.
        finetune: the config's part; its early stopping is not for these phases, which have a fixed length; LoRA and
            L2-SP begin where they end.
    """
    names = tuple(block.name for block in blocks)
    total = epochs * batches.steps_per_epoch
    stage = Stage(
        number=0,
        name=phase,
        trained=(HEAD,) if phase == HEAD_PHASE else names,
        total_steps=total,
        steps_per_epoch=batches.steps_per_epoch,
        warmup_steps=min(round(_WARMUP_SHARE * total), total - 1),
        learning_rate=learning_rate,
        layer_decay=1.0,
        schedule="linear",
    )
    return Workload(
        model=model,
        blocks=tuple(blocks),
        stages=(stage,),
        batches=batches.training_epoch,
        examples_per_step=batches.rows_per_step,
        judge=judge,
        # The mean over the tokens to guess: plain averaging would count the fillers as right.
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight"),
        metrics=list,
        optimizer=optimizer,
        finetune=finetune.model_copy(update={"early_stopping": None, "lora": None, "l2_sp": None, "wise_ft": None}),
        batch_norm="frozen-stats",
        guess_loss=math.log(model.outputs[0].shape[-1]),
        token_counts=batches.token_counts,
    )
