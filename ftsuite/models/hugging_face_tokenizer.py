"""A tokenizer from a Hugging Face ``tokenizer.json``, by the library that made it, so that ids are exact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from ftsuite.errors import ArtifactError
from ftsuite.models.text_tokenizers import TextTokenizer, starts_of_words

_PADDING = ("[PAD]", "<pad>")
_START = ("[CLS]", "<s>", "<cls>")
_END = ("[SEP]", "</s>", "<sep>")
_MASK = ("[MASK]", "<mask>")
_UNKNOWN = ("[UNK]", "<unk>")


class HuggingFaceTokenizer(TextTokenizer):
    """The `tokenizers` library on one ``tokenizer.json``, its truncation and padding switched off.

    Args:
        tokenizer_json: the text of the file.

    Raises:
        ArtifactError: for a text that the library cannot read, or a tokenizer without the tokens an encoder needs.
    """

    def __init__(self, tokenizer_json: str) -> None:
        try:
            # A lone surrogate, as damaged JSON may hold, fails in the conversion to UTF-8.
            self._tokenizer = tokenizers.Tokenizer.from_str(tokenizer_json)
            self._model = dict(json.loads(tokenizer_json).get("model") or {})
        except Exception as error:
            raise ArtifactError(
                f"tokenizer.json must be a file of the `tokenizers` library. Received: {error}",
                "Take the model's folder again from where it came.",
            ) from error
        self._json = tokenizer_json
        # Files fix both, for instance at 128 tokens; how texts are cut and padded is the encoder's choice.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.vocabulary_size = max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        # What the file itself puts around a text; the names are the fallback of a file without a template.
        around = self._tokenizer.encode("", add_special_tokens=True).ids
        self.start_id = around[0] if around else self._required(_START, "a token that opens a text")
        self.end_id = around[-1] if around else self._required(_END, "a token that closes a text")
        self.padding_id = self._required(_PADDING, "a padding token")
        self.mask_id = self._id_of(_MASK)
        named = self._model.get("unk_token")
        self.unknown_id = self._id_of((*((str(named),) if named else ()), *_UNKNOWN))
        declared = [number for number, token in self._tokenizer.get_added_tokens_decoder().items() if token.special]
        named_ids = [self.start_id, self.end_id, self.padding_id, self.mask_id, self.unknown_id]
        self.special_ids = tuple(sorted({*declared, *(number for number in named_ids if number is not None)}))

    @staticmethod
    def from_json(tokenizer_json: str) -> HuggingFaceTokenizer:
        """Make one of what `get_config` gave."""
        return HuggingFaceTokenizer(tokenizer_json)

    @staticmethod
    def from_file(path: Path) -> HuggingFaceTokenizer:
        """Read a ``tokenizer.json``.

        Raises:
            ArtifactError: if it cannot be read.
        """
        try:
            return HuggingFaceTokenizer(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ArtifactError(f"{path} cannot be read: {error}", "Check the folder.") from error

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids of each text, ``(tokens,)`` int32."""
        # The library writes UTF-8, which has no lone surrogates; a decoder's "replace" gives one character for each.
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        rows = self._tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        return [np.asarray(row.ids, dtype=np.int32) for row in rows]

    def pieces(self) -> list[str]:
        """The token of each id, as its vocabulary writes it."""
        pieces = [""] * self.vocabulary_size
        for piece, number in self._tokenizer.get_vocab(with_added_tokens=True).items():
            pieces[number] = piece
        return pieces

    def word_starts(self) -> np.ndarray:
        """Whether each id begins a word, ``(vocabulary_size,)`` bool."""
        return starts_of_words(self.pieces(), self.special_ids)

    def get_config(self) -> dict[str, Any]:
        """The file's text."""
        return {"kind": "hugging-face", "tokenizer_json": self._json}

    def _id_of(self, names: Sequence[str]) -> int | None:
        found = (self._tokenizer.token_to_id(name) for name in names)
        return next((number for number in found if number is not None), None)

    def _required(self, names: Sequence[str], what: str) -> int:
        number = self._id_of(names)
        if number is None:
            raise ArtifactError(
                f"The tokenizer must have {what}, {' or '.join(names)}. Received: one with neither.",
                "Take a tokenizer of an encoder such as BERT or RoBERTa.",
            )
        return number
