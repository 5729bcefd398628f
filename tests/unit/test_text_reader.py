from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ftsuite.data.text import TextReader
from tests.toy_text_encoder import ToyTextEncoder

TEXTS = ["one two three", "", "é " * 40, "naïve café"]


@pytest.mark.parametrize("windows", [0, 3])
def test_tokens_and_arrays_are_those_of_the_encoder(windows: int) -> None:
    encoder = ToyTextEncoder(windows=windows)
    reader = TextReader(encoder)

    @tf.function
    def read(texts: tf.Tensor) -> tuple[tf.RaggedTensor, dict[str, tf.Tensor]]:
        tokens = reader.encode(texts)
        return tokens, reader({"tokens": tokens}, True, tf.zeros((len(TEXTS), 2), tf.int32))

    tokens, features = read(tf.constant(TEXTS))
    rows = encoder.tokens(TEXTS)
    assert [row.tolist() for row in rows] == tokens.to_list()
    assert tokens.dtype == tf.int32
    wanted = encoder.pack(rows)
    for name in ("token_ids", "padding_mask"):
        np.testing.assert_array_equal(features[name].numpy(), wanted[name])
    assert features["token_ids"].shape.rank == (3 if windows else 2)
    # 40 words are more than 14, and fewer than three windows of them hold
    assert features["truncated"].numpy().tolist() == [False, False, not windows, False]


@pytest.mark.parametrize(("windows", "rank"), [(0, 2), (3, 3)])
def test_a_graph_knows_ranks_and_no_widths(windows: int, rank: int) -> None:
    reader = TextReader(ToyTextEncoder(windows=windows))
    dataset = tf.data.Dataset.from_tensors(tf.constant(TEXTS)).map(
        lambda texts: reader({"tokens": reader.encode(texts)}, False, None)
    )
    for name in ("token_ids", "padding_mask"):
        assert dataset.element_spec[name].shape.as_list() == [None] * rank


def test_no_texts_are_no_error() -> None:
    tokens = TextReader(ToyTextEncoder()).encode(tf.constant([], tf.string))
    assert tokens.nrows() == 0
