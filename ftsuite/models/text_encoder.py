"""From texts to what an encoder takes: the one implementation of training and of serving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import keras
import numpy as np

from ftsuite.errors import ConfigError
from ftsuite.models.text_cleaning import clean_html as without_markup
from ftsuite.models.text_tokenizers import TextTokenizer

if TYPE_CHECKING:
    from ftsuite.models.text_backbones import LoadedTextBackbone

LongTexts = Literal["head", "head-tail", "windows"]

# Every width is compiled anew by XLA, which takes seconds to minutes; elsewhere a narrow step wastes least.
_XLA_WIDTHS = (32, 64, 96, 128, 192, 256, 384, 512)
# Of 510 tokens Sun et al., 2019 (https://arxiv.org/abs/1905.05583) keep the first 128 and the last 382.
_HEAD_SHARE = 128 / 510
_SPECIAL_TOKENS = 2
DEFAULT_MAX_LENGTH = 256


class TextEncoder:
    """Cleans, tokenises, cuts, and packs texts. Pure Python and NumPy.

    Args:
        tokenizer: of the backbone.
        max_length: most tokens that the model sees of a text, or of one window, the two special tokens included.
        long_texts: of a text with more tokens ``head`` keeps the first, ``head-tail`` the first quarter and the last
            three quarters, ``windows`` reads it in windows of like length, at most `max_windows`.
        max_windows: most windows of a text; what comes after them is not seen.
        clean_html: whether HTML line breaks, emphasis and entities become plain text first.

    Attributes:
        width_step: rows are padded to a multiple of this many tokens, where the backend is not compiled by XLA.
        coarse_widths: whether few widths (and few numbers of windows) are used; by default wherever XLA compiles each
            anew: with JAX, and with TensorFlow on a GPU.

    Raises:
        ConfigError: for a length, a number of windows or a way that cannot be.
    """

    width_step: int = 4

    def __init__(
        self,
        tokenizer: TextTokenizer,
        max_length: int,
        long_texts: LongTexts = "head",
        max_windows: int = 4,
        clean_html: bool = True,
    ) -> None:
        if long_texts not in get_args(LongTexts):
            raise ConfigError(
                f"options.long_texts must be one of {', '.join(get_args(LongTexts))}. Received: {long_texts!r}.",
                "Choose one of them.",
            )
        if max_length <= _SPECIAL_TOKENS:
            raise ConfigError(
                f"options.max_length must be at least {_SPECIAL_TOKENS + 1} tokens, two of them special. "
                f"Received: {max_length}.",
                "Set it to 128, for instance.",
            )
        if max_windows < 1:
            raise ConfigError(f"options.max_windows must be at least 1. Received: {max_windows}.", "Set it to 4.")
        self.tokenizer = tokenizer
        self.max_length = int(max_length)
        self.long_texts: LongTexts = long_texts
        self.max_windows = int(max_windows)
        self.clean_html = bool(clean_html)
        self.coarse_widths = keras.config.backend() != "tensorflow" or bool(keras.distribution.list_devices("gpu"))

    @property
    def summary(self) -> str:
        """What becomes of a text, in words."""
        if self.reads_windows:
            return f"at most {self.max_windows} windows of {self.max_length} tokens"
        return f"at most {self.max_length} tokens" + (" (head and tail)" if self.long_texts == "head-tail" else "")

    @property
    def reads_windows(self) -> bool:
        """Whether `pack` gives windows, an axis more."""
        return self.long_texts == "windows"

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """The tokens of each text, ``(tokens,)`` int32, all of them and without special ones."""
        texts = list(texts)
        return self.tokenizer.encode([without_markup(text) for text in texts] if self.clean_html else texts)

    def pack(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Cut rows of tokens, put the special tokens around them, and pad them to one width.

        Args:
            rows: as `tokens` gives them, ``(tokens,)`` integers each.

        Returns:
            ``token_ids`` int32 and ``padding_mask`` bool (True where there is a token), ``(batch, width)``; with
            windows ``(batch, windows, width)``, where a window that a text does not need is padding alone.
        """
        if not self.reads_windows:
            return self._filled([self._closed(self._cut(np.asarray(row))) for row in rows])
        windows = [[self._closed(part) for part in self._windows(np.asarray(row))] for row in rows]
        count = self._window_count(max((len(parts) for parts in windows), default=1))
        empty = np.zeros(0, np.int32)
        flat = [part for parts in windows for part in (*parts, *[empty] * (count - len(parts)))]
        packed = self._filled(flat)
        return {name: array.reshape(len(rows), count, -1) for name, array in packed.items()}

    def __call__(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """`pack` of the `tokens` of texts."""
        return self.pack(self.tokens(texts))

    def truncated(self, row_lengths: np.ndarray) -> np.ndarray:
        """Whether the model misses a part of rows of so many tokens ``(n,)``: ``(n,)`` bool."""
        most = self._budget * (self.max_windows if self.reads_windows else 1)
        return np.asarray(np.asarray(row_lengths, dtype=np.int64) > most)

    def padded_width(self, longest: int) -> int:
        """The width that rows with at most so many tokens, special ones included, are padded to."""
        if self.coarse_widths:
            wide = next((width for width in _XLA_WIDTHS if width >= longest), self.max_length)
        else:
            wide = -(-longest // self.width_step) * self.width_step
        return max(1, min(wide, self.max_length))

    def get_config(self) -> dict[str, Any]:
        """All that is needed to make the encoder again, as plain JSON."""
        return {
            "tokenizer": self.tokenizer.get_config(),
            "max_length": self.max_length,
            "long_texts": self.long_texts,
            "max_windows": self.max_windows,
            "clean_html": self.clean_html,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextEncoder:
        """Make an encoder of what `get_config` gave."""
        return cls(**{**config, "tokenizer": TextTokenizer.from_config(config["tokenizer"])})

    @property
    def _budget(self) -> int:
        return self.max_length - _SPECIAL_TOKENS

    def _cut(self, row: np.ndarray) -> np.ndarray:
        if len(row) <= self._budget:
            return row
        if self.long_texts == "head":
            return row[: self._budget]
        head = round(self._budget * _HEAD_SHARE)
        return np.concatenate([row[:head], row[len(row) - (self._budget - head) :]])

    def _windows(self, row: np.ndarray) -> list[np.ndarray]:
        # Of like length, because every window has the same say in the average.
        kept = row[: self._budget * self.max_windows]
        return np.array_split(kept, max(1, -(-len(kept) // self._budget)))

    def _closed(self, row: np.ndarray) -> np.ndarray:
        return np.concatenate([[self.tokenizer.start_id], row, [self.tokenizer.end_id]]).astype(np.int32)

    def _window_count(self, most: int) -> int:
        if not self.coarse_widths:
            return most
        return min(self.max_windows, 1 << (most - 1).bit_length())

    def _filled(self, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        width = self.padded_width(int(lengths.max(initial=_SPECIAL_TOKENS)))
        mask = np.arange(width) < lengths[:, None]
        ids = np.full(mask.shape, self.tokenizer.padding_id, dtype=np.int32)
        if len(rows):
            ids[mask] = np.concatenate(rows)
        return {"token_ids": ids, "padding_mask": mask}


def encoder_for(backbone: LoadedTextBackbone, options: Any) -> TextEncoder:
    """The encoder that a task's `ftsuite.data.text_options.TextOptions` ask for, over the backbone's tokenizer."""
    length = options.max_length or min(DEFAULT_MAX_LENGTH, backbone.max_length)
    return TextEncoder(backbone.tokenizer, length, options.long_texts, options.max_windows, options.clean_html)
