"""Stages on pictures of a size of their own: progressive resizing (Howard, 2018), and the head at the size of use.

Touvron et al., 2019, https://arxiv.org/abs/1906.06423: random crops show a subject larger than a whole picture does, so
a network trained at a smaller size fits, and what is left is fitted by training its last layers at the size of use.
Every stage is judged at the shipped size, so that the figures of stages compare and the kept weights are the best ones
for what is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ftsuite.api import Task, TaskModel
from ftsuite.errors import ConfigError
from ftsuite.models.backbones import LoadedBackbone
from ftsuite.models.input_size import SizeRefusedError, at_input_size
from ftsuite.training.plan import Stage


@dataclass(frozen=True)
class SizedInput:
    """What a stage with a size of its own trains with.

    Attributes:
        task: that gives pictures of that size.
        model: the training model over them; its layers and variables are those of the job's.
    """

    task: Task
    model: Any


def shipped_size(backbone: Any) -> int | None:
    """Pixels that the model is judged and saved at; None where its inputs are no pictures."""
    return backbone.preprocessing.image_size if isinstance(backbone, LoadedBackbone) else None


def sized_inputs(
    task_name: str, task: Task, model: TaskModel, backbone: Any, stages: Sequence[Stage]
) -> dict[int, SizedInput]:
    """Task and model of every size that stages give and that the job does not train at anyway.

    Raises:
        ConfigError: if the task or the backbone cannot take one of them.
    """
    found: dict[int, SizedInput] = {}
    for stage in stages:
        pixels = stage.image_size
        if pixels is None or pixels in found or model.training.input.shape[1] == pixels:
            continue
        found[pixels] = SizedInput(_task_of(task_name, task, stage.number, pixels), _model_of(model, backbone, stage))
    return found


def _task_of(task_name: str, task: Task, number: int, pixels: int) -> Task:
    try:
        return task.resized(pixels)
    except NotImplementedError as error:
        raise ConfigError(
            f"finetune.stages.{number}.image_size needs a task that can give pictures of other sizes. "
            f"Received: {task_name!r}, which has one size.",
            "Remove `image_size` from the stages, or write `resized` in the task.",
        ) from error


def _model_of(model: TaskModel, backbone: LoadedBackbone, stage: Stage) -> Any:
    assert stage.image_size is not None
    try:
        return at_input_size(model.training, stage.image_size)
    except SizeRefusedError as reason:
        raise ConfigError(
            f"finetune.stages.{stage.number}.image_size must be a size that the backbone {backbone.name!r} can take. "
            f"Received: {stage.image_size} pixels; {reason}.",
            f"Give a larger size, or remove `image_size`: the stage then trains at {shipped_size(backbone)} pixels. "
            "Convolutional backbones take any size that is not too small.",
        ) from reason
