"""Memory that runs out elsewhere than in the classifier's training: advice that fits there, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ResourceError
from ftsuite.registry import Registry
from ftsuite.runs import begin_anew, execute
from ftsuite.runs.begin import begin
from ftsuite.runs.prepare import prepare
from ftsuite.training.journal import read_journal
from ftsuite.training.loop import Trainer
from ftsuite.training.plan import Stage
from tests.stopped_runs import Killed, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset, tiny_reviews

Load = Callable[..., LoadedConfig]
DOMAIN = """
task: domain-text
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options:
  max_length: 12
  adapt: {{general: "txt:{general}", head_sequences: 24, sequences: 24, epochs: 1, batch_size: 8, max_length: 12,
    held_out: 8, compare: false}}
finetune:
  early_stopping: null
  stages: [{{train: all, for: 3 steps, learning_rate: 1e-2}}]
evaluation: {{bootstrap_samples: 50, baseline: false}}
"""
ONE_STAGE = ("finetune.cache=off", "finetune.stages=[{train: head, for: 2 steps, learning_rate: 1e-2}]")


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Load:
    folder = tmp_path_factory.mktemp("texts")
    reviews, preset = save_reviews(folder / "reviews.csv", 80), save_tiny_text_preset(folder / "preset")
    general = folder / "general.txt"
    general.write_text("".join(f"{text}\n" for text, _ in tiny_reviews(60, seed=5)), encoding="utf-8")
    path = folder / "domain.yaml"
    path.write_text(DOMAIN.format(reviews=reviews, preset=preset, general=general), encoding="utf-8")
    return lambda *overrides: load_config(path, overrides, options_model=Registry.discover().options_model)


class Steps:
    """Counts epochs by the stage's name, and lets the next `times` of one fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: str = "", times: int = 0) -> None:
        self.names: list[str] = []
        self.left = times
        original = Trainer.fit_epoch

        def fit_epoch(trainer: Trainer, stage: Stage, steps: int, on_step: Callable[[int], None]) -> dict[str, float]:
            self.names.append(stage.name)
            if stage.name == fails and self.left:
                self.left -= 1
                raise MemoryError("no room")
            return original(trainer, stage, steps, on_step)

        monkeypatch.setattr(Trainer, "fit_epoch", fit_epoch)


def _execute(loaded: LoadedConfig, folder: Path, resume: bool = False, **more: Any) -> Path:
    return execute.execute(loaded, folder=begin(loaded, folder, resume), resume=resume, **more).folder


def _resolved(folder: Path) -> LoadedConfig:
    return load_config(folder / "config.resolved.yaml", options_model=Registry.discover().options_model)


