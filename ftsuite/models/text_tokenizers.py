"""What every tokenizer of the suite can do, whichever library it comes from."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ftsuite.errors import ArtifactError

# A piece that continues a word (WordPiece) or that begins one (byte pairs, SentencePiece).
_WORD_PIECE_CONTINUES = "##"
_BYTE_PAIR_BEGINS = "Ġ"
_SENTENCE_PIECE_BEGINS = "▁"
_MARKS = (_WORD_PIECE_CONTINUES, _BYTE_PAIR_BEGINS, _SENTENCE_PIECE_BEGINS)


class TextTokenizer(abc.ABC):
    """Texts to the ids of their tokens, without special tokens and without truncation.

    Attributes:
        vocabulary_size: number of ids, special tokens included.
        padding_id: id that fills a row up.
        start_id: id that opens a text (``[CLS]``, ``<s>``).
        end_id: id that closes a text (``[SEP]``, ``</s>``).
        mask_id: id that stands for a hidden token, or None where there is none.
        unknown_id: id of what cannot be written in pieces, or None where everything can.
        special_ids: all ids that stand for no text, ascending.
    """

    vocabulary_size: int
    padding_id: int
    start_id: int
    end_id: int
    mask_id: int | None
    unknown_id: int | None
    special_ids: tuple[int, ...]

    @abc.abstractmethod
    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids of each text, ``(tokens,)`` int32; an empty text has none."""

    def pieces(self) -> list[str]:
        """The token of each id as its vocabulary writes it, for people to read; empty for an id without one."""
        return [str(number) for number in range(self.vocabulary_size)]

    @abc.abstractmethod
    def word_starts(self) -> np.ndarray:
        """Whether each id begins a word, ``(vocabulary_size,)`` bool; special tokens are words of their own.

        The first token of a text begins a word whatever this says.
        """

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """All that is needed to make the tokenizer again, vocabulary included, as plain JSON."""

    @staticmethod
    def from_config(config: dict[str, Any]) -> TextTokenizer:
        """Make a tokenizer of either kind from what its `get_config` gave.

        Raises:
            ArtifactError: for a config of no known kind, or one that its library refuses.
        """
        # Imported here because both modules import this one.
        from ftsuite.models.hugging_face_tokenizer import HuggingFaceTokenizer
        from ftsuite.models.keras_hub_tokenizer import KerasHubTokenizer

        kinds: dict[str, Callable[..., TextTokenizer]] = {
            "hugging-face": HuggingFaceTokenizer.from_json,
            "keras-hub": KerasHubTokenizer.from_assets,
        }
        kind = config.get("kind")
        if kind not in kinds:
            raise ArtifactError(
                f"A tokenizer's config must be of the kind {' or '.join(kinds)}. Received: {kind!r}.",
                "The file was written by another version of ftsuite, or is damaged.",
            )
        return kinds[str(kind)](**{key: value for key, value in config.items() if key != "kind"})


def starts_of_words(pieces: Sequence[str], special_ids: Iterable[int]) -> np.ndarray:
    """Whether each piece begins a word, by the convention that the vocabulary itself shows.

    Args:
        pieces: the token of each id; empty for an id without one.
        special_ids: ids of special tokens.

    Returns:
        ``(len(pieces),)`` bool.
    """
    counts = {mark: sum(piece.startswith(mark) for piece in pieces) for mark in _MARKS}
    mark = max(counts, key=lambda candidate: counts[candidate])
    starts = np.array([piece.startswith(mark) for piece in pieces], dtype=bool)
    if counts[mark] == 0:
        starts[:] = True
    elif mark == _WORD_PIECE_CONTINUES:
        starts = ~starts
    starts[[number for number in special_ids if 0 <= number < len(pieces)]] = True
    return starts
