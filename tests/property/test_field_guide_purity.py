"""A picture is a pure function of seed, id and size: across calls, threads and processes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.data.field_guide import FieldGuide, example_id, parse_example_id, render
from ftsuite.data.field_guide.examples import SPLITS

_requests = st.tuples(
    st.builds(
        example_id,
        st.sampled_from(SPLITS),
        st.sampled_from(FieldGuide.load().species),
        st.integers(0, 10**9 - 1),
    ),
    st.integers(0, 2**63 - 1),
    st.integers(32, 200),
)


def _digest(request: tuple[str, int, int]) -> str:
    return hashlib.sha256(render(*request).tobytes()).hexdigest()


@settings(max_examples=25, deadline=None)
@given(_requests)
def test_the_same_request_gives_the_same_bytes(request_: tuple[str, int, int]) -> None:
    picture = render(*request_)
    assert picture.shape == (request_[2], request_[2], 3)
    assert picture.tobytes() == render(*request_).tobytes()


@settings(max_examples=8, deadline=None)
@given(st.lists(_requests, min_size=2, max_size=6, unique=True))
def test_threads_in_any_order_give_the_same_bytes(requests: list[tuple[str, int, int]]) -> None:
    expected = [_digest(request) for request in requests]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_digest, requests)) == expected
        assert list(pool.map(_digest, requests[::-1])) == expected[::-1]


def test_another_process_gives_the_same_bytes() -> None:
    requests = [(example_id("test", species, 5), 9, 96) for species in FieldGuide.load().species[::5]]
    code = (
        "import hashlib, sys; from ftsuite.data.field_guide import render\n"
        f"for r in {requests!r}: print(hashlib.sha256(render(*r).tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [_digest(request) for request in requests]


@given(st.sampled_from(SPLITS), st.sampled_from(FieldGuide.load().species), st.integers(0, 10**9 - 1))
def test_ids_are_read_back(split: str, species: object, index: int) -> None:
    read = parse_example_id(example_id(split, species, index))  # type: ignore[arg-type]
    assert read == (split, species, index)
