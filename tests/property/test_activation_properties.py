"""What is gathered is what was appended, whatever the layouts, the batches, the order and the rows asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.activations.keys import activation_key
from ftsuite.training.activations.layouts import RowLayout, row_bytes
from ftsuite.training.activations.store import Activations, ActivationWriter, memory_writer

GARBAGE = 77
DTYPES = ("float32", "float16", "int32", "uint8", "bool", "int64")


@dataclass(frozen=True)
class Case:
    layouts: tuple[RowLayout, ...]
    rows: list[dict[str, np.ndarray]]
    batches: list[slice]
    order: np.ndarray
    asked: np.ndarray
    wider: int | None
    block_bytes: int
    on_disk: bool

    @property
    def ragged(self) -> bool:
        return any(layout.ragged for layout in self.layouts)

    def length(self, row: int) -> int:
        return next(len(self.rows[row][layout.name]) for layout in self.layouts if layout.ragged)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    shapes = st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 3), st.integers(1, 3))
    shape = st.builds(lambda sizes, rank: sizes[:rank], shapes, st.integers(0, 3))
    kinds = draw(st.lists(st.tuples(st.sampled_from(DTYPES), shape), min_size=1, max_size=3))
    layouts = tuple(RowLayout(f"boundary {number}", *kind) for number, kind in enumerate(kinds))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.lists(st.integers(0, 5), max_size=12))
    rows = [
        {
            layout.name: random.integers(0, 2 if layout.dtype == "bool" else 100, size=_shape(layout, length)).astype(
                layout.dtype
            )
            for layout in layouts
        }
        for length in lengths
    ]
    count = len(rows)
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=4)))
    batches = [slice(start, end) for start, end in zip([0, *cuts], [*cuts, count], strict=True)]
    numbers = st.lists(st.integers(0, count - 1), max_size=20) if count else st.just([])
    order = draw(st.one_of(st.permutations(range(count)), numbers))
    asked = draw(st.lists(st.integers(0, len(order) - 1), max_size=20) if order else st.just([]))
    return Case(
        layouts,
        rows,
        batches,
        np.array(order, np.int64),
        np.array(asked, draw(st.sampled_from([np.int64, np.int32, np.uint8]))),
        draw(st.one_of(st.none(), st.integers(0, 2))),
        draw(st.sampled_from([1, 16, 64, 2**20])),
        draw(st.booleans()),
    )


def _shape(layout: RowLayout, length: int) -> tuple[int, ...]:
    return tuple(length if size is None else size for size in layout.shape)


def padded(case: Case, layout: RowLayout, batch: slice, extra: int) -> np.ndarray:
    """A batch as a trunk gives it out: ragged rows filled up, here with what must not come back."""
    rows = case.rows[batch]
    if not layout.ragged:
        return np.array([row[layout.name] for row in rows], layout.dtype).reshape(len(rows), *layout.item_shape)
    width = max((len(row[layout.name]) for row in rows), default=0) + extra
    array = np.full((len(rows), width, *layout.item_shape), GARBAGE).astype(layout.dtype)
    for place, row in enumerate(rows):
        array[place, : len(row[layout.name])] = row[layout.name]
    return array


def append_all(case: Case, writer: ActivationWriter) -> None:
    for number, batch in enumerate(case.batches):
        arrays = {layout.name: padded(case, layout, batch, number % 3) for layout in case.layouts}
        lengths = [case.length(row) for row in range(batch.start, batch.stop)] if case.ragged else None
        writer.append(arrays, None if lengths is None else np.array(lengths, np.int32))
        for array in arrays.values():
            array[...] = 1  # the writer has taken what it needs


@contextmanager
def kept(case: Case) -> Iterator[Activations]:
    if not case.on_disk:
        with memory_writer(case.layouts, block_bytes=case.block_bytes) as writer:
            append_all(case, writer)
            yield writer.finish(case.order)
        return
    with tempfile.TemporaryDirectory() as root:
        folder = ActivationFolder(Path(root), 10**6, shard_bytes=case.block_bytes)
        with folder.writer("ab", case.layouts, 0) as writer:
            append_all(case, writer)
            with writer.finish(case.order):
                pass
        found = folder.open("ab")
        assert found is not None
        with found:
            yield found


@settings(deadline=None)
@given(cases())
def test_what_is_gathered_is_what_was_appended(case: Case) -> None:
    expected = [case.rows[arrived] for arrived in case.order]
    with kept(case) as activations:
        assert (activations.layouts, activations.count) == (case.layouts, len(case.order))
        assert activations.size_bytes == sum(array.nbytes for row in case.rows for array in row.values())
        width = None
        if case.ragged:
            lengths = [case.length(arrived) for arrived in case.order]
            assert activations.lengths is not None and activations.lengths.tolist() == lengths
            longest = max((lengths[row] for row in case.asked), default=0)
            width = None if case.wider is None else longest + case.wider
        else:
            assert activations.lengths is None
        gathered = activations.gather(case.asked, width=width)
        assert list(gathered) == [layout.name for layout in case.layouts]
        for layout in case.layouts:
            array = gathered[layout.name]
            assert array.dtype == layout.dtype and array.flags.writeable
            if layout.ragged:
                assert array.shape == (len(case.asked), longest + (case.wider or 0), *layout.item_shape)
            else:
                assert array.shape == (len(case.asked), *layout.item_shape)
            for found, row in zip(array, case.asked, strict=True):
                wanted = expected[row][layout.name]
                if layout.ragged:
                    assert not found[len(wanted) :].any()
                    found = found[: len(wanted)]
                np.testing.assert_array_equal(found, wanted)


@given(st.integers(0, 8), st.lists(st.integers(0, 6), min_size=1, max_size=8))
def test_the_size_told_before_is_the_size_taken(channels: int, lengths: list[int]) -> None:
    layouts = (RowLayout("states", "float32", (None, channels)), RowLayout("score", "float16", ()))
    with memory_writer(layouts) as writer:
        states = np.zeros((len(lengths), 6, channels), np.float32)
        writer.append({"states": states, "score": np.zeros(len(lengths), np.float16)}, np.array(lengths))
        taken = writer.finish(np.arange(len(lengths))).size_bytes
    told = row_bytes(layouts, float(np.mean(lengths))) * len(lengths)
    assert taken <= told <= taken + len(lengths)  # rounded up by less than a byte a row


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@given(PARTS, st.randoms())
def test_the_order_of_parts_does_not_change_the_key(parts: dict[str, object], random: object) -> None:
    names = list(parts)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert activation_key({name: parts[name] for name in names}) == activation_key(parts)


@given(PARTS, PARTS)
def test_other_parts_give_another_key(one: dict[str, object], other: dict[str, object]) -> None:
    assert (activation_key(one) == activation_key(other)) == (repr(_sorted(one)) == repr(_sorted(other)))


def _sorted(part: object) -> object:
    if isinstance(part, dict):
        return sorted((name, _sorted(value)) for name, value in part.items())
    return [_sorted(value) for value in part] if isinstance(part, list) else part
