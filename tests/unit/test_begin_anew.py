"""Where a second attempt begins, and that a kill at any point of its beginning changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig, dump_yaml, load_config
from ftsuite.runs.automatic_batch import is_automatic, with_batches_of
from ftsuite.runs.begin_anew import adapted_journal_bytes, begin_anew, begun_anew
from ftsuite.runs.out_of_memory import smaller_batches
from tests.stopped_runs import Killed

PLAN = """
task: image-classification
data: {source: "folder:pictures", batch_size: BATCH}
backbone: {name: efficientnet_lite0_imagenet}
finetune: {stages: [{train: head, for: 3 steps, learning_rate: 1e-2}]}
"""


@pytest.fixture(params=["8", "auto"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> LoadedConfig:
    path = tmp_path / "job.yaml"
    path.write_text(PLAN.replace("BATCH", request.param), encoding="utf-8")
    return load_config(path)


def _first_attempt(folder: Path, numbers: LoadedConfig, adapted: bool) -> Path:
    (folder / "checkpoints" / "checkpoint-000001").mkdir(parents=True)
    (folder / "checkpoints" / "checkpoint-000001" / "state.json").write_text("{}")
    (folder / "environment.json").write_text('{"backend": "tensorflow"}')
    (folder / "config.resolved.yaml").write_text(dump_yaml(numbers.resolved()))
    (folder / "journal.jsonl").write_text('{"event": "run_started"}\n{"event": "adapted"}\n')
    for name in ("showcase.json", "split.json", "log.txt"):
        (folder / name).write_text(name)
    if adapted:
        (folder / "encoder").mkdir()
        (folder / "encoder" / "weights").write_text("adapted")
        (folder / "adaptation.json").write_text(json.dumps({"journal_bytes": 25}))
    return folder


def _content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


class Killer:
    """Kills before or after the nth change of the folder; with 0 it only counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, after: bool) -> None:
        self.count = 0
        for place, name in ((os, "replace"), (Path, "rename"), (Path, "mkdir")):
            monkeypatch.setattr(place, name, self._counted(getattr(place, name), number, after))

    def _counted(self, change: Callable[..., Any], number: int, after: bool) -> Callable[..., Any]:
        def counted(*arguments: Any, **keywords: Any) -> Any:
            self.count += 1
            dies = self.count == number
            if dies and not after:
                raise Killed
            result = change(*arguments, **keywords)
            if dies:
                raise Killed
            return result

        return counted


def _numbers(loaded: LoadedConfig) -> LoadedConfig:
    return with_batches_of(loaded, 8) if is_automatic(loaded.config) else loaded


@pytest.mark.parametrize("adapted", [False, True])
def test_killed_at_any_point_the_next_start_finishes_it(
    loaded: LoadedConfig, adapted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = _numbers(loaded)
    change = smaller_batches(numbers.config, MemoryError("no room"))
    assert change is not None
    straight = _first_attempt(tmp_path / "straight", numbers, adapted)
    with monkeypatch.context() as patched:
        killer = Killer(patched, 0, False)
        again = begin_anew(straight, numbers, change)
    assert killer.count >= 5
    expected = _content(straight)
    assert again.config.data.batch_size == 4
    assert expected["config.resolved.yaml"] == dump_yaml(again.resolved())
    for number in range(1, killer.count + 1):
        for after in (False, True):
            folder = _first_attempt(tmp_path / f"{number}-{after}", numbers, adapted)
            with monkeypatch.context() as patched, pytest.raises(Killed):
                Killer(patched, number, after)
                begin_anew(folder, numbers, change)
            assert (folder / "journal.jsonl").is_file(), "without one the folder would be removed"
            taken_up, found = begun_anew(folder, loaded)
            if found is None:
                # Killed before anything was decided: still the first attempt, whole.
                assert number == 1 and not after and taken_up is loaded
                found, taken_up = change, begin_anew(folder, numbers, change)
            assert found == change
            if taken_up is not loaded:
                assert taken_up.resolved() == again.resolved()
            assert {name: text for name, text in _content(folder).items() if ".partial" not in name} == expected


def test_a_finished_adaptation_stays_and_an_unfinished_one_goes(loaded: LoadedConfig, tmp_path: Path) -> None:
    numbers = _numbers(loaded)
    change = smaller_batches(numbers.config, MemoryError())
    assert change is not None
    folder = _first_attempt(tmp_path / "run", numbers, adapted=True)
    begin_anew(folder, numbers, change)
    assert (folder / "encoder" / "weights").is_file() and adapted_journal_bytes(folder) == 25
    assert not (folder / "before-out-of-memory" / "encoder").exists()
    assert (folder / "before-out-of-memory" / "checkpoints").is_dir() and not (folder / "checkpoints").exists()
    other = _first_attempt(tmp_path / "other", numbers, adapted=True)
    (other / "adaptation.json").unlink()
    begin_anew(other, numbers, change)
    assert not (other / "encoder").exists() and adapted_journal_bytes(other) == 0


def test_the_second_attempt_is_taken_up_as_it_is(loaded: LoadedConfig, tmp_path: Path) -> None:
    numbers = _numbers(loaded)
    change = smaller_batches(numbers.config, MemoryError())
    assert change is not None
    folder = _first_attempt(tmp_path / "run", numbers, adapted=False)
    assert begun_anew(folder, loaded) == (loaded, None)
    again = begin_anew(folder, numbers, change)
    (folder / "checkpoints").mkdir()
    assert begun_anew(folder, again) == (again, change)
    assert (folder / "checkpoints").is_dir()
