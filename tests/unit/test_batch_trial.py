"""Which batch sizes are tried, in which order, and which one is taken."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftsuite.models.blocks import Block
from ftsuite.runs.batch_trial import heaviest, largest_by_errors, largest_by_growth, parts_of
from ftsuite.runs.memory import PeakMemory, available_memory_bytes
from ftsuite.training.plan import Stage


@pytest.mark.parametrize(
    ("whole", "parts"),
    [(32, [32, 16, 8, 4, 2, 1]), (1, [1]), (31, [31, 1]), (60, [60, 30, 15, 6, 3, 1]), (48, [48, 24, 12, 6, 3, 1])],
)
def test_parts_are_divisors_each_at_most_half_of_the_last(whole: int, parts: list[int]) -> None:
    assert parts_of(whole) == parts


def test_with_errors_the_first_that_fits_from_above_is_taken() -> None:
    tried: list[int] = []

    def fits(size: int) -> str:
        tried.append(size)
        return "OOM" if size > 8 else ""

    assert largest_by_errors([32, 16, 8, 4], fits) == (8, "memory ran out with more (OOM)")
    assert tried == [32, 16, 8]
    assert largest_by_errors([4, 2], lambda size: "") == (4, "")
    assert largest_by_errors([4, 2], lambda size: "OOM") == (None, "OOM")


class Machine:
    """A machine whose steps hold so many bytes, and so many more an example; what was held is not given back."""

    def __init__(self, memory: int, fixed: int, per_example: int, first: int = 0) -> None:
        self.memory, self.fixed, self.per_example, self.first = memory, fixed, per_example, first
        self.tried: list[int] = []
        self.peak_bytes = 0

    def fits(self, size: int) -> str:
        self.tried.append(size)
        # The first step holds more than the second would let expect: what is set up once.
        self.peak_bytes = max(self.peak_bytes, self.fixed + self.per_example * size + self.first * (not self.tried))
        assert self.peak_bytes <= self.memory, "the machine would have swapped"
        return ""

    def available(self) -> int:
        return self.memory - self.peak_bytes

    def watch(self) -> Machine:
        return self

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        return None


@given(
    whole=st.sampled_from([1, 7, 8, 13, 31, 32, 60, 121, 128, 1000, 1009, 4096]),
    per_example=st.integers(0, 10_000),
    fixed=st.integers(0, 100_000),
)
def test_by_growth_memory_is_never_run_out_of_and_what_fits_is_taken(whole: int, per_example: int, fixed: int) -> None:
    machine = Machine(1_000_000, fixed, per_example)
    size, reason = largest_by_growth(parts_of(whole), machine.fits, machine.available, lambda: machine)
    assert size is not None and size in machine.tried
    assert max(set(machine.tried) & set(parts_of(whole))) == size
    for number, tried in enumerate(machine.tried):
        # Two smaller ones were measured before, and no rise is large.
        assert tried <= 8 or (number >= 2 and tried <= 4 * max(machine.tried[:number])), machine.tried
    assert bool(reason) == (size < whole)
    larger = [part for part in parts_of(whole) if part > size]
    if larger and per_example:
        # The next one would have left too little, by the estimate with its margin.
        assert 1.25 * per_example * (larger[-1] - size) > 0.5 * machine.available() - 2


@pytest.mark.parametrize(
    ("whole", "memory", "size", "tried"),
    [
        (13, 10**9, 13, [1, 2, 4, 13]),
        (31, 10**9, 31, [1, 2, 4, 16, 31]),
        (31, 45_000, 1, [1, 2, 4, 16]),
        (121, 150_000, 11, [1, 2, 4, 11, 44]),
        (7, 10**9, 7, [1, 7]),
    ],
)
def test_by_growth_no_part_is_tried_blind_where_parts_lie_far_apart(
    whole: int, memory: int, size: int, tried: list[int]
) -> None:
    machine = Machine(memory, 0, 1000)
    assert largest_by_growth(parts_of(whole), machine.fits, machine.available, lambda: machine)[0] == size
    assert machine.tried == tried


def test_by_growth_a_size_that_runs_out_all_the_same_gives_way_to_a_smaller_one() -> None:
    machine = Machine(10**9, 0, 1)

    def fits(size: int) -> str:
        machine.fits(size)
        return "RESOURCE_EXHAUSTED" if size > 16 else ""

    size, reason = largest_by_growth(parts_of(128), fits, machine.available, lambda: machine)
    assert (size, machine.tried) == (16, [4, 8, 32, 16])
    assert "RESOURCE_EXHAUSTED" in reason
    assert largest_by_growth([2, 1], lambda size: "OOM", machine.available, lambda: machine)[0] is None


def _stage(number: int, trained: tuple[str, ...], pixels: int | None) -> Stage:
    return Stage(number, "", trained, 10, 10, 0, 1e-3, 1.0, "cosine", image_size=pixels)


def test_the_heaviest_stages_are_those_that_no_other_outweighs() -> None:
    blocks = [Block(name, ()) for name in ("stem", "block1", "head")]
    stages = [
        _stage(0, ("head",), None),
        _stage(1, ("stem", "block1", "head"), 128),
        _stage(2, ("stem", "head"), 128),
        _stage(3, ("block1", "head"), 160),
        _stage(4, ("head",), 224),
    ]
    assert [stage.number for stage in heaviest(stages, blocks, 224)] == [1, 3, 0]
    assert [stage.number for stage in heaviest(stages[:3], blocks, 96)] == [1]


def test_a_container_has_less_memory_than_its_machine(tmp_path: Path) -> None:
    free = available_memory_bytes(tmp_path / "none")
    assert free > 0
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 400000\ninactive_file 500000\n")
    assert available_memory_bytes(tmp_path) == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory_bytes(tmp_path) > 600_000


def test_the_most_memory_that_was_held_is_seen() -> None:
    with PeakMemory() as memory:
        before = memory.peak_bytes
        block = bytearray(b"x") * (64 * 2**20)
    assert memory.peak_bytes - before > 0.5 * len(block)
