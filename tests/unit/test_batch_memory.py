from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ftsuite.data.batch_memory import BatchMemory


def address_of(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def test_memory_is_used_again_only_when_no_part_of_it_is_held() -> None:
    memory = BatchMemory()
    first = memory.of((4, 8, 8, 3))
    address = address_of(first)
    assert address % 64 == 0
    assert first.flags.c_contiguous
    part = first[2:, ::2]
    del first
    assert address_of(memory.of((4, 8, 8, 3))) != address
    part[:] = 7
    other = memory.of((4, 8, 8, 3))
    other[:] = 9
    assert (part == 7).all()
    del part
    assert address_of(memory.of((4, 8, 8, 3))) == address


def test_another_shape_and_many_at_once_get_memory_of_their_own() -> None:
    memory = BatchMemory()
    held = [memory.of((2, 3)) for _ in range(40)]
    assert len({address_of(array) for array in held}) == 40
    assert memory.of((3, 3)).shape == (3, 3)
    assert memory.of((0, 4, 4, 3)).shape == (0, 4, 4, 3)


def test_threads_never_share_memory() -> None:
    memory = BatchMemory()

    def fill(value: int) -> bool:
        array = memory.of((64, 64))
        array[:] = value
        return bool((np.sort(array, axis=None) == value).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(fill, [number % 251 for number in range(600)]))


def test_tensorflow_holds_on_to_what_it_was_given() -> None:
    import tensorflow as tf

    memory = BatchMemory()

    def make(number: np.ndarray) -> np.ndarray:
        array = memory.of((32, 32, 3))
        array[:] = number
        return array

    numbers = tf.data.Dataset.range(60).map(lambda n: tf.numpy_function(make, [n], tf.uint8), num_parallel_calls=3)
    held = list(numbers.prefetch(3))
    assert all((tensor.numpy() == number).all() for number, tensor in enumerate(held))
