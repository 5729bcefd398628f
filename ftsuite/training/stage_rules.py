"""Tell an optimizer what holds for each variable in a stage: rates, decay, and a pull toward the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ftsuite.models.blocks import Block
from ftsuite.optim.patterns import first_given, full_name
from ftsuite.optim.starting_point import starting_point_rules
from ftsuite.training.plan import HEAD, Stage

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig


def follow_stage(
    optimizer: Any, stage: Stage, blocks: Sequence[Block], finetune: FinetuneConfig, trained: Sequence[Any]
) -> None:
    """Give an optimizer the rules of a stage; the model must be compiled afterwards.

    With L2-SP the backbone's weights are pulled toward their start and the head decays by its beta. Where one of the
    config's rules gives a weight decay, that holds, and nothing is pulled.

    Args:
        optimizer: built.
        stage: that begins.
        blocks: of the model, head last.
        finetune: the config's part.
        trained: variables that the stage trains, in the order of the trained model.
    """
    if finetune.l2_sp is None:
        optimizer.follow(stage.rules(blocks, finetune.optimizer.weight_decay), trained=trained)
        return
    training = {variable.path for variable in trained}
    pretrained = [path for path in _pretrained(stage, blocks) if path in training]
    rules, pulls = starting_point_rules(stage.rules(blocks, finetune.l2_sp.beta), pretrained, finetune.l2_sp.alpha)
    optimizer.follow(rules, trained=trained)
    optimizer.pull(pulls)


def _pretrained(stage: Stage, blocks: Sequence[Block]) -> list[str]:
    """Paths of the backbone's variables that no rule gives a weight decay."""
    return [
        variable.path
        for block in blocks
        if block.name != HEAD
        for variable in block.variables
        if first_given(stage.user_rules, full_name(block.name, variable), "weight_decay") is None
    ]
