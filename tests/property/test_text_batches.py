"""Batches of texts: a pure function of (seed, epoch), each text where it belongs, and little padding."""

from __future__ import annotations

import gc
import itertools
import json
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.length_batches import CHUNK_BATCHES, evaluation_rows, training_rows
from ftsuite.data.pipeline import Pipeline, epoch_order, epoch_seed
from ftsuite.data.sources import load_examples
from ftsuite.data.text import TextReader
from ftsuite.data.text_stream import StreamTexts
from tests.toy_text_encoder import ToyTextEncoder


class OnDisk(Sequence[str]):
    """Texts that are given on request only, as a file's are; notes how many were asked for at once."""

    def __init__(self, texts: Sequence[str], log: list[int]) -> None:
        self._texts = texts
        self._log = log

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("texts on the disk are read by `take` alone")

    def __iter__(self) -> Any:
        self._log.append(len(self._texts))
        return iter(self._texts)

    def take(self, positions: Any) -> OnDisk:
        return OnDisk([self._texts[int(i)] for i in positions], self._log)


def made(count: int, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    lengths = np.minimum(rng.geometric(0.02, size=count), 90)
    texts = [" ".join([f"id{number}", *map(str, rng.integers(0, 50, n))]) for number, n in enumerate(lengths)]
    return Examples(
        ids=tuple(map(str, range(count))),
        inputs=tuple(texts),
        labels=np.arange(count, dtype=np.int64) % 3,
        class_names=("a", "b", "c"),
        content_hashes=tuple(f"{number:064d}" for number in range(count)),
        kind="text",
    )


def pipeline(batch_size: int = 4, seed: int = 0, max_length: int = 64, windows: int = 0) -> Pipeline:
    reader = TextReader(ToyTextEncoder(max_length, windows))
    return Pipeline(
        reader, lambda features, targets, key: (features, targets), 3, batch_size, seed, encode=reader.encode
    )


def epoch_of(pipe: Pipeline, examples: Examples, epoch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(f["token_ids"].numpy(), t.numpy()) for f, t, _ in pipe.training_epoch(examples, epoch)]


def firsts(examples: Examples) -> dict[int, int]:
    """The first token of each text, which is its own (hashes do not collide here), to its position."""
    found = {int(row[0]): i for i, row in enumerate(ToyTextEncoder().tokens(examples.inputs))}
    assert len(found) == len(examples)
    return found


@hypothesis.given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**31), st.integers(0, 9), st.data())
def test_rows_of_a_chunk_are_a_permutation_in_batches_of_like_length(
    batches: int, batch_size: int, seed: int, epoch: int, data: st.DataObject
) -> None:
    count = batches * batch_size
    lengths = np.asarray(data.draw(st.lists(st.integers(0, 500), min_size=count, max_size=count)))
    rows = training_rows(lengths, batch_size, seed, epoch, 0)
    assert sorted(rows) == list(range(count))
    spans = sorted((min(own), max(own)) for own in lengths[rows].reshape(-1, batch_size).tolist())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    descending = lengths[evaluation_rows(lengths)]
    assert (np.diff(descending) <= 0).all()


def test_batches_come_in_another_order_each_epoch_and_chunk() -> None:
    lengths = np.arange(256)
    orders = [training_rows(lengths, 4, 0, epoch, chunk).tolist() for epoch, chunk in ((0, 0), (1, 0), (0, 1))]
    assert len({tuple(order) for order in orders}) == 3


@hypothesis.settings(max_examples=5, deadline=None)
@hypothesis.given(
    st.integers(1, 700), st.integers(1, 5), st.integers(0, 1000), st.integers(0, 3), st.sampled_from([0, 2])
)
def test_on_disk_and_in_memory_give_the_same_bytes(
    count: int, batch_size: int, seed: int, epoch: int, windows: int
) -> None:
    examples = made(count, seed)
    log: list[int] = []
    lazy = replace(examples, inputs=OnDisk(examples.inputs, log))
    pipe = pipeline(batch_size, seed, windows=windows)
    for one, other in zip(epoch_of(pipe, examples, epoch), epoch_of(pipe, lazy, epoch), strict=True):
        assert one[0].tobytes() == other[0].tobytes()
        assert one[0].shape == other[0].shape
        np.testing.assert_array_equal(one[1], other[1])
    assert max(log) <= CHUNK_BATCHES * batch_size
    here, there = pipe.evaluation(examples), pipe.evaluation(lazy)
    for one, other in zip(here.dataset, there.dataset, strict=True):
        np.testing.assert_array_equal(one["token_ids"], other["token_ids"])
    np.testing.assert_array_equal(here.order, there.order)


