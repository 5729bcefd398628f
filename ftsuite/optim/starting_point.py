"""L2-SP: weight decay toward the weights that fine-tuning began with, and not toward zero.

After Li et al., 2018 (https://arxiv.org/abs/1802.01483): ``alpha / 2 * |w - w0|^2`` on the pretrained weights and
``beta / 2 * |w|^2`` on the new head. Here both are decoupled from the gradient, as weight decay is in AdamW (Loshchilov
& Hutter, 2019, https://arxiv.org/abs/1711.05101): each update first moves a weight by ``rate * alpha`` of its way back
to its start. For plain gradient descent that is the paper's penalty; with momentum the paper's adds up over updates,
tenfold at 0.9, and this one does not, so an alpha from there must be larger here.

Biases and the scales and offsets of normalisations are pulled too: unlike zero, their start is a good place for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from ftsuite.optim.rules import VariableRule


def way_back(value: Any, start: Any, strength: Any) -> Any:
    """What one update takes off a weight: ``strength * (value - start)``, strength being rate times alpha."""
    return (value - start) * keras.ops.cast(strength, value.dtype)


def starting_point_rules(
    rules: Mapping[str, VariableRule], pretrained: Sequence[str], pull: float
) -> tuple[dict[str, VariableRule], dict[str, float]]:
    """Rules under which pretrained variables decay toward their start and all others toward zero.

    Args:
        rules: of all variables, by path; their weight decay stays with the variables that are new.
        pretrained: paths of the variables to pull: those of the backbone, adapters left out.
        pull: alpha, at least 0.

    Returns:
        The rules, without weight decay for what is pulled, and the pull of each path.

    Raises:
        ValueError: if a path has no rule, or the pull is below 0.
    """
    unknown = [path for path in pretrained if path not in rules]
    if unknown or not pull >= 0.0:
        raise ValueError(f"Pulled variables need a rule, and a pull of at least 0. Received: {unknown[:5]}, {pull}")
    pulled = set(pretrained)
    kept = {path: replace(rule, weight_decay=0.0) if path in pulled else rule for path, rule in rules.items()}
    return kept, dict.fromkeys(pretrained, pull)


class TowardStart:
    """Mix-in for a Keras optimizer, before `PerVariableRates`: pulls variables toward where they were at `build`.

    The starts are variables of the optimizer, so a checkpoint holds them and an optimizer that goes on from one pulls
    to the old start. They take as much memory as the weights.

    Args:
        keeps_start: whether to remember the starts; without, nothing is different.
        keywords: of the optimizer.
    """

    # On the class, because Keras refuses attributes before its own constructor has run.
    _pulls: tuple[float, ...] = ()
    _starts: Sequence[Any] = ()

    def __init__(self, *, keeps_start: bool = False, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.keeps_start = keeps_start

    def build(self, variables: Sequence[Any], head: Sequence[Any] = ()) -> None:
        """Remember the weights of all variables, which must be the pretrained ones now; only the first call does so."""
        if getattr(self, "built", False):
            return
        super().build(variables, head)  # type: ignore[misc]
        if not self.keeps_start:
            return
        self._starts = self.add_optimizer_variables(variables, "start")  # type: ignore[attr-defined]
        for start, variable in zip(self._starts, variables, strict=True):
            # A copy: on JAX a step gives away the memory of its variables, and no two may share it.
            start.assign(keras.ops.copy(variable.value))

    def pull(self, strengths: Mapping[str, float]) -> None:
        """Pull these variables from now on, and no others; the model must be compiled again for it to take effect.

        Args:
            strengths: alpha by the path of the variable, as `starting_point_rules` gives it.

        Raises:
            ValueError: if the optimizer keeps no starts, or was not built with one of the variables.
        """
        paths = [variable.path for variable in self._trainable_variables]  # type: ignore[attr-defined]
        unknown = sorted(set(strengths) - set(paths))
        if strengths and (unknown or not self._starts):
            raise ValueError(f"It must keep starts, and be built with all that it pulls. Received: {unknown[:5]}")
        self._pulls = tuple(strengths.get(path, 0.0) for path in paths)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Pull one variable at its own rate, then update it."""
        index = self._get_variable_index(variable)  # type: ignore[attr-defined]
        if self._pulls and self._pulls[index]:
            strength = learning_rate * self._rules[index].multiplier * self._pulls[index]  # type: ignore[attr-defined]
            self.assign_sub(variable, way_back(variable, self._starts[index], strength))  # type: ignore[attr-defined]
        super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "keeps_start": self.keeps_start}  # type: ignore[misc]
