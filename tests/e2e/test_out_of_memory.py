"""Memory that runs out while training: once more in smaller batches, then exit code 6; nothing written is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.runs.out_of_memory import is_out_of_memory, smaller_batches
from ftsuite.training.journal import read_journal
from ftsuite.training.loop import Trainer

Load = Callable[..., LoadedConfig]
SHORT = (
    "finetune.cache=off",
    "finetune.early_stopping=null",
    "finetune.stages=[{train: head, for: 1 epoch, learning_rate: 1e-2}, "
    "{train: all, for: 2 steps, learning_rate: 1e-3}]",
)


def tensorflow_error() -> Exception:
    import tensorflow

    return tensorflow.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[8,32]\nmore")


def jax_error() -> Exception:
    import jax

    return jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1024 bytes.")


ERRORS = {"tensorflow": tensorflow_error, "jax": jax_error, "python": lambda: MemoryError("no room")}


class Failing:
    """Lets the nth, and later, entries of a second stage fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Exception], times: int) -> None:
        self.left = times
        original = Trainer.fit_epoch

        def fit_epoch(trainer: Trainer, stage: object, steps: int, on_step: Callable[[int], None]) -> dict[str, float]:
            if getattr(stage, "number", 0) == 1 and self.left:
                self.left -= 1
                raise make()
            return original(trainer, stage, steps, on_step)  # type: ignore[arg-type]

        monkeypatch.setattr(Trainer, "fit_epoch", fit_epoch)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_one_smaller_retry_ends_well_and_is_told_everywhere(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Failing(monkeypatch, ERRORS[name], times=1)
    loaded = load(*SHORT)
    folder = execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder
    events = read_journal(folder / "journal.jsonl")
    assert [event["event"] for event in events][:2] == ["run_started", "out_of_memory"]
    told = {key: events[1][key] for key in ("batch_size", "accumulate_steps", "batch_size_before")}
    assert told == {"batch_size": 4, "accumulate_steps": 2, "batch_size_before": 8}
    assert "\n" not in events[1]["message"]
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["out_of_memory"]["batch_size"] == 4
    note = "batches of 8 examples. The run began anew with batches of 4"
    assert any(note in text for text in environment["notes"])
    assert note in (folder / "report.html").read_text()
    steps = [event["steps"] for event in events if event["event"] == "stage_started"]
    before = read_journal(folder / "before-out-of-memory" / "journal.jsonl")
    assert steps == [2 * event["steps"] for event in before if event["event"] == "stage_started"]
    assert not (folder / "checkpoints").exists() and not (folder / "before-out-of-memory" / "checkpoints").exists()
    again = load_config(folder / "config.resolved.yaml", options_model=Registry.discover().options_model)
    assert (again.config.data.batch_size, again.config.finetune.optimizer.accumulate_steps) == (4, 2)


def test_a_second_time_is_exit_code_6_with_advice_and_keeps_what_there_is(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Failing(monkeypatch, tensorflow_error, times=2)
    loaded = load(*SHORT)
    with pytest.raises(ResourceError, match="batches of 4 examples") as caught:
        execute(loaded, folder=begin(loaded, tmp_path / "run", False))
    assert caught.value.exit_code == 6
    for word in ("data.batch_size", "finetune.precision", "gradient_checkpointing", "options.image_size"):
        assert word in caught.value.advice
    folder = tmp_path / "run"
    assert (folder / "before-out-of-memory" / "journal.jsonl").exists()
    assert any(event["event"] == "epoch" for event in read_journal(folder / "journal.jsonl"))
    # The run's own config goes on from the last checkpoint, with the batches that were found.
    again = load_config(folder / "config.resolved.yaml", options_model=Registry.discover().options_model)
    result = execute(again, folder=begin(again, folder, True), resume=True)
    assert (result.folder / "model.keras").exists()
    assert any("began anew" in text for text in json.loads((folder / "environment.json").read_text())["notes"])


def test_batches_of_one_example_cannot_be_smaller(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Failing(monkeypatch, ERRORS["python"], times=1)
    loaded = load(*SHORT, "data.batch_size=1", "data.limit.train=4")
    with pytest.raises(ResourceError, match="batches of 1 "):
        execute(loaded, folder=begin(loaded, tmp_path / "run", False))


def test_only_memory_is_taken_for_memory() -> None:
    room = ResourceError("no room")
    room.__cause__ = MemoryError()
    assert not is_out_of_memory(room), "what a user is told already stays what it is"
    assert not is_out_of_memory(ConfigError("out of memory"))
    assert not is_out_of_memory(ValueError("RESOURCE_EXHAUSTED"))
    behind = ValueError("in fit")
    behind.__cause__ = jax_error()
    assert is_out_of_memory(behind)


@pytest.mark.parametrize(("size", "smaller", "accumulated"), [(8, 4, 2), (15, 5, 3), (7, 1, 7), (2, 1, 2)])
def test_an_update_keeps_its_examples(load: Load, size: int, smaller: int, accumulated: int) -> None:
    change = smaller_batches(load(f"data.batch_size={size}").config, MemoryError())
    assert change is not None
    assert (change.batch_size, change.accumulate_steps) == (smaller, accumulated)
    assert change.batch_size * change.accumulate_steps == size
