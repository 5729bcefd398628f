"""Cutting, padding and windows of the one encoder that training and serving share."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from ftsuite.errors import ConfigError
from ftsuite.models.text_encoder import TextEncoder
from tests.unit.tiny_text import word_piece_tokenizer

TOKENIZER = word_piece_tokenizer()
START, END, PADDING = TOKENIZER.start_id, TOKENIZER.end_id, TOKENIZER.padding_id


def row(count: int) -> np.ndarray:
    return np.arange(100, 100 + count, dtype=np.int32)


def contents(ids: np.ndarray, mask: np.ndarray) -> list[int]:
    return [int(number) for number in ids[mask]]


def test_rows_are_closed_and_padded_to_a_step() -> None:
    packed = TextEncoder(TOKENIZER, 64).pack([row(3), row(9)])
    assert packed["token_ids"].shape == packed["padding_mask"].shape == (2, 12)
    assert packed["token_ids"].dtype == np.int32
    assert packed["padding_mask"].dtype == bool
    assert contents(packed["token_ids"][0], packed["padding_mask"][0]) == [START, *row(3), END]
    assert set(packed["token_ids"][0][~packed["padding_mask"][0]]) == {PADDING}
    assert contents(packed["token_ids"][1], packed["padding_mask"][1]) == [START, *row(9), END]


def test_padding_ends_at_the_maximum_length() -> None:
    encoder = TextEncoder(TOKENIZER, 13)
    assert encoder.pack([row(50)])["token_ids"].shape == (1, 13)
    assert encoder.pack([])["token_ids"].shape[0] == 0


def test_few_widths_where_each_is_compiled_anew() -> None:
    encoder = TextEncoder(TOKENIZER, 300)
    encoder.coarse_widths = True
    widths = [encoder.padded_width(longest) for longest in range(1, 301)]
    assert sorted(set(widths)) == [32, 64, 96, 128, 192, 256, 300]
    assert all(width >= longest for longest, width in enumerate(widths, start=1))


@pytest.mark.parametrize("devices", [[], ["gpu:0"]])
def test_tensorflow_compiles_widths_on_a_gpu_alone(devices: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: devices)
    assert TextEncoder(TOKENIZER, 300).coarse_widths == bool(devices)


def test_head_and_head_tail_keep_what_they_say() -> None:
    head = TextEncoder(TOKENIZER, 42, "head").pack([row(100)])["token_ids"][0]
    assert list(head) == [START, *row(100)[:40], END]
    both = TextEncoder(TOKENIZER, 42, "head-tail").pack([row(100)])["token_ids"][0]
    assert list(both) == [START, *row(100)[:10], *row(100)[70:], END]
    exact = TextEncoder(TOKENIZER, 42, "head-tail").pack([row(40)])["token_ids"][0]
    assert list(exact) == [START, *row(40), END]


def test_windows_hold_all_tokens_once_in_like_parts() -> None:
    encoder = TextEncoder(TOKENIZER, 12, "windows", max_windows=4)
    packed = encoder.pack([row(21), row(0), row(100)])
    ids, mask = packed["token_ids"], packed["padding_mask"]
    assert ids.shape == mask.shape == (3, 4, 12)
    parts = [contents(ids[0, window], mask[0, window]) for window in range(4)]
    assert [len(part) for part in parts] == [9, 9, 9, 0]
    assert [number for part in parts for number in part[1:-1]] == list(row(21))
    assert contents(ids[1, 0], mask[1, 0]) == [START, END]
    assert not mask[1, 1:].any()
    kept = [number for window in range(4) for number in contents(ids[2, window], mask[2, window])[1:-1]]
    assert kept == list(row(100)[:40])


@pytest.mark.parametrize("way", ["head", "head-tail", "windows"])
def test_what_is_cut_is_told_without_packing(way: str) -> None:
    encoder = TextEncoder(TOKENIZER, 12, way, max_windows=3)  # type: ignore[arg-type]
    lengths = list(range(60))
    packed = [encoder.pack([row(length)]) for length in lengths]
    seen = [int((batch["token_ids"][batch["padding_mask"]] >= 100).sum()) for batch in packed]
    assert list(encoder.truncated(np.array(lengths))) == [
        count < length for count, length in zip(seen, lengths, strict=True)
    ]
    most = 30 if way == "windows" else 10
    assert list(encoder.truncated(np.array(lengths))) == [length > most for length in lengths]


def test_texts_are_cleaned_where_asked() -> None:
    clean, raw = TextEncoder(TOKENIZER, 32), TextEncoder(TOKENIZER, 32, clean_html=False)
    plain = TOKENIZER.encode(["good\nfilm"])[0]
    assert list(clean.tokens(["good<br />film"])[0]) == list(plain)
    assert len(raw.tokens(["good<br />film"])[0]) > len(plain)


def test_its_config_is_plain_json_and_makes_it_again() -> None:
    encoder = TextEncoder(TOKENIZER, 20, "windows", max_windows=2, clean_html=False)
    again = TextEncoder.from_config(json.loads(json.dumps(encoder.get_config())))
    texts = ["The film was good", "", "xyzzy " * 30]
    first, second = encoder(texts), again(texts)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert again.get_config() == encoder.get_config()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"max_length": 2}, "max_length"),
        ({"max_length": 8, "long_texts": "tail"}, "long_texts"),
        ({"max_length": 8, "max_windows": 0}, "max_windows"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        TextEncoder(TOKENIZER, **arguments)  # type: ignore[arg-type]
