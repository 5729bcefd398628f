"""Options of the domain-text task."""

from __future__ import annotations

import pydantic
from pydantic import Field

from ftsuite.data.text_options import Adaptation, TextOptions


class DomainTextOptions(TextOptions):
    """What a domain-text job can be told under ``options:``."""

    adapt: Adaptation | None = Field(
        None,
        description="adapt the encoder to unlabelled text first, by masked-language modelling; `{}` for the defaults, "
        "null (or left out) for no adapting",
    )
    classify: bool = Field(True, description="train a classifier; false ends with the adapted encoder alone")

    @pydantic.model_validator(mode="after")
    def _does_something(self) -> DomainTextOptions:
        if self.adapt is None and not self.classify:
            raise ValueError("classify is false and adapt is null, so there is nothing to do; set one of them")
        return self
