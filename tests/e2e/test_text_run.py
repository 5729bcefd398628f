"""Tiny text jobs from end to end: sentiment and domain text, resumed, streamed, in windows."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import ConfigError, DataError, Interrupted
from ftsuite.registry import Registry
from ftsuite.report import write_report
from ftsuite.runs.begin import begin
from ftsuite.runs.disk import disk_bytes
from ftsuite.runs.dry_run import dry_run
from ftsuite.runs.execute import execute
from ftsuite.runs.folder import has_results, is_finished
from ftsuite.runs.load import load_run
from ftsuite.runs.prepare import prepare
from ftsuite.runs.unadapted import weights_of
from ftsuite.training.journal import Journal, read_journal
from tests.stopped_runs import Stopper, events_in, weights_in
from tests.tiny import save_reviews, save_tiny_text_preset, tiny_reviews

Load = Callable[..., LoadedConfig]

SENTIMENT = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options: {{max_length: 16, sentences: [a warm and funny film, a dull and boring film]}}
finetune:
  stages:
    - {{train: head, for: 2 epochs, learning_rate: 1e-2}}
    - {{train: last 1, for: 5 steps, learning_rate: 1e-2}}
    - {{train: all, for: 4 epochs, learning_rate: 1e-2, layer_decay: 0.9, warmup: 10%}}
evaluation: {{bootstrap_samples: 50}}
"""

DOMAIN = """
task: domain-text
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25}}
backbone: {{name: "{preset}"}}
options:
  max_length: 16
  adapt:
    general: "txt:{general}"
    head_sequences: 40
    epochs: 2
    batch_size: 8
    max_length: 16
    held_out: 10
    learning_rate: 1e-2
    head_learning_rate: 1e-2
finetune:
  stages:
    - {{train: head, for: 1 epochs, learning_rate: 1e-2}}
    - {{train: all, for: 2 epochs, learning_rate: 1e-2}}
evaluation: {{bootstrap_samples: 50}}
"""
# One stage of three steps, for what does not depend on how well is learnt: every stage is traced anew.
_SHORT = "finetune.stages=[{train: all, for: 3 steps, learning_rate: 0.01}]"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    preset, reviews = save_tiny_text_preset(folder / "preset"), save_reviews(folder / "reviews.csv")
    general = folder / "general.txt"
    general.write_text("".join(f"{text}\n" for text, _ in tiny_reviews(120, seed=5)), encoding="utf-8")
    paths = {"preset": preset, "reviews": reviews, "general": general}
    (folder / "sentiment.yaml").write_text(SENTIMENT.format(**paths), encoding="utf-8")
    (folder / "domain.yaml").write_text(DOMAIN.format(**paths), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def load(place: Path) -> Load:
    def loaded(name: str, *overrides: str) -> LoadedConfig:
        return load_config(place / f"{name}.yaml", overrides, options_model=Registry.discover().options_model)

    return loaded


@pytest.fixture(scope="module")
def run(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load("sentiment")
    return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("runs") / "tiny", False)).folder


@pytest.fixture(scope="module")
def adapted(load: Load, tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = load("domain")
    return execute(loaded, folder=begin(loaded, tmp_path_factory.mktemp("runs") / "adapted", False)).folder


def _metrics(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "metrics.json").read_text()))


def _check_reload(folder: Path) -> None:
    """What the loaded model says of each input is what the run recorded."""
    table = pyarrow.parquet.read_table(folder / "predictions.parquet")
    loaded = load_run(folder)
    recorded = np.stack([table[f"probability_{name}"].to_numpy() for name in loaded.class_names], axis=1)
    np.testing.assert_allclose(loaded.predict(table["input"].to_pylist()), recorded, atol=1e-5)


def test_it_learns_and_says_how_well(run: Path) -> None:
    metrics = _metrics(run)
    assert metrics["test"]["accuracy"]["value"] > 0.8
    assert set(metrics["truncation"]) == {"validation", "test"}
    baseline = metrics["baselines"]["tf-idf"]
    assert baseline["accuracy"]["n"] == metrics["test"]["accuracy"]["n"]
    low, high = baseline["difference"]["accuracy"]["ci95"]
    assert low <= baseline["difference"]["accuracy"]["value"] <= high


def test_labels_are_read_on_their_scale(run: Path) -> None:
    data = json.loads((run / "environment.json").read_text())["data"]
    assert data["class_names"] == ["negative", "positive"]
    assert data["kind"] == "text"


def test_the_same_sentences_are_predicted_before_and_after(run: Path) -> None:
    shown = json.loads((run / "showcase.json").read_text())
    assert [entry["input"] for entry in shown] == ["a warm and funny film", "a dull and boring film"]
    assert [entry["after"]["prediction"] for entry in shown] == ["positive", "negative"]
    assert all(set(entry["before"]) == {"prediction", "probability"} for entry in shown)


