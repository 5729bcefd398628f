"""What frozen blocks make of each example is computed once, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, Interrupted, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.training.journal import read_journal
from tests.stopped_runs import Stopper, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset

Load = Callable[..., LoadedConfig]

IMAGES = """
task: image-classification
data: {{source: "folder:{pictures}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
head: {{dropout: 0.3}}
options:
  augment: []
finetune:
  stages:
    - {{train: head, for: 3 epochs, learning_rate: 1e-2}}
    - {{train: last 2, for: 2 epochs, learning_rate: 3e-3, layer_decay: 0.5}}
    - {{train: all, for: 1 epochs, learning_rate: 1e-3}}
evaluation: {{bootstrap_samples: 50}}
"""
TEXTS = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options: {{max_length: 12}}
finetune:
  stages:
    - {{train: head, for: 3 epochs, learning_rate: 1e-2}}
    - {{train: last 1, for: 2 epochs, learning_rate: 3e-3}}
evaluation: {{bootstrap_samples: 50, baseline: false}}
"""
AUGMENT = "options.augment=[{name: crop-resize}, {name: flip}]"


@pytest.fixture(scope="module", params=["images", "texts"])
def job(request: pytest.FixtureRequest, preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A job of pictures, and one of texts; without augmentation."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "images":
        text = IMAGES.format(preset=preset, pictures=pictures)
    else:
        reviews = save_reviews(folder / "reviews.csv")
        text = TEXTS.format(preset=save_tiny_text_preset(folder / "tiny"), reviews=reviews)
    return _loader(text, folder)


@pytest.fixture(scope="module")
def images(preset: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Load:
    return _loader(IMAGES.format(preset=preset, pictures=pictures), tmp_path_factory.mktemp("images"))


def _loader(text: str, folder: Path) -> Load:
    (folder / "job.yaml").write_text(text, encoding="utf-8")

    def load(*overrides: str) -> LoadedConfig:
        return load_config(folder / "job.yaml", overrides, options_model=Registry.discover().options_model)

    return load


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _run(loaded: LoadedConfig, folder: Path, listener: Any = None) -> Path:
    return execute(loaded, folder=begin(loaded, folder, False), listener=listener).folder


def _events(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_journal(folder / "journal.jsonl") if event["event"] == kind]


@pytest.mark.parametrize("mode", ["memory", "disk"])
def test_the_result_is_that_of_the_whole_network(mode: str, job: Load, tmp_path: Path) -> None:
    whole = _run(job("finetune.cache=off"), tmp_path / "whole")
    cached = _run(job(f"finetune.cache={mode}"), tmp_path / "cached")
    assert not _events(whole, "cached")
    told = _events(cached, "cached")
    assert [(event["stage"], event["place"], event["views"]) for event in told] == [(0, mode, 1), (1, mode, 1)]
    assert all(event["size_bytes"] > 0 for event in told)
    for one, other in zip(_events(whole, "epoch"), _events(cached, "epoch"), strict=True):
        for figure in ("train_loss", "train_accuracy", "validation_log_loss", "validation_accuracy"):
            assert other[figure] == pytest.approx(one[figure], abs=2e-4), figure
        for figure in ("padding_share", "truncated_share"):
            assert other.get(figure, 0.0) == pytest.approx(one.get(figure, 0.0), abs=1e-9), figure
    metrics = [json.loads((run / "metrics.json").read_text())["test"]["log_loss"]["value"] for run in (whole, cached)]
    assert metrics[1] == pytest.approx(metrics[0], abs=2e-4)


def test_a_second_run_finds_what_the_first_one_kept_and_ends_the_same(
    job: Load, tmp_path: Path, own_home: Path
) -> None:
    first = _run(job("finetune.cache=disk"), tmp_path / "first")
    entries = {path.name: path.stat().st_mtime_ns for path in (own_home / "activations").glob("*/manifest.json")}
    computed: list[int] = []

    def count(event: Mapping[str, Any]) -> None:
        if event["event"] == "caching":
            computed.append(event["rows"])

    second = _run(job("finetune.cache=disk"), tmp_path / "second", count)
    assert weights_in(first) == weights_in(second)
    # Told once before and once after each split of each stage, and never in between.
    assert len(computed) == 2 * 2 * 2
    after = {path.name: path.stat().st_mtime_ns for path in (own_home / "activations").glob("*/manifest.json")}
    assert after == entries


_STOPS = [("caching", 3), ("step", 12)]
_MORE_STOPS = [("caching", 12), ("cached", 1), ("step", 2), ("epoch", 4), ("stage_ended", 1)]


@pytest.mark.parametrize(
    ("kind", "number"), [*_STOPS, *(pytest.param(*stop, marks=pytest.mark.slow) for stop in _MORE_STOPS)]
)
def test_stopped_anywhere_and_resumed_is_the_straight_run(
    kind: str, number: int, job: Load, straight: Callable[[Load], Path], tmp_path: Path
) -> None:
    loaded = job()
    folder = begin(loaded, tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(loaded, folder=folder, listener=Stopper(kind, number))
    execute(job(), folder=folder, resume=True)
    expected = straight(job)
    assert weights_in(folder) == weights_in(expected)
    assert (folder / "metrics.json").read_bytes() == (expected / "metrics.json").read_bytes()
    assert events_in(folder) == events_in(expected)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Load], Path]:
    made: dict[Load, Path] = {}

    def run(job: Load) -> Path:
        if job not in made:
            made[job] = _run(job(), tmp_path_factory.mktemp("straight") / "run")
        return made[job]

    return run


def test_views_are_drawn_among_by_epoch_and_count_in_the_size(images: Load, tmp_path: Path) -> None:
    runs = {
        views: _run(images(AUGMENT, f"finetune.views={views}", "finetune.cache=memory"), tmp_path / str(views))
        for views in (1, 4)
    }
    one, four = (_events(runs[views], "cached")[0] for views in (1, 4))
    assert (one["views"], four["views"]) == (1, 4)
    training, validation = one["examples"], _counts(runs[1])["validation"]
    rows = (4 * training + validation) / (training + validation)
    assert four["size_bytes"] / one["size_bytes"] == pytest.approx(rows)
    losses = [[event["train_loss"] for event in _events(run, "epoch")] for run in runs.values()]
    assert not np.allclose(losses[0], losses[1])


def _counts(folder: Path) -> dict[str, int]:
    return dict(_events(folder, "run_started")[0]["counts"])


def test_auto_does_not_cache_more_views_than_there_are_epochs(images: Load, tmp_path: Path) -> None:
    folder = _run(images(AUGMENT, "finetune.views=5"), tmp_path / "run")
    assert not _events(folder, "cached")


def test_mixed_batches_are_not_cached(images: Load, tmp_path: Path) -> None:
    mixed = "options.augment=[{name: mixup, alpha: 0.2}]"
    folder = _run(images(mixed), tmp_path / "run")
    assert not _events(folder, "cached")
    with pytest.raises(ConfigError, match=r"finetune\.cache"):
        _run(images(mixed, "finetune.cache=memory"), tmp_path / "other")


def test_other_weights_or_data_are_never_taken_for_the_kept_ones(images: Load, tmp_path: Path, own_home: Path) -> None:
    def keys() -> set[str]:
        return {path.parent.name for path in (own_home / "activations").glob("*/manifest.json")}

    _run(images("finetune.cache=disk"), tmp_path / "a")
    first = keys()
    _run(images("finetune.cache=disk", "seed=1"), tmp_path / "b")
    assert first and not keys() <= first


def test_auto_never_ends_a_run_for_want_of_room(
    images: Load, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftsuite.runs.workload.available_memory_bytes", lambda: 0)
    own_home.mkdir()
    (own_home / "activations").write_text("a file where a folder should be")
    folder = _run(images(), tmp_path / "auto")
    refused = _events(folder, "not_cached")
    assert [event["stage"] for event in refused] == [0, 1]
    assert all("cannot be kept" in event["reason"] for event in refused)
    with pytest.raises(ResourceError, match="should be one that can be written to"):
        _run(images("finetune.cache=disk"), tmp_path / "disk")
