"""What a run computes in and how, resolved on this machine, and what its report says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from ftsuite.config import Config
from ftsuite.training.precision import use_precision
from ftsuite.training.seeds import compile_with_xla, is_deterministic, on_accelerator, seed_everything


@dataclass(frozen=True)
class Computing:
    """What holds in a run.

    Attributes:
        precision: that layers compute in: ``float32``, ``bfloat16`` or ``float16``.
        deterministic: whether the run repeats itself bit by bit on this machine.
        accelerator: whether it computes on something else than a CPU.
        recomputed: names of the layers whose insides are computed again on the way back.
    """

    precision: str = "float32"
    deterministic: bool = True
    accelerator: bool = False
    recomputed: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report: only what is otherwise than in float32 on a CPU."""
        found = []
        if self.precision != "float32":
            found.append(
                f"Layers were trained in {self.precision} with float32 weights. The kept model computes in float32, "
                "and the figures of the test are its figures."
            )
        if self.recomputed:
            found.append(f"The insides of {len(self.recomputed)} layers were computed twice to save memory.")
        if self.accelerator and self.deterministic:
            found.append("Operations are deterministic, which costs speed on an accelerator.")
        if not self.deterministic:
            found.append(
                "Operations are not deterministic: another run with this seed gives other last digits. "
                "`deterministic: true` makes it repeat, at a cost in speed."
            )
        return tuple(found)

    def described(self) -> dict[str, Any]:
        """For environment.json."""
        return {"precision": self.precision, "gradient_checkpointing": bool(self.recomputed)}


def begin_computing(config: Config) -> Computing:
    """Forget Keras' names, seed everything, and set the process to what the config asks for, before any layer is made.

    `ftsuite.training.precision.process_settings_kept` takes it back.

    Raises:
        ConfigError: if this backend or machine cannot do it.
    """
    # Keras numbers the layers that it names itself through the life of a process, and the names are saved. This also
    # forgets the precision, so it comes first.
    keras.utils.clear_session(free_memory=False)
    seed_everything(config.seed, config.deterministic)
    compile_with_xla(config.finetune.xla)
    return Computing(use_precision(config.finetune.precision), is_deterministic(config.deterministic), on_accelerator())
