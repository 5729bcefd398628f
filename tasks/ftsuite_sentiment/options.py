"""Options of the sentiment task."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from ftsuite.data.text_options import TextOptions

SENTENCES = (
    "A warm, funny and beautifully acted film that I will see again.",
    "I wanted my two hours back; nothing in it works.",
    "The plot is thin, but the cast makes every minute worth it.",
    "Not bad at all, and better than the trailer made me fear.",
    "It is hard to imagine a duller way to spend an evening.",
)


class SentimentOptions(TextOptions):
    """What a sentiment job can be told under ``options:``."""

    scale: Literal["as-is", "binary", "three-way"] = Field(
        "as-is",
        description="labels to learn: as they are, or stars and three-way labels made binary (what lies in the middle "
        "is left out), or stars made three-way (3 is neutral)",
    )
    sentences: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        SENTENCES, description="texts to predict before and after training, for the report"
    )

    @pydantic.field_validator("sentences", mode="before")
    @classmethod
    def _sequence(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value
