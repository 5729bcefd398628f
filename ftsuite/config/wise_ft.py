"""The keys of `finetune.wise_ft`: the model between the start of fine-tuning and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo

from ftsuite.config.checks import crossed
from ftsuite.config.section import Section


class WiseFtConfig(Section):
    """Which of the models between the end of the head's own stage and the end of training is kept."""

    share: Literal["auto"] | Annotated[float, Field(ge=0, le=1)] = Field(
        "auto",
        description="Share of the fine-tuned end: auto for the best of 0, 0.1, …, 1 on the validation split, by the "
        "metric of early stopping (the headline without one); a number for that share, as 0.5 in the paper where no "
        "data of the other kind are at hand.",
    )


def start_stage(kinds: Sequence[str]) -> int | None:
    """The number of the last stage of the head alone before one that trains the backbone; None where there is none.

    Args:
        kinds: what each stage trains, as `TrainScope.kind`.
    """
    trains_backbone = False
    for number in reversed(range(len(kinds))):
        if kinds[number] != "head":
            trains_backbone = True
        elif trains_backbone:
            return number
    return None


def wise_ft_has_two_ends(value: WiseFtConfig | None, info: ValidationInfo) -> WiseFtConfig | None:
    """There is a model with a trained head on the backbone as pretrained, and one that is fine-tuned."""
    if value is not None and info.data.get("lora") is not None:
        raise crossed(
            "{name} and finetune.lora must not stand together: between two changes of low rank lies another one than "
            "half of each. Received: both",
            "Remove one of them (write `wise_ft: null` or `lora: null` where another config sets it).",
        )
    stages: Sequence[Any] | None = info.data.get("stages")
    if value is not None and stages is not None and start_stage([stage.train.kind for stage in stages]) is None:
        raise crossed(
            "{name} needs a stage with `train: head` before one that trains the backbone: its end is the start of the "
            f"interpolation. Received: stages that train {', '.join(str(stage.train) for stage in stages)}",
            "Put `- {train: head, for: 4 epochs, learning_rate: 3e-3}` first, take the plan `wise-ft`, or remove "
            "`wise_ft` (write `wise_ft: null` where another config sets it).",
        )
    return value
