"""A learning-rate multiplier and a weight decay for every variable, from ordered blocks and a config's rules.

`data`, `models` and `optim` do not know each other, so blocks come in as names and variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftsuite.optim.patterns import first_given, full_name

if TYPE_CHECKING:
    from ftsuite.config.schema import RuleConfig


@dataclass(frozen=True)
class VariableRule:
    """How one variable is updated.

    Attributes:
        multiplier: its share of the learning rate.
        weight_decay: decoupled decay, 0 for none.
    """

    multiplier: float
    weight_decay: float


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
    wanted: Sequence[RuleConfig] = (),
) -> dict[str, VariableRule]:
    """One rule a variable, keyed by the variable's path.

    Args:
        blocks: (name, variables) in order; together they must hold each variable once.
        multipliers: a factor a block name.
        weight_decay: for the variables that `decays` says yes to, 0 for the others.
        decays: function of a variable.
        wanted: of the config; the first that matches and gives a factor or a decay goes before the other arguments.

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
            factor = first_given(wanted, full_name(name, variable), "learning_rate_factor")
            decay = first_given(wanted, full_name(name, variable), "weight_decay")
            rules[variable.path] = VariableRule(
                multipliers[name] if factor is None else factor,
                (weight_decay if decays(variable) else 0.0) if decay is None else decay,
            )
    return rules
