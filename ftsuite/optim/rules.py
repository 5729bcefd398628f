"""A learning-rate multiplier and a weight decay for every variable, from ordered blocks.

`data`, `models` and `optim` do not know each other, so blocks come in as names and variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VariableRule:
    """How one variable is updated.

    Attributes:
        multiplier: its share of the learning rate.
        weight_decay: decoupled decay, 0 for none.
        first_step: the optimizer's step count when it was first trained; its moments are zero until then.
    """

    multiplier: float
    weight_decay: float
    first_step: int = 0


def layerwise_multipliers(block_names: Sequence[str], layer_decay: float) -> dict[str, float]:
    """The last block learns at the full rate, every block before it `layer_decay` times the one after it.

    Discriminative rates of Howard & Ruder, 2018 (https://arxiv.org/abs/1801.06146); the form of Bao et al., 2022.
    """
    last = len(block_names) - 1
    return {name: layer_decay ** (last - position) for position, name in enumerate(block_names)}


def variable_rules(
    blocks: Sequence[tuple[str, Sequence[Any]]],
    multipliers: Mapping[str, float],
    weight_decay: float,
    decays: Any,
    first_steps: Mapping[str, int],
) -> dict[str, VariableRule]:
    """One rule a trainable variable, keyed by the variable's path.

    Args:
        blocks: (name, variables) in order; together they must hold each variable once.
        multipliers: a factor a block name.
        weight_decay: for the variables that `decays` says yes to, 0 for the others.
        decays: function of a variable.
        first_steps: the step at which each block was first trained; 0 for a block that is not in it.

    Raises:
        ValueError: if a variable is in two blocks or a block has no multiplier.
    """
    rules: dict[str, VariableRule] = {}
    for name, variables in blocks:
        if name not in multipliers:
            raise ValueError(f"No learning-rate multiplier covers the block {name!r}. Received: {sorted(multipliers)}")
        for variable in variables:
            if variable.path in rules:
                raise ValueError(f"The variable {variable.path!r} is covered twice, the second time by {name!r}.")
            decay = weight_decay if decays(variable) else 0.0
            rules[variable.path] = VariableRule(multipliers[name], decay, first_steps.get(name, 0))
    return rules
