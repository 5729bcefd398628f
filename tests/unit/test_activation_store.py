"""Keeping activations in memory: what is refused, threads, and what a key is made of."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from ftsuite.errors import ResourceError
from ftsuite.training.activations import store as activation_store
from ftsuite.training.activations.keys import activation_key
from ftsuite.training.activations.layouts import RowLayout, row_bytes
from ftsuite.training.activations.store import Activations, memory_writer

MAP = RowLayout("map", "float32", (2, 2, 3))
STATES = RowLayout("states", "float32", (None, 4))
MASK = RowLayout("mask", "bool", (None,))


def maps(count: int) -> np.ndarray:
    return np.arange(count * 12, dtype=np.float32).reshape(count, 2, 2, 3)


def kept_maps(count: int, block_bytes: int = 2**20) -> Activations:
    writer = memory_writer([MAP], block_bytes=block_bytes)
    for start in range(0, count, 7):
        writer.append({"map": maps(count)[start : start + 7]})
    return writer.finish(np.arange(count))


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("float32", (3, None)), ("float32", (None, None)), ("float32", (-1,)), ("O", ()), ("U5", ()), ("M8[s]", ())],
)
def test_layouts_that_cannot_be_kept_are_refused(dtype: str, shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match="boundary"):
        RowLayout("boundary", dtype, shape)


def test_a_layout_says_what_an_item_is() -> None:
    assert (MAP.ragged, MAP.item_shape, MAP.item_bytes) == (False, (2, 2, 3), 48)
    assert (STATES.ragged, STATES.item_shape, STATES.item_bytes) == (True, (4,), 16)
    assert (MASK.ragged, MASK.item_shape, MASK.item_bytes) == (True, (), 1)
    assert RowLayout("score", "<f4", ()) == RowLayout("score", "float32", ())


def test_bytes_of_a_row() -> None:
    assert row_bytes([MAP]) == 48
    assert row_bytes([MAP, STATES, MASK], 2.5) == 48 + 43
    with pytest.raises(ValueError, match="mean_length"):
        row_bytes([STATES])


def test_layouts_need_names_of_their_own() -> None:
    for layouts in ([], [MAP, MAP]):
        with pytest.raises(ValueError, match="names of their own"):
            memory_writer(layouts)


@pytest.mark.parametrize(
    ("arrays", "lengths", "message"),
    [
        ({}, [1, 1], "Expected"),
        ({"states": np.zeros((2, 3, 4), np.float32)}, [1, 1], "Expected"),
        ({"states": np.zeros((2, 3, 4)), "mask": np.zeros((2, 3), bool)}, [1, 1], "float64"),
        ({"states": np.zeros((2, 3, 5), np.float32), "mask": np.zeros((2, 3), bool)}, [1, 1], "Received"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((3, 3), bool)}, [1, 1], "Received"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros(2, bool)}, [1, 1], "Received"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((2, 2), bool)}, [1, 3], "2 steps"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((2, 3), bool)}, [1], "2 lengths"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((2, 3), bool)}, [1, -1], "2 lengths"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((2, 3), bool)}, [1.0, 2.0], "2 lengths"),
        ({"states": np.zeros((2, 3, 4), np.float32), "mask": np.zeros((2, 3), bool)}, None, "Lengths"),
    ],
)
def test_batches_that_are_not_as_promised_are_refused(
    arrays: dict[str, np.ndarray], lengths: list[Any] | None, message: str
) -> None:
    writer = memory_writer([STATES, MASK])
    with pytest.raises(ValueError, match=message):
        writer.append(arrays, None if lengths is None else np.array(lengths))
    good = {"states": np.ones((1, 2, 4), np.float32), "mask": np.ones((1, 2), bool)}
    writer.append(good, np.array([2]))
    assert writer.finish(np.array([0])).count == 1  # nothing of what was refused stayed


def test_fixed_layouts_take_no_lengths() -> None:
    with pytest.raises(ValueError, match="Lengths"):
        memory_writer([MAP]).append({"map": maps(2)}, np.array([1, 1]))


def test_an_order_names_rows_that_came() -> None:
    writer = memory_writer([MAP])
    writer.append({"map": maps(3)})
    for order in ([3], [-1], [0.0], [[0]]):
        with pytest.raises(ValueError, match="Expected"):
            writer.finish(np.array(order))
    np.testing.assert_array_equal(writer.finish(np.array([2, 0])).gather(np.array([0]))["map"], maps(3)[2:])


def test_a_writer_ends_once() -> None:
    writer = memory_writer([MAP])
    writer.finish(np.zeros(0, np.int64))
    with pytest.raises(RuntimeError, match="finished"):
        writer.append({"map": maps(1)})
    with pytest.raises(RuntimeError, match="finished"):
        writer.finish(np.zeros(0, np.int64))


@pytest.mark.parametrize("rows", [[5], [-1], [0, 99]])
def test_rows_that_are_not_there(rows: list[int]) -> None:
    with pytest.raises(IndexError, match="the 5 rows"):
        kept_maps(5).gather(np.array(rows))


@pytest.mark.parametrize("rows", [[0.0], [[0]], [True]])
def test_rows_are_a_list_of_whole_numbers(rows: list[Any]) -> None:
    with pytest.raises(ValueError, match="numbers of rows"):
        kept_maps(5).gather(np.array(rows))


def test_a_width_holds_the_longest_row() -> None:
    writer = memory_writer([MASK])
    writer.append({"mask": np.ones((2, 3), bool)}, np.array([1, 3]))
    activations = writer.finish(np.arange(2))
    with pytest.raises(ValueError, match="3 steps"):
        activations.gather(np.array([0, 1]), width=2)
    assert activations.gather(np.array([0]), width=2)["mask"].tolist() == [[True, False]]


def test_what_is_gathered_is_a_copy() -> None:
    activations = kept_maps(5)
    activations.gather(np.array([1, 2]))["map"][...] = -1
    np.testing.assert_array_equal(activations.gather(np.arange(5))["map"], maps(5))


def test_threads_gather_at_the_same_time() -> None:
    activations = kept_maps(200, block_bytes=48 * 30)

    def check(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(50):
            rows = random.integers(0, 200, 32)
            np.testing.assert_array_equal(activations.gather(rows)["map"], maps(200)[rows])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(check, range(8)))


def test_closing_releases_once_and_ends_gathering() -> None:
    activations, released = kept_maps(5), []
    activations.when_closed(lambda: released.append(1))
    with activations:
        pass
    activations.close()
    assert released == [1]
    with pytest.raises(RuntimeError, match="closed"):
        activations.gather(np.array([0]))


def test_what_nobody_refers_to_is_released() -> None:
    activations, released = kept_maps(5), []
    activations.when_closed(lambda: released.append(1))
    del activations
    gc.collect()
    assert released == [1]


@pytest.mark.parametrize("end", ["append", "finish"])
def test_too_little_memory(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise MemoryError

    writer = memory_writer([MAP])
    writer.append({"map": maps(2)})
    writer.append({"map": maps(2)})
    if end == "append":
        monkeypatch.setattr(activation_store, "real_items", full)
        with pytest.raises(ResourceError) as caught:
            writer.append({"map": maps(2)})
    else:
        monkeypatch.setattr(activation_store.np, "concatenate", full)
        with pytest.raises(ResourceError) as caught:
            writer.finish(np.arange(4))
    assert "on disk" in caught.value.advice
    with pytest.raises(RuntimeError, match="closed"):
        writer.append({"map": maps(2)})


def test_keys_are_stable_and_take_numpy_numbers_and_tuples() -> None:
    key = activation_key({"weights": "abc", "size": (224, 224)})
    assert key == activation_key({"size": [np.int64(224), 224], "weights": "abc"})
    assert len(key) == 64 and set(key) <= set("0123456789abcdef")
    assert len({activation_key({"value": value}) for value in (1, 1.0, True, "1", None, [1])}) == 6


@pytest.mark.parametrize("parts", [{1: "a"}, {"a": {2: 3}}, {"a": object()}, {"a": b"bytes"}])
def test_keys_of_what_json_cannot_hold(parts: dict[Any, Any]) -> None:
    with pytest.raises(TypeError):
        activation_key(parts)


def test_keys_of_numbers_that_are_not_finite() -> None:
    with pytest.raises(ValueError):
        activation_key({"a": float("nan")})
