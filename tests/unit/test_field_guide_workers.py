"""Pictures from processes beside this one are those that this one would draw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ftsuite.data.field_guide import DrawingWorkers, examples, render
from ftsuite.errors import DataError, ResourceError


def test_workers_draw_the_same_bytes_for_many_threads() -> None:
    ids = examples(3, {"test": 1}).ids
    with DrawingWorkers(2, 3, 48) as workers, ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(workers.render, ids))
    for identifier, picture in zip(ids, drawn, strict=True):
        assert np.array_equal(picture, render(identifier, 3, 48))


def test_a_bad_id_is_refused_and_the_worker_goes_on() -> None:
    with DrawingWorkers(1, 0, 32) as workers:
        with pytest.raises(DataError, match="dodo"):
            workers.render("train/dodo/00001")
        assert workers.render("train/blue-jay/00001").shape == (32, 32, 3)


def test_a_bad_size_is_refused_before_anything_starts() -> None:
    with pytest.raises(DataError, match="32 to 512"):
        DrawingWorkers(1, 0, 5)


def test_a_worker_that_was_killed_is_replaced() -> None:
    with DrawingWorkers(1, 0, 32) as workers:
        first = workers.render("train/blue-jay/00001")
        workers._started[0].kill()
        workers._started[0].wait()
        assert np.array_equal(workers.render("train/blue-jay/00001"), first)


def test_closing_ends_the_processes() -> None:
    workers = DrawingWorkers(2, 0, 32)
    workers.render("train/blue-jay/00001")
    workers.close()
    workers.close()
    assert [worker.returncode for worker in workers._started] == [0]
    with pytest.raises(ResourceError, match="closed"):
        workers.render("train/blue-jay/00002")