@pytest.mark.slow
def test_a_finished_adaptation_outlasts_the_classifiers_memory(
    domain: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = domain()
    with monkeypatch.context() as patched:
        steps = Steps(patched, prepare(loaded, None).stages[0].name, times=1)
        folder = _execute(loaded, tmp_path / "run")
    assert steps.names.count("adapt") == 1 and steps.names.count("masked head") == 2
    events = [event["event"] for event in events_in(folder)]
    assert events.count("run_started") == events.count("adapted") == events.count("out_of_memory") == 1
    assert events.index("adapted") + 1 == events.index("out_of_memory")
    assert (folder / "encoder").is_dir() and not (folder / "before-out-of-memory" / "encoder").exists()
    assert "adaptation" in json.loads((folder / "metrics.json").read_text())
    assert _resolved(folder).config.finetune.optimizer.accumulate_steps == 2

    # Killed in the second attempt, before it wrote a checkpoint of its own.
    class Kill:
        anew = False

        def __call__(self, event: Mapping[str, Any]) -> None:
            self.anew = self.anew or event["event"] == "out_of_memory"
            if self.anew and event["event"] == "stage_started":
                raise Killed

    other = tmp_path / "killed"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        Steps(patched, prepare(loaded, None).stages[0].name, times=1)
        _execute(loaded, other, listener=Kill())
    with monkeypatch.context() as patched:
        steps = Steps(patched)
        _execute(_resolved(other), other, resume=True)
    assert steps.names == [prepare(loaded, None).stages[0].name]
    assert weights_in(other) == weights_in(folder)
    assert events_in(other)[1:] == events_in(folder)[1:]


def test_adapting_has_batches_of_its_own_whatever_the_classifiers_are(domain: Load) -> None:
    prepared = prepare(domain("data.batch_size=4", "finetune.optimizer.accumulate_steps=2"), None)
    assert prepared.new_optimizer().accumulate_steps == 2
    assert prepared.new_optimizer(adapting=True).accumulate_steps == 1


def test_memory_that_runs_out_while_adapting_is_not_the_classifiers(
    domain: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(monkeypatch, "adapt", times=9)
    with pytest.raises(ResourceError, match="adapting the encoder with batches of 8 sequences of 12 ") as caught:
        _execute(domain(), tmp_path / "run")
    assert caught.value.exit_code == 6 and "options.adapt.batch_size" in caught.value.advice
    assert steps.names.count("adapt") == 1
    assert not (tmp_path / "run" / "before-out-of-memory").exists()


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (execute, "judge_classifier"),
        (Trainer, "_conclude"),
        pytest.param(execute, "learning_curve", marks=pytest.mark.slow),
        pytest.param(execute, "write_report", marks=pytest.mark.slow),
    ],
)
def test_behind_training_nothing_is_trained_anew_and_a_resumed_run_ends(
    place: Any, name: str, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any, **keywords: Any) -> None:
        raise MemoryError("no room")

    loaded, folder = load(*ONE_STAGE), tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr(place, name, fails)
        with pytest.raises(ResourceError, match=r"after training, .* Received: no room") as caught:
            _execute(loaded, folder)
    assert caught.value.exit_code == 6 and "--resume" in caught.value.advice
    assert not (folder / "before-out-of-memory").exists()
    assert (folder / "model.keras").exists() == (name in ("learning_curve", "write_report"))
    steps = Steps(monkeypatch)
    _execute(loaded, folder, resume=True)
    assert steps.names == [] and (folder / "report.html").exists()


@pytest.mark.slow
def test_killed_while_it_begins_anew_a_resumed_run_ends_as_the_straight_one(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(*ONE_STAGE)
    name = prepare(loaded, None).stages[0].name
    with monkeypatch.context() as patched:
        Steps(patched, name, times=1)
        straight = _execute(loaded, tmp_path / "straight")

    def killed(*arguments: Any) -> None:
        raise Killed

    folder = tmp_path / "killed"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        Steps(patched, name, times=1)
        # All is put aside, and the config is that of the first attempt.
        patched.setattr(begin_anew, "with_smaller_batches", killed)
        _execute(loaded, folder)
    _execute(loaded, folder, resume=True)
    assert weights_in(folder) == weights_in(straight)
    assert events_in(folder) == events_in(straight)
    assert _resolved(folder).config.data.batch_size == 4
    assert read_journal(folder / "before-out-of-memory" / "journal.jsonl")


def test_a_stop_while_the_second_attempt_begins_keeps_the_folder(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, prepared_before = load(*ONE_STAGE), execute.prepare_batches
    Steps(monkeypatch, prepare(loaded, None).stages[0].name, times=1)

    def prepare_once(given: LoadedConfig, *arguments: Any) -> Any:
        if given.config.data.batch_size == 4:
            raise KeyboardInterrupt
        return prepared_before(given, *arguments)

    monkeypatch.setattr(execute, "prepare_batches", prepare_once)
    with pytest.raises(Exception, match="is kept in"):
        _execute(loaded, tmp_path / "run")
    assert (tmp_path / "run" / "journal.jsonl").is_file()
