"""Options of text tasks: length, pooling and adaptation. Imports no TensorFlow, so a task's spec can use them."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from ftsuite.api import Options
from ftsuite.data.text_augment_options import TextAugmentation

Length = Annotated[int, Field(ge=8, le=4096)]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]

_SOURCE_FORMS = ("jsonl:", "csv:", "parquet:", "txt:", "huggingface:", "asset:")


class TextOptions(Options):
    """What every text task can be told under ``options:``."""

    max_length: Length | None = Field(
        None,
        description="most tokens of a text that the model sees at once, special ones included; left out: 256, or "
        "fewer where the backbone takes fewer",
    )
    long_texts: Literal["head", "head-tail", "windows"] = Field(
        "head",
        description="what is seen of a longer text: its beginning; its beginning and its end (Sun et al., 2019, "
        "https://arxiv.org/abs/1905.05583); or windows one after the other, whose logits are averaged",
    )
    max_windows: Annotated[int, Field(ge=1, le=64)] = Field(
        4, description="most windows of a text, where long_texts is windows; what lies behind them is not seen"
    )
    pooling: Literal["auto", "cls", "mean"] = Field(
        "auto",
        description="what of the last layer the head reads: the first token's vector, or the mean of all of them; "
        "auto: as the backbone was trained",
    )
    clean_html: bool = Field(
        True, description="turn HTML line breaks into spaces and entities such as &amp; into characters"
    )
    augment: tuple[TextAugmentation, ...] = Field(
        (), description="random changes of training texts, in this order; they change words and not pieces of them"
    )

    @pydantic.field_validator("augment", mode="before")
    @classmethod
    def _changes(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Adaptation(Options):
    """How an encoder is adapted to unlabelled domain text first, by masked-language modelling.

    After Gururangan et al., 2020, https://arxiv.org/abs/2004.10964.
    """

    source: str | None = Field(
        None,
        description="unlabelled domain text: jsonl:PATH, csv:PATH, parquet:PATH, txt:PATH (a text a line), "
        "huggingface:PATH or asset:NAME; left out: the texts of the training split",
    )
    text_column: str | None = Field(
        None, min_length=1, description="the column of `source` that holds the text; left out: one with a usual name"
    )
    general: str = Field(
        "asset:imdb-reviews",
        description="general text, in the forms of `source`: the masked-language head is trained on it while the "
        "encoder stays frozen, and what adapting loses is measured on it",
    )
    head_sequences: Count = Field(2000, description="general sequences that the masked-language head is trained on")
    sequences: Count | None = Field(None, description="most domain sequences an epoch; null for all")
    epochs: Count = Field(3, description="epochs over the domain text")
    learning_rate: Rate = Field(3e-4, description="highest learning rate of the encoder")
    head_learning_rate: Rate = Field(3e-3, description="highest learning rate of the masked-language head alone")
    batch_size: Count = Field(16, description="sequences a step")
    max_length: Length = Field(128, description="tokens of a sequence, special ones included")
    mask_share: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.15, description="share of the tokens that are to be guessed; whole words are masked"
    )
    held_out: Count = Field(
        200, description="texts, of the domain and of general text each, that are kept out to measure perplexity on"
    )
    compare: bool = Field(
        True, description="also classify from the encoder as it was, for a paired figure of what adapting changed"
    )

    @pydantic.field_validator("source", "general")
    @classmethod
    def _form(cls, value: str | None) -> str | None:
        if value is not None and not any(value.startswith(form) and value != form for form in _SOURCE_FORMS):
            raise ValueError(f"expected one of {', '.join(_SOURCE_FORMS)} and what it names behind it")
        return value
