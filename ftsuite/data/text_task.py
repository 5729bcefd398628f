"""What all tasks over texts share: loading, tokenising and packing. A family adds model, loss and decoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftsuite.api import Examples, Progress, Task
from ftsuite.data.sources import load_examples
from ftsuite.data.text import TextReader
from ftsuite.data.text_augment import text_changes


class TextReading(Task):
    """Base of tasks over texts; its `build` calls `read_by` with the encoder that the model's serving twin has."""

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source."""
        return load_examples(data, self.seed, progress)

    def padded_width(self, longest: int) -> int:
        """As the encoder pads."""
        return int(self._reader.encoder.padded_width(longest))

    def read_by(self, encoder: Any) -> None:
        """Turn texts into tokens by this `ftsuite.models.text_encoder.TextEncoder` from now on."""
        self._reader = TextReader(encoder, text_changes(self.options, encoder.tokenizer))

    @property
    def changes_inputs(self) -> bool | None:
        """Whether the options ask for random changes."""
        return self._reader.changes is not None

    def encode(self, texts: Any) -> Any:
        """Tokens of whole texts, before they are cut to what the model reads."""
        return self._reader.encode(texts)

    def preprocess(self, element: Mapping[str, Any], training: bool, key: Any) -> Any:
        """Token ids and padding mask of a batch."""
        return self._reader(element, training, key)
