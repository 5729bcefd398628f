"""Keras optimizers with a learning rate and a weight decay for each variable.

Keras has one learning rate for all variables. Scaling gradients instead does nothing under Adam, which divides
the scale out again; so the rate itself is scaled, where each variable is updated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ftsuite.errors import ConfigError
from ftsuite.optim.rules import VariableRule
from ftsuite.optim.schedules import StageSchedule


class PerVariableRates:
    """Mix-in for a Keras optimizer: scales rate and weight decay by the rule of each variable.

    The decay is decoupled from the gradient (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101).
    """

    _rules: tuple[VariableRule, ...] = ()

    def build(self, variables: Sequence[Any]) -> None:
        """Make the moments of all variables, trained now or later; only the first call does anything."""
        if not getattr(self, "built", False):
            super().build(variables)  # type: ignore[misc]

    def follow(self, rules: Mapping[str, VariableRule]) -> None:
        """Use these rules from now on; the model must be compiled again for them to take effect.

        Raises:
            ValueError: unless the rules cover exactly the variables that the optimizer was built with.
        """
        paths = [variable.path for variable in self._trainable_variables]  # type: ignore[attr-defined]
        uncovered = [path for path in paths if path not in rules]
        if uncovered or len(set(paths)) != len(paths):
            raise ValueError(f"Every variable needs one rule. Without a rule: {uncovered[:5]}")
        self._rules = tuple(rules[path] for path in paths)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable at its own rate, after shrinking it by its own decay."""
        # By index: on TensorFlow this receives backend variables, which carry no path.
        rule = self._rules[self._get_variable_index(variable)]  # type: ignore[attr-defined]
        rate = learning_rate * rule.multiplier
        if rule.weight_decay:
            shrink = keras.ops.cast(rate * rule.weight_decay, variable.dtype)
            self.assign_sub(variable, variable * shrink)  # type: ignore[attr-defined]
        super().update_step(gradient, variable, rate * self.late_start(rule.first_step))  # type: ignore[misc]

    def late_start(self, first_step: int) -> Any:
        """A factor on the rate of a variable whose moments began to fill at `first_step`; 1 where there is none."""
        return 1.0

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Apply gradients to the variables that train now; JAX steps go through here.

        Keras' own insists on gradients for all variables that the optimizer was built with, frozen ones too.
        """
        if keras.backend.backend() == "tensorflow":
            return super().stateless_apply(optimizer_variables, grads, trainable_variables)  # type: ignore[misc]
        thawed = [variable for variable in self._trainable_variables if variable.trainable]  # type: ignore[attr-defined]
        own = list(self.variables)  # type: ignore[attr-defined]
        mapping = [
            *zip(thawed, trainable_variables, strict=True),
            *zip(own, optimizer_variables, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            self.apply(grads, thawed)  # type: ignore[attr-defined]
        return [scope.get_current_value(v) for v in thawed], [scope.get_current_value(v) for v in own]


class AdamW(PerVariableRates, keras.optimizers.Adam):
    """Adam with decoupled weight decay and a rate for each variable."""

    def late_start(self, first_step: int) -> Any:
        """Undo Adam's bias correction by the global step count and apply the one of the variable's own count.

        Moments of a variable that thaws late begin at zero; corrected as if they had filled since step 0 they make it
        learn up to five times as fast as its rate says.
        """
        if first_step == 0:
            return 1.0
        step = keras.ops.cast(self.iterations + 1, "float32")
        return self._correction(step - float(first_step)) / self._correction(step)

    def _correction(self, step: Any) -> Any:
        return keras.ops.sqrt(1.0 - keras.ops.power(self.beta_2, step)) / (1.0 - keras.ops.power(self.beta_1, step))


def make_optimizer(name: str, beta_1: float, beta_2: float, clip_norm: float | None) -> Any:
    """An optimizer by its name in the config; weight decay comes with the rules of `PerVariableRates.follow`.

    Raises:
        ConfigError: for an unknown name.
    """
    # A schedule from the start: a plain rate would be a variable among the optimizer's, and vanish at the first stage.
    rate = StageSchedule(1e-3, 1, 0, "constant")
    clip: dict[str, Any] = {"global_clipnorm": clip_norm} if clip_norm is not None else {}
    if name == "adamw":
        return AdamW(learning_rate=rate, beta_1=beta_1, beta_2=beta_2, **clip)
    raise ConfigError(f"finetune.optimizer.name must be adamw. Received: {name!r}.")
