"""What a config says of classes of unlike size: how often they are shown, and how they count in the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler

from ftsuite.config.checks import crossed, one_problem
from ftsuite.config.words import number_text, received, shorten

Sampling = Literal["natural", "balanced", "square-root"]
ClassWeights = Literal["none", "balanced", "effective-number"] | Mapping[str, float]
_MOST_WEIGHT = 1e6
DEFAULT_BETA = 0.999

SAMPLING: Any = Field(
    "natural",
    description="How often training shows the examples of each class: as they are, each class as often as the others, "
    "or by the square root of its size (Kang et al., 2020, https://arxiv.org/abs/1910.09217). An epoch has as many "
    "steps in any case; examples of small classes come again in it, augmented another way.",
)
CLASS_WEIGHTS: Any = Field(
    "none",
    description="Weigh the loss of each class: by its inverse frequency, by its effective number of examples (Cui et "
    "al., 2019, https://arxiv.org/abs/1901.05555), or as given, by the names of classes; a class that is not named "
    "counts 1.",
)
CLASS_WEIGHTS_BETA: Any = Field(
    None,
    ge=0,
    lt=1,
    description=f"The beta of `class_weights: effective-number`, {DEFAULT_BETA} by default: 0 weighs classes "
    "alike, near 1 by the inverse frequency.",
)
LOGIT_ADJUSTMENT: Any = Field(
    0.0,
    ge=0,
    le=2,
    description="Add so many times the logarithm of each class's share of the training split to its logit in the loss "
    "(Menon et al., 2021, https://arxiv.org/abs/2007.07314): 1 trains for the mean accuracy of the classes, 0 for that "
    "of the examples. Predictions are made without it; the log loss that chooses epochs is made with it.",
)


def weights_are_numbers(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Weights by the names of classes are numbers above 0."""
    if isinstance(value, Mapping):
        if not value:
            raise crossed(
                "{name} must name at least one class. Received: an empty map", "Write `none`, or add a class."
            )
        for name, weight in value.items():
            is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
            if not is_number or not 0 < weight <= _MOST_WEIGHT:
                raise crossed(
                    f"{{name}} must give the class {shorten(str(name))} a number above 0 and at most 1000000. "
                    f"Received: {received(weight)}",
                    "A weight of 2 counts an example of the class twice; leave examples out by leaving them out of the "
                    "data.",
                )
    return one_problem(value, handler)


def beta_has_its_weights(value: float | None, info: ValidationInfo) -> float | None:
    """`class_weights_beta` stands with `class_weights: effective-number`."""
    if value is not None and info.data.get("class_weights", "effective-number") != "effective-number":
        raise crossed(
            f"{{name}} goes with `class_weights: effective-number`. Received: {number_text(value)}",
            "Remove it, or change `class_weights`.",
        )
    return value


def adjustment_is_the_only_correction(value: float, info: ValidationInfo) -> float:
    """Weights that balance the classes leave nothing to adjust."""
    if value and info.data.get("class_weights") == "balanced":
        raise crossed(
            f"{{name}} and `class_weights: balanced` must not stand together: either makes all classes count alike. "
            f"Received: {number_text(value)} and `balanced`",
            "Remove one of them (write `logit_adjustment: 0` or `class_weights: none` where another config sets it).",
        )
    return value


def one_correction_of_imbalance(value: Any, info: ValidationInfo) -> Any:
    """What `data.sampling` does is not done again by the loss."""
    data = info.data.get("data")
    sampling = "natural" if data is None else data.sampling
    if sampling == "natural":
        return value
    if value.class_weights in ("balanced", "effective-number"):
        raise crossed(
            f"data.sampling: {sampling} and finetune.class_weights: {value.class_weights} must not stand together: "
            "both make small classes count more. Received: both",
            "Remove one of them (write `class_weights: none` or `sampling: natural` where another config sets it).",
        )
    if sampling == "balanced" and value.logit_adjustment:
        raise crossed(
            "data.sampling: balanced and finetune.logit_adjustment must not stand together: what is shown is balanced, "
            f"and leaves nothing to adjust. Received: {number_text(value.logit_adjustment)}",
            "Remove one of them (write `logit_adjustment: 0` or `sampling: natural` where another config sets it).",
        )
    return value
