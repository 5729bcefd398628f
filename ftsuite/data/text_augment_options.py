"""Options of random changes of training texts. Imports no TensorFlow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ftsuite.api import Options
from ftsuite.data.augmentations.ranges import Share

WordShare = Annotated[float, Field(ge=0.0, le=0.9)]
_PROBABILITY = "share of the texts that are changed"


class WordDropout(Options):
    """Leave words out (Iyyer et al., 2015, https://aclanthology.org/P15-1162); the random deletion of EDA."""

    name: Literal["word-dropout"]
    rate: WordShare = Field(0.1, description="share of the words that are left out, each by chance; one always stays")
    probability: Share = Field(1.0, description=_PROBABILITY)


class WordMask(Options):
    """Put the tokenizer's mask token in the place of words: their places stay, and what they say is hidden."""

    name: Literal["word-mask"]
    rate: WordShare = Field(0.1, description="share of the words that are hidden, each by chance")
    probability: Share = Field(1.0, description=_PROBABILITY)


class WordSwap(Options):
    """Let pairs of words change places: the random swap of EDA (Wei & Zou, 2019, https://aclanthology.org/D19-1670)."""

    name: Literal["word-swap"]
    rate: WordShare = Field(0.1, description="pairs that change places, as a share of the words")
    probability: Share = Field(1.0, description=_PROBABILITY)


TextAugmentation = Annotated[WordDropout | WordMask | WordSwap, Field(discriminator="name")]