def test_a_json_lines_file_gives_the_bytes_of_memory(tmp_path: Path) -> None:
    rows = [{"text": f"{text} é\n", "label": int(i % 3)} for i, text in enumerate(made(500).inputs)]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    sources = [DataConfig(source=f"jsonl:{path}", streaming=streaming) for streaming in (False, True)]
    held, streamed = (load_examples(source, 0) for source in sources)
    assert isinstance(streamed.inputs, StreamTexts)
    positions = np.random.default_rng(0).permutation(500)[:400]
    pipe = pipeline(batch_size=4)
    pairs = zip(epoch_of(pipe, held.take(positions), 1), epoch_of(pipe, streamed.take(positions), 1), strict=True)
    for one, other in pairs:
        assert one[0].tobytes() == other[0].tobytes()
        np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("count", [3, 256, 300, 611])
def test_an_epoch_holds_its_examples_once_with_their_labels(count: int) -> None:
    examples, pipe = made(count), pipeline()
    batches = epoch_of(pipe, examples, 2)
    assert len(batches) == pipe.steps_per_epoch(examples)
    position = firsts(examples)
    seen = [
        (position[int(row[1])], int(target.argmax()))
        for ids, targets in batches
        for row, target in zip(ids, targets, strict=True)
    ]
    size = min(4, count)
    # who is left out is said by the order, so the longest text is as likely as any
    assert sorted(index for index, _ in seen) == sorted(epoch_order(count, 0, 2)[: count // size * size])
    assert all(label == index % 3 for index, label in seen)
    assert all(len(ids) == size for ids, _ in batches)


def test_an_epoch_can_be_made_again_and_cut_short() -> None:
    examples = made(300)
    whole = epoch_of(pipeline(), examples, 1)
    again = epoch_of(pipeline(), examples, 1)
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(whole, again, strict=True))
    cut = [f["token_ids"].numpy() for f, _, _ in pipeline().training_epoch(examples, 1).take(5)]
    assert len(cut) == 5
    assert all(np.array_equal(one[0], other) for one, other in zip(whole, cut, strict=False))
    assert not np.array_equal(whole[0][0], epoch_of(pipeline(), examples, 2)[0][0])
    assert not np.array_equal(whole[0][0], epoch_of(pipeline(seed=5), examples, 1)[0][0])
    assert pipeline().training_epoch(examples, 1).cardinality() == 75


def test_batches_of_like_length_waste_little() -> None:
    examples, pipe = made(1024), pipeline(batch_size=16, max_length=128)
    for _ in pipe.training_epoch(examples, 0):
        pass
    counts = pipe.token_counts(64)
    assert counts is not None
    in_random_batches = np.asarray([len(text.split()) + 2 for text in examples.inputs])[epoch_order(1024, 0, 0)]
    random_share = 1 - in_random_batches.sum() / (in_random_batches.reshape(64, 16).max(axis=1) * 16).sum()
    assert counts.padding_share < 0.08 < 0.4 < random_share


@pytest.mark.parametrize("windows", [0, 2])
def test_tokens_are_counted_for_the_steps_that_were_asked_for(windows: int) -> None:
    examples, pipe = made(200), pipeline(max_length=16, windows=windows)
    masks = [f["padding_mask"].numpy() for f, _, _ in pipe.training_epoch(examples, 0)]
    for steps in (1, 7, 50):
        counts = pipe.token_counts(steps)
        assert counts is not None
        assert counts.tokens == sum(int(mask.sum()) for mask in masks[:steps])
        assert counts.cells == sum(mask.size for mask in masks[:steps])
        assert counts.texts == 4 * steps
    words = np.asarray([len(text.split()) for text in examples.inputs])
    assert counts.truncated == int((words > 14 * max(windows, 1)).sum()) > 0
    evaluation = pipe.evaluation(examples)
    for features in evaluation.dataset:
        assert set(features) == {"token_ids", "padding_mask"}
    judged = evaluation.token_counts()
    assert judged is not None
    assert (judged.texts, judged.truncated) == (200, counts.truncated)
    # judging does not touch what training is said to have seen
    assert pipe.token_counts(50) == counts


@pytest.mark.parametrize("read_first", [True, False])
def test_evaluation_says_whose_each_row_is(read_first: bool) -> None:
    examples = made(611)
    batches = pipeline().evaluation(examples)
    if not read_first:
        assert sorted(batches.order) == list(range(611))
    rows = [row for features in batches.dataset for row in features["token_ids"].numpy()]
    position = firsts(examples)
    assert [position[int(row[1])] for row in rows] == batches.order.tolist()
    lengths = np.asarray([len(text.split()) for text in examples.inputs])[batches.order]
    chunk = 4 * CHUNK_BATCHES
    assert all((np.diff(lengths[start : start + chunk]) <= 0).all() for start in range(0, 611, chunk))


def test_keys_belong_to_the_example_and_not_to_its_place() -> None:
    examples = made(40)

    def keys_of(batch_size: int) -> dict[int, list[int]]:
        reader = TextReader(ToyTextEncoder())

        def preprocess(batch: Any, training: bool, keys: Any) -> Any:
            return {"index": batch["index"], "keys": keys}

        pipe = Pipeline(preprocess, lambda f, t, key: (f, t), 3, batch_size, 7, encode=reader.encode)
        found = [(f["index"].numpy(), f["keys"].numpy()) for f, _, _ in pipe.training_epoch(examples, 3)]
        assert pipe.token_counts(1) is None
        return {int(i): key.tolist() for index, keys in found for i, key in zip(index, keys, strict=True)}

    assert keys_of(4) == keys_of(10) == {i: [epoch_seed(7, 3), i] for i in range(40)}


def test_keras_traces_its_step_once_whatever_the_widths() -> None:
    examples, pipe = made(200), pipeline(max_length=64)
    traced: list[int] = []

    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = keras.layers.Embedding(1000, 3)

        def call(self, features: Any) -> Any:
            traced.append(1)
            return keras.ops.mean(self.embedding(features["token_ids"] % 1000), axis=1)

    model = Model()
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    widths = {f["token_ids"].shape[1] for f, _, _ in pipe.training_epoch(examples, 0)}
    assert len(widths) > 5
    model.fit(pipe.training_epoch(examples, 0).take(10), epochs=1, verbose=0, shuffle=False)
    once = len(traced)
    for epoch in (0, 1):
        model.fit(pipe.training_epoch(examples, epoch), epochs=1, verbose=0, shuffle=False)
    assert len(traced) == once


def test_passes_leave_nothing_behind() -> None:
    examples, pipe = made(100), pipeline()
    kept: list[weakref.ref[Any]] = []
    for epoch in range(3):
        for _ in pipe.training_epoch(examples, epoch):
            pass
        kept.append(weakref.ref(pipe._latest[0]))
        evaluation = pipe.evaluation(examples)
        for _ in evaluation.dataset:
            pass
        kept.append(weakref.ref(evaluation))
        assert evaluation.tally is not None
        kept.append(weakref.ref(evaluation.tally))
    del evaluation
    gc.collect()
    # the counts of the latest epoch are still to be asked for
    assert [one() is not None for one in kept] == [False] * 6 + [True] + [False] * 2


def test_texts_on_disk_are_read_for_tasks_without_tokens_too() -> None:
    examples = made(50)
    log: list[int] = []
    lazy = replace(examples, inputs=OnDisk(examples.inputs, log))

    def preprocess(element: Any, training: bool, key: Any) -> Any:
        return tf.strings.length(element["input"])

    pipe = Pipeline(preprocess, lambda f, t, key: (f, t), 3, 8, 0)
    for one, other in zip(pipe.training_epoch(examples, 1), pipe.training_epoch(lazy, 1), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    assert log == [50]
