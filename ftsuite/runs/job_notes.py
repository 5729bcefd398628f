"""Sentences that a run says of itself before it trains."""

from __future__ import annotations

import keras

from ftsuite.api import TaskSpec
from ftsuite.config import Config
from ftsuite.models.backbones import LoadedBackbone
from ftsuite.models.freezing import leaf_layers
from ftsuite.models.text_backbones import LoadedTextBackbone

# A stream's texts may be more than memory holds, and the baseline wants all of its training texts at once.
MOST_BASELINE_TEXTS = 200_000


def scratch_notes(config: Config, backbone: LoadedBackbone | LoadedTextBackbone) -> tuple[str, ...]:
    """What the config says of pretrained weights, where those of the job are random."""
    held = next((key for key in ("lora", "l2_sp") if getattr(config.finetune, key) is not None), None)
    note = (f"The weights are random, and finetune.{held} keeps the model near them; it is meant for pretrained ones.",)
    return (*_statistics_notes(config, backbone), *(note if held and not backbone.pretrained else ()))


def unmeasured_notes(spec: TaskSpec, config: Config, training: int) -> tuple[str, ...]:
    """What the config's ``evaluation`` asks for and the data do not allow."""
    notes = []
    too_large = [count for count in config.evaluation.learning_curve if count >= training]
    if too_large:
        notes.append(
            f"Left {', '.join(f'{count:,}' for count in too_large)} out of evaluation.learning_curve: there are "
            f"{training:,} training examples, and the run itself is the curve's last point."
        )
    if spec.modality == "text" and config.evaluation.baseline and training > MOST_BASELINE_TEXTS:
        notes.append(f"The TF-IDF baseline is left out: it takes up to {MOST_BASELINE_TEXTS:,} training texts.")
    return tuple(notes)


def _statistics_notes(config: Config, backbone: LoadedBackbone | LoadedTextBackbone) -> tuple[str, ...]:
    has_batch_norm = any(isinstance(layer, keras.layers.BatchNormalization) for layer in leaf_layers(backbone.model))
    if backbone.pretrained or config.finetune.lora or config.finetune.batch_norm == "train" or not has_batch_norm:
        return ()
    return (
        f"The weights are random, so finetune.batch_norm: {config.finetune.batch_norm} has no statistics to start "
        "from; they are trained.",
    )
