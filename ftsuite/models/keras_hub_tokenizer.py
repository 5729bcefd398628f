"""A keras-hub tokenizer (WordPiece, byte pairs or SentencePiece) behind the suite's own interface."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import keras_hub
import numpy as np

from ftsuite.errors import ArtifactError
from ftsuite.models.text_tokenizers import TextTokenizer, starts_of_words

# Arguments of Keras layers that say nothing about the tokens.
_LAYER_ARGUMENTS = ("name", "trainable", "dtype", "config_file", "vocabulary", "merges", "proto")


class KerasHubTokenizer(TextTokenizer):
    """Wraps a keras-hub tokenizer of an encoder family.

    Args:
        tokenizer: for instance a `keras_hub.models.BertTokenizer` with its vocabulary.

    Raises:
        ArtifactError: if it is of another kind or has no vocabulary.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        try:
            self.vocabulary_size = int(tokenizer.vocabulary_size())
            self.padding_id = int(tokenizer.pad_token_id)
            self.start_id = int(tokenizer.start_token_id)
            self.end_id = int(tokenizer.end_token_id)
        except (AttributeError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"The tokenizer must have a vocabulary with tokens to pad, open and close a text. Received: "
                f"{type(tokenizer).__name__}: {error}",
                "Take the tokenizer of an encoder such as BERT or RoBERTa.",
            ) from error
        mask = getattr(tokenizer, "mask_token_id", None)
        self.mask_id = None if mask is None else int(mask)
        pieces = tokenizer.get_vocabulary()
        names = (getattr(tokenizer, "oov_token", None), "[UNK]", "<unk>")
        unknown = next((name for name in names if name is not None and name in pieces), None)
        self.unknown_id = None if unknown is None else int(tokenizer.token_to_id(unknown))
        ids = (self.padding_id, self.start_id, self.end_id, self.mask_id, self.unknown_id)
        self.special_ids = tuple(sorted({number for number in ids if number is not None}))

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The ids of each text, ``(tokens,)`` int32."""
        if not texts:
            return []
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        rows = self._tokenizer.tokenize(clean)
        # Older keras-hub gives a ragged tensor of TensorFlow's.
        rows = rows.to_list() if hasattr(rows, "to_list") else rows
        return [np.asarray(row, dtype=np.int32).reshape(-1) for row in rows]

    def pieces(self) -> list[str]:
        """The token of each id, as its vocabulary writes it."""
        vocabulary = self._tokenizer.get_vocabulary()
        pieces = [""] * self.vocabulary_size
        for piece in vocabulary:
            number = int(self._tokenizer.token_to_id(piece))
            if 0 <= number < len(pieces):
                pieces[number] = piece
        return pieces

    def word_starts(self) -> np.ndarray:
        """Whether each id begins a word, ``(vocabulary_size,)`` bool."""
        return starts_of_words(self.pieces(), self.special_ids)

    def get_config(self) -> dict[str, Any]:
        """The class, its arguments and its vocabulary."""
        tokenizer = self._tokenizer
        options = {k: v for k, v in tokenizer.get_config().items() if k not in _LAYER_ARGUMENTS}
        if isinstance(tokenizer, keras_hub.tokenizers.SentencePieceTokenizer):
            assets: dict[str, Any] = {"proto": base64.b64encode(tokenizer.proto).decode("ascii")}
        elif isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
            assets = {"vocabulary": dict(tokenizer.vocabulary), "merges": list(tokenizer.merges)}
        else:
            assets = {"vocabulary": list(tokenizer.get_vocabulary())}
        return {"kind": "keras-hub", "class_name": type(tokenizer).__name__, "options": options, "assets": assets}

    @staticmethod
    def from_assets(class_name: str, options: dict[str, Any], assets: dict[str, Any]) -> KerasHubTokenizer:
        """Make one of what `get_config` gave.

        Raises:
            ArtifactError: for a class that keras-hub does not have, or assets that it refuses.
        """
        family = getattr(keras_hub.tokenizers, class_name, None) or getattr(keras_hub.models, class_name, None)
        if not (isinstance(family, type) and issubclass(family, keras_hub.tokenizers.Tokenizer)):
            raise ArtifactError(
                f"The tokenizer's class must be one of keras-hub's. Received: {class_name!r}.",
                "The file was written with another version of keras-hub, or is damaged.",
            )
        given = dict(assets)
        if "proto" in given:
            # As bytes: a long string would be taken for a path.
            given["proto"] = base64.b64decode(given["proto"])
        try:
            return KerasHubTokenizer(family(**given, **options))
        except (TypeError, ValueError) as error:
            raise ArtifactError(
                f"The vocabulary of {class_name} cannot be used: {error}", "The file is damaged; write it again."
            ) from error
