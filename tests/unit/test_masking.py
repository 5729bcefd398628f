"""Whole-word masking on a small vocabulary: 0-4 special, 5-54 begin a word, 55-99 go on with one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ftsuite.data.masked_batches import MaskedBatches
from ftsuite.data.masking import LONGEST_WORD_TOKENS, Masking
from ftsuite.data.token_rows import TokenRows, write_token_rows
from ftsuite.errors import ConfigError

PADDING, UNKNOWN, START, END, MASK = range(5)
VOCABULARY = 100


def tokenizer(mask_id: int | None = MASK) -> SimpleNamespace:
    starts = np.arange(VOCABULARY) < 55
    return SimpleNamespace(
        vocabulary_size=VOCABULARY, mask_id=mask_id, special_ids=(0, 1, 2, 3, 4), word_starts=lambda: starts
    )


def masking(share: float = 0.15) -> Masking:
    return Masking.of(tokenizer(), share)


class Packer:
    """Start and end around each row, padded to the longest."""

    def pack(self, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
        width = max(map(len, rows)) + 2
        ids = np.zeros((len(rows), width), np.int32)
        for number, row in enumerate(rows):
            ids[number, : len(row) + 2] = [START, *row, END]
        return {"token_ids": ids, "padding_mask": ids != PADDING}


def rows_of(folder: Path, count: int = 50, longest: int = 30) -> TokenRows:
    rng = np.random.default_rng(0)
    rows = [rng.integers(5, VOCABULARY, size=rng.integers(3, 2 * longest)).astype(np.int32) for _ in range(count)]
    texts = [str(number) for number in range(count)]
    return write_token_rows(folder / "tokens", texts, lambda some: [rows[int(text)] for text in some], longest)


def batches_of(folder: Path, batch_size: int = 8) -> MaskedBatches:
    return MaskedBatches(rows_of(folder), masking(), Packer(), 1, batch_size, seed=3)


def test_words_run_from_one_start_to_the_next() -> None:
    tokens = np.array([60, 10, 61, 62, 11, UNKNOWN, 63, 12])
    assert masking().words(tokens).tolist() == [0, 1, 1, 1, 2, -1, 3, 4]


def test_a_run_without_a_start_is_cut_into_words() -> None:
    words = masking().words(np.full(2 * LONGEST_WORD_TOKENS + 1, 60))
    assert np.bincount(words).tolist() == [LONGEST_WORD_TOKENS, LONGEST_WORD_TOKENS, 1]


def test_eight_tenths_are_mask_tokens_and_one_tenth_each_random_and_unchanged() -> None:
    tokens = np.arange(5, 55, dtype=np.int32)
    masked, stayed, hidden = 0, 0, 0
    for key in range(600):
        result = masking().mask(tokens, (key,))
        seen = result.tokens[result.positions]
        hidden += len(seen)
        masked += int((seen == MASK).sum())
        stayed += int((seen == result.targets).sum())
    assert masked / hidden == pytest.approx(0.8, abs=0.02)
    assert stayed / hidden == pytest.approx(0.1 + 0.1 / 95, abs=0.015)
    assert hidden / (600 * len(tokens)) == pytest.approx(0.16)


def test_every_token_is_hidden_equally_often() -> None:
    rng = np.random.default_rng(5)
    tokens = rng.integers(5, VOCABULARY, size=60)
    counts = np.zeros(len(tokens))
    for key in range(3000):
        counts[masking().mask(tokens, (key,)).positions] += 1
    # Long words are hidden a little more often: the last word that is taken may overshoot the share.
    assert counts.min() / 3000 > 0.12
    assert counts.max() / 3000 < 0.24


def test_a_tokenizer_without_a_mask_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="has a mask token"):
        Masking.of(tokenizer(mask_id=None), 0.15)


def test_long_texts_are_cut_and_short_ones_kept_apart(tmp_path: Path) -> None:
    lengths = {"a": 7, "b": 0, "c": 25, "d": 10}

    def tokenize(texts: list[str]) -> list[np.ndarray]:
        return [np.arange(lengths[text], dtype=np.int32) for text in texts]

    rows = write_token_rows(tmp_path / "all", "abcd", tokenize, 10)
    assert rows.lengths.tolist() == [7, 10, 10, 5, 10]
    assert rows.texts.tolist() == [0, 2, 2, 2, 3]
    assert rows[3].tolist() == [20, 21, 22, 23, 24]
    first = write_token_rows(tmp_path / "first", "abcd", tokenize, 10, order=np.array([3, 2]), first_only=True)
    assert first.lengths.tolist() == [10, 10]
    few = write_token_rows(tmp_path / "few", "abcd", tokenize, 10, most_rows=3)
    assert few.lengths.tolist() == [7, 10, 10]
    assert len(write_token_rows(tmp_path / "none", "b", tokenize, 10)) == 0


def test_an_epoch_holds_each_row_once_in_batches_of_like_length(tmp_path: Path) -> None:
    batches = batches_of(tmp_path)
    order = batches.order(0)
    assert len(np.unique(order)) == order.size == 8 * batches.steps_per_epoch
    spread = np.ptp(batches.rows.lengths[order], axis=1)
    assert spread.mean() < np.ptp(batches.rows.lengths) / 3
    assert not np.array_equal(order, batches.order(1))


def test_an_epoch_can_be_made_again_and_the_next_one_hides_other_words(tmp_path: Path) -> None:
    once, again = ([batch for batch in batches_of(tmp_path).training_epoch(2)] for _ in range(2))
    for first, second in zip(once, again, strict=True):
        for name in first[0]:
            np.testing.assert_array_equal(first[0][name], second[0][name])
        np.testing.assert_array_equal(first[1], second[1])
    batches = batches_of(tmp_path)
    row = int(batches.order(0)[0, 0])
    masks = {batches.masking.mask(batches.rows[row], (3, epoch, row)).positions.tobytes() for epoch in range(20)}
    assert len(masks) > 1


def test_targets_are_what_stood_there_and_fillers_weigh_nothing(tmp_path: Path) -> None:
    batches = batches_of(tmp_path)
    order = batches.order(0)
    for number, (features, targets, weights) in enumerate(batches.training_epoch(0).as_numpy_iterator()):
        original = Packer().pack([batches.rows[row] for row in order[number]])["token_ids"]
        width = original.shape[1]
        assert features["token_ids"].shape == (8, width)
        assert targets.shape == weights.shape == (8, batches.masking.most_positions(width))
        at = np.take_along_axis(original, features["mask_positions"], axis=1)
        np.testing.assert_array_equal(at[weights > 0], targets[weights > 0])
        hidden = np.zeros_like(original, dtype=bool)
        np.put_along_axis(hidden, features["mask_positions"], weights > 0, axis=1)
        hidden[:, 0] = False
        np.testing.assert_array_equal(features["token_ids"][~hidden], original[~hidden])
        assert weights.sum(axis=1).min() >= 1
    counts = batches.token_counts(2)
    assert counts is not None
    assert counts.tokens == batches.rows.lengths[order[:2]].sum() + 2 * 16


def test_evaluation_hides_every_token_once(tmp_path: Path) -> None:
    batches = batches_of(tmp_path)
    hidden = np.zeros(int(batches.rows.texts.max()) + 1)
    sizes = set()
    for batch, texts in batches.each_word_once():
        np.add.at(hidden, texts, batch.weights.sum(axis=1))
        sizes.add(len(texts))
    np.testing.assert_array_equal(hidden, np.bincount(batches.rows.texts, batches.rows.lengths))
    assert sizes == {8}
