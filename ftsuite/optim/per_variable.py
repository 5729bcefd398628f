"""What all of the suite's optimizers share: a rule for each variable, accumulated gradients, averaged weights.

Keras has one learning rate for all variables. Scaling gradients instead does nothing under Adam, which divides
the scale out again; so the rate itself is scaled, where each variable is updated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ftsuite.optim.accumulation import cycle_at, run_if, summed
from ftsuite.optim.rules import VariableRule


class PerVariableRates:
    """Mix-in for a Keras optimizer: scales rate and weight decay by the rule of each variable.

    The decay is decoupled from the gradient (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101). The
    optimizer counts the updates of each variable, and Adam corrects its moments by that count: the moments of a
    variable that thaws late begin at zero, and corrected by a count that ran before, they make it learn up to five
    times as fast as its rate says.

    Args:
        accumulate_steps: batches whose mean gradient makes one update. The learning rate must be a `StageSchedule`,
            which says where a stage begins and ends: no update mixes the gradients of two stages, and a stage's last
            update takes what batches are left.
        average_decay: of the exponential moving average of the weights, in (0, 1); None keeps none.
        keywords: of the Keras optimizer.
    """

    # On the class, because Keras refuses attributes before its own constructor has run.
    _rules: tuple[VariableRule, ...] = ()
    _trained_indices: tuple[int, ...] | None = None
    _updated_index: int | None = None

    def __init__(self, *, accumulate_steps: int = 1, average_decay: float | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.accumulate_steps = accumulate_steps
        self.average_decay = average_decay

    def build(self, variables: Sequence[Any], head: Sequence[Any] = ()) -> None:
        """Make the moments of all variables, trained now or later; only the first call does anything.

        Args:
            variables: all that will ever be trained.
            head: those of them that belong to the model's last layers.
        """
        if getattr(self, "built", False):
            return
        super().build(list(variables))  # type: ignore[misc]
        self._counts = self._counters("updates", len(variables))
        self._accumulators: list[Any] = []
        if self.accumulate_steps > 1:
            self._accumulators = self.add_optimizer_variables(variables, "gradient_sum")  # type: ignore[attr-defined]
        self._averages: list[Any] = []
        if self.average_decay is not None:
            self._averages = self.add_optimizer_variables(variables, "average")  # type: ignore[attr-defined]
            self._average_counts = self._counters("averaged_updates", len(variables))

    def _counters(self, name: str, length: int) -> Any:
        return self.add_variable((length,), dtype="int", aggregation="only_first_replica", name=name)  # type: ignore[attr-defined]

    def follow(self, rules: Mapping[str, VariableRule], trained: Sequence[Any] | None = None) -> None:
        """Use these rules from now on; the model must be compiled again for them to take effect.

        Args:
            rules: by the path of the variable.
            trained: the variables that train now, in the order of the trained model's ``trainable_variables``, which
                JAX needs; None for those with ``trainable`` set, in the order that the optimizer was built with.

        Raises:
            ValueError: unless the rules cover exactly the variables that the optimizer was built with, and it was
                built with all of `trained`.
        """
        paths = [variable.path for variable in self._trainable_variables]  # type: ignore[attr-defined]
        uncovered = [path for path in paths if path not in rules]
        if uncovered or len(set(paths)) != len(paths):
            raise ValueError(f"Every variable needs one rule. Without a rule: {uncovered[:5]}")
        self._rules = tuple(rules[path] for path in paths)
        self._trained_indices = None if trained is None else tuple(self._place(variable) for variable in trained)

    def _place(self, variable: Any) -> int:
        """Places are kept and not variables, because Keras takes variables in an attribute for the optimizer's own."""
        index = self._trainable_variables_indices.get(self._var_key(variable))  # type: ignore[attr-defined]
        if index is None:
            raise ValueError(f"The optimizer must be built with all that it trains. Received: {variable.path!r}")
        return int(index)

    @property
    def iterations(self) -> Any:
        """Batches seen; while a variable is updated, its own updates before this one, which Adam corrects by."""
        if self._updated_index is None:
            return self._iterations  # type: ignore[attr-defined]
        return self._counts[self._updated_index]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable at its own rate, after shrinking it by its own decay."""
        # By index: on TensorFlow this receives backend variables, which carry no path.
        index = self._get_variable_index(variable)  # type: ignore[attr-defined]
        rule = self._rules[index]
        rate = learning_rate * rule.multiplier
        if rule.weight_decay:
            shrink = keras.ops.cast(rate * rule.weight_decay, variable.dtype)
            self.assign_sub(variable, variable * shrink)  # type: ignore[attr-defined]
        self._updated_index = index
        try:
            super().update_step(gradient, variable, rate)  # type: ignore[misc]
        finally:
            self._updated_index = None
        if self._averages:
            self._move_average(index, variable)

    def _move_average(self, index: int, variable: Any) -> None:
        """Move the average towards a variable that was just updated.

        As Adam's moments it forgets its beginning exactly (Kingma & Ba, 2015, section 3,
        https://arxiv.org/abs/1412.6980): after n updates it is the weighted mean of those n weights, and the weights
        before the first of them have no part in it.
        """
        decay = float(self.average_decay or 0.0)
        count = keras.ops.cast(self._average_counts[index] + 1, "float32")
        # expm1, because 1 - decay**count has few digits left in float32 where the decay is near 1.
        share = (1.0 - decay) / -keras.ops.expm1(count * math.log(decay))
        average = self._averages[index]
        self.assign_add(average, (variable - average) * keras.ops.cast(share, average.dtype))  # type: ignore[attr-defined]

    def _backend_apply_gradients(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
        """Take in one batch: clip and update, or hold the gradients until the cycle is full."""
        variables = list(trainable_variables)
        grads = [_dense(gradient, variable) for gradient, variable in zip(grads, variables, strict=True)]
        if self.accumulate_steps == 1:
            self._update(grads, variables)
            return
        schedule = self._learning_rate  # type: ignore[attr-defined]
        batch = keras.ops.convert_to_tensor(self._iterations) - schedule.first_step  # type: ignore[attr-defined]
        cycle = cycle_at(batch, schedule.total_steps, self.accumulate_steps)
        held = [self._accumulators[self._get_variable_index(variable)] for variable in variables]  # type: ignore[attr-defined]
        sums = [summed(gradient, past, cycle) for gradient, past in zip(grads, held, strict=True)]
        for past, total in zip(held, sums, strict=True):
            self.assign(past, total)  # type: ignore[attr-defined]
        means = [total / keras.ops.cast(cycle.count, total.dtype) for total in sums]
        run_if(cycle.is_last, [*variables, *self.variables], lambda: self._update(means, variables))  # type: ignore[attr-defined]

    def _update(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        super()._backend_apply_gradients(gradients, variables)  # type: ignore[misc]
        updated = np.zeros(len(self._rules), dtype="int32")
        updated[[self._get_variable_index(variable) for variable in variables]] = 1  # type: ignore[attr-defined]
        for counts in (self._counts, self._average_counts) if self._averages else (self._counts,):
            counts.assign_add(keras.ops.cast(updated, counts.dtype))

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Nothing: the decay of a variable is a matter of its rule, see `update_step`."""

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Apply gradients to the variables that train now; JAX steps go through here.

        Keras' own insists on gradients for all variables that the optimizer was built with, frozen ones too.
        """
        if keras.backend.backend() == "tensorflow":
            return super().stateless_apply(optimizer_variables, grads, trainable_variables)  # type: ignore[misc]
        thawed, own = self._thawed(), list(self.variables)  # type: ignore[attr-defined]
        mapping = [
            *zip(thawed, trainable_variables, strict=True),
            *zip(own, optimizer_variables, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            self.apply(grads, thawed)  # type: ignore[attr-defined]
        return [scope.get_current_value(v) for v in thawed], [scope.get_current_value(v) for v in own]

    def _thawed(self) -> list[Any]:
        known = self._trainable_variables  # type: ignore[attr-defined]
        if self._trained_indices is None:
            return [variable for variable in known if variable.trainable]
        return [known[index] for index in self._trained_indices]

    def averaged_pairs(self) -> list[tuple[Any, Any]]:
        """(variable, its average) of every variable that was updated since the average began."""
        if not getattr(self, "_averages", []):
            return []
        counts = np.asarray(self._average_counts)
        rows = zip(self._trainable_variables, self._averages, counts, strict=True)  # type: ignore[attr-defined]
        return [(variable, average) for variable, average, count in rows if count]

    def restart_average(self) -> None:
        """Let the average begin anew with the next update; nothing where none is kept."""
        if getattr(self, "_averages", []):
            self._average_counts.assign(np.zeros(self._average_counts.shape, dtype="int32"))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"accumulate_steps": self.accumulate_steps, "average_decay": self.average_decay}
        return {**super().get_config(), **own}  # type: ignore[misc]


def _dense(gradient: Any, variable: Any) -> Any:
    """A gradient in which rows that were looked up more than once are summed.

    TensorFlow gives an embedding's gradient row by row, and Keras squares (for Adam and for the norm) before it sums.
    """
    if not hasattr(gradient, "indices"):
        return gradient
    return keras.ops.add(gradient, keras.ops.zeros(variable.shape, dtype=gradient.dtype))
