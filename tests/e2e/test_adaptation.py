"""A tiny encoder is adapted to a made-up domain: figures, resuming, and what is kept out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.config import load_config
from ftsuite.errors import ConfigError, DataError
from ftsuite.models.text_backbones import load_text_backbone
from ftsuite.registry import Registry
from ftsuite.runs.adapt import adapt
from ftsuite.runs.adaptation_texts import adaptation_texts
from ftsuite.runs.prepare import Prepared, prepare
from ftsuite.training.journal import Journal, read_journal
from tests.tiny import save_tiny_text_preset

_JOB = """
task: domain-text
data: {{source: "csv:{place}/notes.csv", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{place}/preset"}}
options:
  max_length: 16
  adapt:
    general: "txt:{place}/general.txt"
    source: {source}
    head_sequences: 200
    epochs: 4
    sequences: 96
    batch_size: 8
    max_length: 16
    held_out: 20
    learning_rate: 1e-2
    head_learning_rate: 1e-2
finetune: {{checkpoints: {{every: {every}}}, stages: [{{train: head, for: 1 epochs, learning_rate: 1e-2}}]}}
evaluation: {{bootstrap_samples: 50}}
"""
_GENERAL = ["cast", "music", "this", "evening", "my", "friends", "camera", "its", "ending", "first", "half"]
_DOMAIN = [
    "warm",
    "funny",
    "film",
    "great",
    "acting",
    "lovely",
    "story",
    "loved",
    "every",
    "minute",
    "bright",
    "clever",
]

Load = Callable[..., Prepared]


def _texts(words: list[str], count: int, seed: int) -> list[str]:
    """Each word is followed by the next one of the list, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    lengths, starts = rng.integers(4, 10, count), rng.integers(0, len(words), count)
    return [
        " ".join([*(words[(start + n) % len(words)] for n in range(length)), str(number)])
        for number, (length, start) in enumerate(zip(lengths, starts, strict=True))
    ]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    place = tmp_path_factory.mktemp("domain")
    save_tiny_text_preset(place / "preset")
    (place / "general.txt").write_text("\n".join(_texts(_GENERAL, 240, 1)), encoding="utf-8")
    rows = [f"{text},{'ab'[number % 2]}\n" for number, text in enumerate(_texts(_DOMAIN, 200, 2))]
    (place / "notes.csv").write_text("text,label\n" + "".join(rows), encoding="utf-8")
    (place / "notes.jsonl").write_text(
        "\n".join(json.dumps({"text": text}) for text in [*_texts(_DOMAIN, 200, 2), *_texts(_DOMAIN, 100, 3)]),
        encoding="utf-8",
    )

    def loaded(source: str | None = None, every: str = "2 minutes") -> Prepared:
        path = place / "job.yaml"
        named = "null" if source is None else f'"jsonl:{place}/{source}"'
        path.write_text(_JOB.format(place=place, source=named, every=every), encoding="utf-8")
        return prepare(load_config(path, options_model=Registry.discover().options_model), None)

    return loaded


class _Stopped(Exception):  # noqa: N818 - it is no error
    pass


class _Stopper:
    """Stops at the nth event of a kind in a phase."""

    def __init__(self, kind: str, phase: str, number: int) -> None:
        self.wanted, self.left = (kind, phase), number

    def __call__(self, event: Mapping[str, Any]) -> None:
        if (event["event"], event.get("phase")) == self.wanted:
            self.left -= 1
            if self.left == 0:
                raise _Stopped


def _weights(prepared: Prepared) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in prepared.backbone.model.variables]


class _Straight:
    """An adaptation that nothing stopped."""

    def __init__(self, prepared: Prepared, folder: Path) -> None:
        self.folder = folder
        self.figures = adapt(prepared, folder, Journal(folder / "journal.jsonl"), False, None)
        self.weights = _weights(prepared)


@pytest.fixture(scope="module")
def straight(load: Load, tmp_path_factory: pytest.TempPathFactory) -> _Straight:
    return _Straight(load(None), tmp_path_factory.mktemp("straight"))


def test_perplexity_falls_on_the_domain_and_both_are_reported(straight: _Straight) -> None:
    figures = straight.figures
    assert figures is not None
    assert figures["domain"]["before"]["n"] == figures["general"]["after"]["n"] == 20
    assert figures["change"] < -0.5
    assert figures["domain"]["after"]["ci95"][1] < figures["domain"]["before"]["ci95"][0]
    assert figures["frequencies_alone"]["n"] == 20
    record = json.loads((straight.folder / "adaptation.json").read_text())
    assert record["figures"] == figures


def test_the_head_phase_moves_the_head_alone_and_makes_a_fair_beginning(straight: _Straight) -> None:
    events = read_journal(straight.folder / "journal.jsonl")
    head, everything = [event for event in events if event["event"] == "stage_ended"]
    assert (head["phase"], everything["phase"]) == (head["stage_name"], everything["stage_name"])
    assert (head["phase"], everything["phase"]) == ("masked head", "adapt")
    assert [block["name"] for block in head["blocks"] if block["moved"]] == ["head"]
    assert all(block["moved"] for block in everything["blocks"])
    epochs = [event for event in events if event["event"] == "epoch" and event["phase"] == "masked head"]
    assert epochs[-1]["validation_log_loss"] < epochs[0]["train_loss"]
    assert all(event["tokens_per_second"] > 0 and event["padding_share"] < 0.5 for event in epochs)


def test_the_saved_encoder_gives_the_same_hidden_states(straight: _Straight, load: Load) -> None:
    prepared = load(None)
    for variable, value in zip(prepared.backbone.model.variables, straight.weights, strict=True):
        variable.assign(value)
    again = load_text_backbone(str(straight.folder / "encoder"), pretrained=True)
    features = {"token_ids": np.array([[2, 7, 9, 3, 0]], np.int32), "padding_mask": np.array([[1, 1, 1, 1, 0]], bool)}
    np.testing.assert_array_equal(
        np.asarray(again.model.predict_on_batch(features)),
        np.asarray(prepared.backbone.model.predict_on_batch(features)),
    )
    assert again.tokenizer.get_config() == prepared.backbone.tokenizer.get_config()


@pytest.mark.parametrize(
    ("kind", "phase", "number", "every"),
    [
        pytest.param("epoch", "masked head", 2, "1 steps", marks=pytest.mark.slow),
        # Before the phase's first checkpoint, and after it.
        ("epoch", "adapt", 2, "2 minutes"),
        pytest.param("epoch", "adapt", 2, "1 steps", marks=pytest.mark.slow),
        pytest.param("stage_started", "adapt", 1, "2 minutes", marks=pytest.mark.slow),
        pytest.param("pseudo_perplexity", "masked head", 1, "2 minutes", marks=pytest.mark.slow),
        pytest.param("pseudo_perplexity", "adapt", 1, "2 minutes", marks=pytest.mark.slow),
    ],
)
def test_stopped_and_resumed_is_the_straight_adaptation(
    kind: str, phase: str, number: int, every: str, load: Load, straight: _Straight, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    with pytest.raises(_Stopped):
        adapt(load(None, every), tmp_path, Journal(path, _Stopper(kind, phase, number)), False, None)
    assert not (tmp_path / "adaptation.json").exists()
    prepared = load(None)
    assert adapt(prepared, tmp_path, Journal(path), True, None) == straight.figures
    for variable, expected in zip(_weights(prepared), straight.weights, strict=True):
        np.testing.assert_array_equal(variable, expected)
    assert _events(path) == _events(straight.folder / "journal.jsonl")


def _events(path: Path) -> list[dict[str, Any]]:
    timed = ("time", "seconds", "examples_per_second", "tokens_per_second", "input_wait_share")
    return [{key: value for key, value in event.items() if key not in timed} for event in read_journal(path)]


def test_a_finished_adaptation_is_not_repeated(load: Load, straight: _Straight) -> None:
    prepared = load(None)
    journal = Journal(straight.folder / "journal.jsonl")
    length = journal.length_bytes
    journal.write("epoch", stage=0)
    assert adapt(prepared, straight.folder, journal, True, None) == straight.figures
    assert journal.length_bytes == length
    for variable, expected in zip(_weights(prepared), straight.weights, strict=True):
        np.testing.assert_array_equal(variable, expected)


def test_resuming_on_other_texts_is_refused(load: Load, tmp_path: Path) -> None:
    texts = tmp_path / "checkpoints" / "tokens" / "texts.json"
    texts.parent.mkdir(parents=True)
    texts.write_text('{"sha256": "of others"}')
    with pytest.raises(ConfigError, match=r"--resume needs the texts of options\.adapt"):
        adapt(load(None), tmp_path, Journal(tmp_path / "journal.jsonl"), True, None)


def test_of_another_source_no_test_text_is_learnt_and_no_held_out_one(load: Load) -> None:
    prepared = load("notes.jsonl")
    chosen = adaptation_texts(prepared, prepared.task.adaptation(), None)
    learnt, held_out, general, held_out_general = (
        {selection.texts[int(place)] for place in selection.positions} for selection in chosen[:4]
    )
    test = set(prepared.parts["test"].inputs)
    assert not (learnt | held_out) & test
    assert not learnt & held_out and len(held_out) == 20
    assert learnt | held_out | test >= set(_texts(_DOMAIN, 200, 2))
    assert not general & held_out_general and len(held_out_general) == 20
    assert any(f"Left out {len(test)} texts of jsonl:" in note and "test texts" in note for note in chosen.notes)


def test_general_texts_that_are_the_jobs_own_leave_too_few(load: Load) -> None:
    prepared = load(None)
    wanted = prepared.task.adaptation().model_copy(update={"general": "csv:" + _source(prepared)})
    with pytest.raises(DataError, match=r"none left of csv:.* for general"):
        adaptation_texts(prepared, wanted, None)


def _source(prepared: Prepared) -> str:
    return prepared.config.data.source.removeprefix("csv:")


def test_a_job_without_adapt_is_left_alone(load: Load, tmp_path: Path) -> None:
    prepared = load(None)
    prepared.task.options = prepared.task.options.model_copy(update={"adapt": None})
    assert adapt(prepared, tmp_path, Journal(tmp_path / "journal.jsonl"), False, None) is None
    assert not any(tmp_path.iterdir())
