"""The optimizers that a config may name, each with what `PerVariableRates` and `TowardStart` add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ftsuite.config.checks import OPTIMIZER_DEFAULTS
from ftsuite.errors import ConfigError
from ftsuite.optim.per_variable import PerVariableRates
from ftsuite.optim.schedules import StageSchedule
from ftsuite.optim.starting_point import TowardStart

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig


class AdamW(TowardStart, PerVariableRates, keras.optimizers.Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101)."""


class SGD(TowardStart, PerVariableRates, keras.optimizers.SGD):
    """Gradient descent with momentum, Nesterov's or plain, and decoupled weight decay."""


class Lion(TowardStart, PerVariableRates, keras.optimizers.Lion):
    """The sign of a running mean of gradients (Chen et al., 2023, https://arxiv.org/abs/2302.06675)."""


class Muon(TowardStart, PerVariableRates, keras.optimizers.Muon):
    """Orthogonalised momentum for matrices, Adam for everything else.

    After Jordan et al., 2024 (https://kellerjordan.github.io/posts/muon), with steps as long as Adam's (Liu et al.,
    2025, https://arxiv.org/abs/2502.16982), so that a rate for AdamW is one for Muon. Adam takes the variables that
    do not have two axes (vectors, convolutions, the kernels of attention heads), embeddings and the head.
    """

    _head_keys: frozenset[Any] = frozenset()

    def build(self, variables: Sequence[Any], head: Sequence[Any] = ()) -> None:
        """As `PerVariableRates.build`.

        Raises:
            ConfigError: if there is nothing that Muon is for.
        """
        if getattr(self, "built", False):
            return
        self._head_keys = frozenset(self._var_key(variable) for variable in head)
        others = [variable for variable in variables if self._var_key(variable) not in self._head_keys]
        # Where the head alone trains, Adam is what is meant for it.
        if others and all(self._should_use_adamw(variable) for variable in others):
            raise ConfigError(
                "finetune.optimizer.name: muon needs matrices to train outside of the embeddings and the head, "
                f"as transformers have. Received: {len(others)} other variables.",
                "Write `name: adamw`.",
            )
        super().build(variables, head)

    def _should_use_adamw(self, variable: Any) -> bool:
        return self._var_key(variable) in self._head_keys or bool(super()._should_use_adamw(variable))


_CLASSES: dict[str, Any] = {"adamw": AdamW, "sgd": SGD, "lion": Lion, "muon": Muon}
# What Keras' Muon calls the keys of a config.
_MUON_NAMES = {"beta_1": "adam_beta_1", "beta_2": "adam_beta_2"}


def make_optimizer(
    name: str,
    beta_1: float | None = None,
    beta_2: float | None = None,
    clip_norm: float | None = None,
    *,
    momentum: float | None = None,
    nesterov: bool | None = None,
    clip_value: float | None = None,
    accumulate_steps: int = 1,
    average_decay: float | None = None,
    keeps_start: bool = False,
) -> Any:
    """An optimizer by its name in the config; weight decay comes with the rules of `PerVariableRates.follow`.

    Args:
        name: ``adamw``, ``sgd``, ``lion`` or ``muon``.
        beta_1: see `ftsuite.config.OptimizerConfig`, also for the rest; None for the optimizer's own.
        beta_2: see there.
        clip_norm: longest global norm of the gradients of an update; None for any.
        momentum: see there.
        nesterov: see there.
        clip_value: largest entry of a gradient; None for any.
        accumulate_steps: batches that make one update.
        average_decay: of the average of the weights; None keeps none.
        keeps_start: remember the weights at `build`, to pull toward them.

    Raises:
        ConfigError: for an unknown name.
    """
    if name not in _CLASSES:
        raise ConfigError(f"finetune.optimizer.name must be one of {', '.join(_CLASSES)}. Received: {name!r}.")
    given = {"beta_1": beta_1, "beta_2": beta_2, "momentum": momentum, "nesterov": nesterov}
    settings = {**OPTIMIZER_DEFAULTS[name], **{key: value for key, value in given.items() if value is not None}}
    del settings["weight_decay"]
    if name == "muon":
        settings = {_MUON_NAMES.get(key, key): value for key, value in settings.items()}
    if clip_norm is not None:
        settings["global_clipnorm"] = clip_norm
    if clip_value is not None:
        settings["clipvalue"] = clip_value
    return _CLASSES[name](
        # A schedule from the start: a plain rate would be a variable among the optimizer's, and vanish at the first
        # stage.
        learning_rate=StageSchedule(1e-3, 1, 0, "constant"),
        accumulate_steps=accumulate_steps,
        average_decay=average_decay,
        keeps_start=keeps_start,
        **settings,
    )


def optimizer_of(finetune: FinetuneConfig) -> Any:
    """The optimizer that a plan asks for, not built yet."""
    wanted = finetune.optimizer
    return make_optimizer(
        wanted.name,
        wanted.beta_1,
        wanted.beta_2,
        wanted.clip_norm,
        momentum=wanted.momentum,
        nesterov=wanted.nesterov,
        clip_value=wanted.clip_value,
        accumulate_steps=wanted.accumulate_steps,
        average_decay=finetune.ema.decay if finetune.ema is not None else None,
        keeps_start=finetune.l2_sp is not None,
    )