def test_blocks_are_embeddings_then_layers_then_head_and_moved_as_planned(run: Path) -> None:
    ended = [event for event in read_journal(run / "journal.jsonl") if event["event"] == "stage_ended"]
    assert [block["name"] for block in ended[0]["blocks"]][:3] == [
        "embeddings",
        "transformer_layer_0",
        "transformer_layer_1",
    ]
    assert ended[0]["blocks"][-1]["name"] == "head"
    for event in ended:
        assert all(block["moved"] == block["expected"] for block in event["blocks"]), event["stage_name"]


def test_the_journal_counts_tokens_and_padding(run: Path) -> None:
    epochs = [event for event in read_journal(run / "journal.jsonl") if event["event"] == "epoch"]
    assert all(event["tokens_per_second"] > 0 and 0 <= event["padding_share"] < 0.6 for event in epochs)


def test_a_loaded_run_predicts_what_was_recorded(run: Path) -> None:
    _check_reload(run)


def test_the_model_takes_strings_itself(run: Path) -> None:
    import tensorflow as tf

    loaded = load_run(run)
    texts = ["a warm and funny film", "", "a dull and boring film " * 30]
    direct = np.asarray(loaded.model(tf.constant(texts)))
    np.testing.assert_allclose(direct, loaded.predict(texts), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("step", 3, marks=pytest.mark.slow),
        ("epoch", 4),
        pytest.param("evaluated", 1, marks=pytest.mark.slow),
    ],
)
def test_stopped_and_resumed_is_the_straight_run(kind: str, number: int, load: Load, run: Path, tmp_path: Path) -> None:
    folder = begin(load("sentiment"), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(load("sentiment"), folder=folder, listener=Stopper(kind, number))
    execute(load("sentiment"), folder=folder, resume=True)
    assert weights_in(folder) == weights_in(run)
    assert (folder / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()
    assert (folder / "showcase.json").read_bytes() == (run / "showcase.json").read_bytes()
    assert events_in(folder) == events_in(run)


def test_a_stream_trains_to_the_sameweights_in(load: Load, place: Path, run: Path, tmp_path: Path) -> None:
    """Reading from the disk while training changes nothing but where the texts are."""
    lines = [json.dumps({"text": text, "label": label}) for text, label in tiny_reviews()]
    (place / "reviews.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    loaded = load("sentiment", f"data.source=jsonl:{place / 'reviews.jsonl'}", "data.streaming=true")
    folder = execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder
    assert weights_in(folder) == weights_in(run)
    assert _metrics(folder)["test"] == _metrics(run)["test"]


def test_windows_of_long_texts_train_and_reload(load: Load, tmp_path: Path) -> None:
    loaded = load("sentiment", "options.long_texts=windows", "options.max_length=8", "options.max_windows=3", _SHORT)
    folder = execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder
    _check_reload(folder)


def test_focal_loss_class_weights_and_a_curve(load: Load, tmp_path: Path) -> None:
    curve = "evaluation.learning_curve=[24, 48]"
    loaded = load("sentiment", "finetune.focal_gamma=2", "finetune.class_weights=balanced", curve, _SHORT)
    folder = execute(loaded, folder=begin(loaded, tmp_path / "run", False)).folder
    curve = _metrics(folder)["learning_curve"]
    rows = curve["rows"]
    assert [row["examples"] for row in rows][:2] == [24, 48]
    assert rows[-1]["model"] == _metrics(folder)["test"][curve["metric"]]
    assert all(row["baseline"]["n"] == row["model"]["n"] for row in rows)
    # The run's own model is the one that was trained on everything, whatever was trained after it.
    _check_reload(folder)


def test_dry_run_of_a_text_job(load: Load) -> None:
    cost = dry_run(load("domain", _SHORT))
    assert cost["input"] == "at most 16 tokens"
    assert all(row["examples_per_second"] > 0 for row in cost["stages"])
    assert cost["adapts"]
    # What adapting is worth takes a second training.
    assert cost["expected_seconds"] > 1.9 * sum(row["expected_seconds"] for row in cost["stages"])


def test_uneven_classes_lead_with_macro_f1(load: Load, place: Path, tmp_path: Path) -> None:
    rows = [row for number, row in enumerate(tiny_reviews(200)) if row[1] == "pos" or number % 10 == 1]
    path = place / "uneven.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    loaded = load("sentiment", f"data.source=csv:{path}", _SHORT)
    result = execute(loaded, folder=begin(loaded, tmp_path / "run", False))
    assert result.headline == "macro_f1"


def test_adapting_is_measured_and_its_encoder_kept(adapted: Path) -> None:
    adaptation = _metrics(adapted)["adaptation"]
    assert adaptation["domain"]["after"]["value"] < adaptation["domain"]["before"]["value"]
    assert adaptation["general"]["before"]["n"] > 0
    assert set(adaptation["unadapted"]["difference"]) >= {"accuracy", "macro_f1"}
    from ftsuite.models.text_backbones import load_text_backbone

    again = load_text_backbone(str(adapted / "encoder"), pretrained=True)
    assert again.blocks[0].name == "embeddings"


@pytest.mark.parametrize(("kind", "number"), [("epoch", 1), ("epoch", 2), ("stage_started", 3)])
@pytest.mark.slow
def test_a_run_that_adapts_is_resumed_to_the_same_figures(
    kind: str, number: int, load: Load, adapted: Path, tmp_path: Path
) -> None:
    folder = begin(load("domain"), tmp_path / "run", False)
    with pytest.raises(Interrupted):
        execute(load("domain"), folder=folder, listener=Stopper(kind, number))
    execute(load("domain"), folder=folder, resume=True)
    assert weights_in(folder) == weights_in(adapted)
    assert (folder / "metrics.json").read_bytes() == (adapted / "metrics.json").read_bytes()


def test_a_run_with_its_model_is_usable_while_a_comparison_is_still_trained(
    load: Load, adapted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(load("domain"), tmp_path / "run", False)
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr("ftsuite.runs.unadapted.Journal", functools.partial(Journal, listener=Stopper("epoch", 2)))
        execute(load("domain"), folder=folder)
    assert has_results(folder) and not is_finished(folder)
    _check_reload(folder)
    write_report(folder)
    assert not is_finished(folder)
    execute(load("domain"), folder=folder, resume=True)
    assert is_finished(folder)
    assert weights_in(folder) == weights_in(adapted)
    assert (folder / "metrics.json").read_bytes() == (adapted / "metrics.json").read_bytes()
    assert events_in(folder) == events_in(adapted)
    assert events_in(folder, "journal.unadapted.jsonl") == events_in(adapted, "journal.unadapted.jsonl")


def test_a_job_that_only_adapts_leaves_an_encoder_and_a_report(load: Load, tmp_path: Path) -> None:
    loaded = load("domain", "options.classify=false", "options.adapt.epochs=1")
    result = execute(loaded, folder=begin(loaded, tmp_path / "run", False))
    assert result.headline == "pseudo_perplexity"
    assert (result.folder / "encoder").is_dir()
    assert "perplexity" in (result.folder / "report.html").read_text(encoding="utf-8")
    # Its encoder is a backbone like any other.
    again = prepare(load("sentiment", f"backbone.name={result.folder / 'encoder'}"), None)
    assert again.blocks[0].name == "embeddings"


def test_pictures_are_no_texts_and_texts_no_pictures(
    load: Load, place: Path, tiny_config: Path, pictures: Path
) -> None:
    with pytest.raises(ConfigError, match=r"must give texts, .* which gives pictures"):
        prepare(load("sentiment", f"data.source=folder:{pictures}"), None)
    options_model = Registry.discover().options_model
    loaded = load_config(tiny_config, [f"data.source=csv:{place / 'reviews.csv'}"], options_model=options_model)
    with pytest.raises(ConfigError, match=r"must give pictures, .* which gives texts"):
        prepare(loaded, None)


def test_what_cannot_be_measured_is_told_and_further_trainings_need_disk(load: Load) -> None:
    plain, curve = (
        prepare(load("sentiment", f"evaluation.learning_curve={sizes}"), None) for sizes in ([], [24, 5000])
    )
    assert not any("learning_curve" in note for note in plain.examples.notes)
    told = [note for note in curve.examples.notes if "learning_curve" in note]
    assert len(told) == 1 and "5,000" in told[0] and "24" not in told[0].split(" out of ")[0]
    assert disk_bytes(curve) - disk_bytes(plain) == 8 * sum(4 * weight.size for weight in weights_of(plain))


@pytest.mark.slow
def test_the_same_plan_trains_on_jax(place: Path, run: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ftsuite", "run", str(place / "sentiment.yaml"), "--out", str(tmp_path / "run")]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=500)
    assert _metrics(tmp_path / "run")["test"]["accuracy"]["value"] > 0.8
    predict = [sys.executable, "-m", "ftsuite", "predict", str(tmp_path / "run"), "a warm and funny film", "--json"]
    answer = subprocess.run(predict, check=True, env=environment, capture_output=True, text=True, timeout=300)
    assert json.loads(answer.stdout.splitlines()[0])["prediction"] == "positive"


def test_an_adaptation_that_cannot_be_is_refused_before_the_run_begins(load: Load, tmp_path: Path) -> None:
    loaded = load("domain", "options.adapt.general=txt:no-such-file.txt")
    folder = begin(loaded, tmp_path / "run", False)
    with pytest.raises(DataError, match=r"no-such-file\.txt"):
        execute(loaded, folder=folder)
    assert not (folder / "journal.jsonl").exists()
