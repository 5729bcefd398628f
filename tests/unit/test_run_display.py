"""What `ftsuite run` says at its end of texts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_run import add_to_metrics, compared, figure, make_fake_run, write_showcase

from ftsuite.cli.run_display import RunDisplay
from ftsuite.cli.terminal import Terminal


def _said(run: Path, capsys: pytest.CaptureFixture[str]) -> str:
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    with RunDisplay(Terminal()) as display:
        display.summarize(SimpleNamespace(folder=run, headline=metrics["headline"], metrics=metrics))
    return capsys.readouterr().out


def test_a_text_run_ends_with_its_findings_and_how_to_use_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_fake_run(tmp_path / "run", ["a", "b"], per_class=6, kind="text")
    pair = {"before": figure(12.5, 12.1, 12.9), "after": figure(10.0, 9.7, 10.3)}
    add_to_metrics(
        run,
        baselines={"tf-idf": compared(figure(0.03, 0.01, 0.05), figure(0.0, -0.1, 0.1))},
        adaptation={"domain": pair, "general": pair, "change": -0.2},
    )
    said = {"prediction": "a", "probability": 0.5}
    write_showcase(run, [{"input": "x", "before": said, "after": {**said, "prediction": "b"}}])
    lines = _said(run, capsys).splitlines()
    (baseline,) = [line for line in lines if "TF-IDF" in line]
    assert baseline.startswith("The model beats")
    assert sum("perplexity" in line for line in lines) == 2
    assert "Training changed the prediction of 1 of 1 input shown." in lines
    assert f"Predict:  ftsuite predict {run} TEXT…" in lines


def test_a_picture_run_ends_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_fake_run(tmp_path / "run", ["a", "b"], per_class=6, kind="image-file")
    said = _said(run, capsys)
    assert f"ftsuite predict {run} PICTURE…" in said
    assert "TF-IDF" not in said and "Training changed" not in said


def test_a_run_that_only_adapts_says_how_to_classify_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_fake_run(tmp_path / "run", ["a", "b"], per_class=6, kind="text")
    pair = {"before": figure(12.5, 12.1, 12.9), "after": figure(10.0, 9.7, 10.3)}
    metrics = {"headline": "pseudo_perplexity", "test": {"pseudo_perplexity": pair["after"]}}
    told = {"adaptation": {"domain": pair, "general": pair, "change": -0.2}}
    (run / "metrics.json").write_text(json.dumps({**metrics, **told}), encoding="utf-8")
    said = _said(run, capsys)
    assert "pseudo perplexity" in said and "10.000 (9.700-10.300" in said
    assert f"--backbone {run / 'encoder'}" in said and "ftsuite predict" not in said


def test_an_epoch_of_texts_shows_tokens_and_the_metric_it_leads_with(capsys: pytest.CaptureFixture[str]) -> None:
    plan = {
        "event": "plan", "backbone": "minilm_l6_en", "pretrained": True, "input": "at most 128 tokens",
        "headline": "macro_f1", "counts": {"train": 10}, "num_classes": 2, "rendered": False, "notes": [],
        "stages": [{"stage": 0, "name": "head", "blocks": ["head"], "parameters": 3, "epochs": 2,
                    "lowest_learning_rate": 1e-3, "learning_rate": 1e-3}],
    }  # fmt: skip
    epoch = {
        "event": "epoch", "stage": 0, "stage_name": "head", "epoch": 1, "stage_epoch": 1, "train_loss": 1.0,
        "validation_log_loss": 0.9, "validation_accuracy": 0.8, "validation_macro_f1": 0.7, "examples_per_second": 50.0,
        "tokens_per_second": 5120.4,
    }  # fmt: skip
    with RunDisplay(Terminal()) as display:
        display.show(plan)
        display.show(epoch)
    out = capsys.readouterr().out
    assert "at most 128 tokens. Examples: 10 train" in out
    assert "macro f1 0.700  50 examples/s, 5,120 tokens/s" in out


def test_adapting_is_told_apart_from_the_stages_of_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Its epochs have no accuracy, and the plan knows nothing of them."""
    phase = {"phase": "masked head", "stage": 0, "stage_name": "masked head"}
    pair = {name: figure(20.0, 18.0, 22.0) for name in ("domain", "general")}
    with RunDisplay(Terminal()) as display:
        display.show({"event": "stage_started", **phase, "blocks": ["head"], "epochs": 2, "steps": 9})
        display.show({"event": "step", **phase, "step": 1, "steps": 9})
        display.show({"event": "epoch", **phase, "stage_epoch": 1, "train_loss": 5.0, "validation_log_loss": 4.5})
        display.show({"event": "stage_ended", **phase, "blocks": [], "best_epoch": 1, "stopped_early": False})
        display.show({"event": "pseudo_perplexity", **phase, **pair})
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("masked head  epoch 1") and "held-out loss 4.500" in line for line in lines)
    assert any("domain text 20.000 (18.000-22.000" in line for line in lines)


def test_blocks_are_told_by_first_and_last_only_where_they_follow_one_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["stem", "block1", "block2", "block3", "top", "head"]
    moved = {"stem", "block1", "block3", "head"}
    event = {
        "event": "stage_ended", "stage": 0, "stage_name": "first 2", "epochs": 1, "stopped_early": False,
        "best_epoch": 1, "blocks": [{"name": n, "moved": n in moved, "expected": n in moved} for n in names],
    }  # fmt: skip
    with RunDisplay(Terminal()) as display:
        display.show(event)
    assert "moved: stem … block1 (2), block3, head; " in capsys.readouterr().out


def test_a_dry_run_names_the_stages_that_will_take_less(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"first_step_seconds": 1.0, "examples_per_second": 8.0, "expected_seconds": 9.0}
    stages = [{"name": "head", **row, "keeps_activations": True}, {"name": "all", **row, "keeps_activations": False}]
    cost = {"stages": stages, "expected_seconds": 60.0, "peak_memory_bytes": 0, "disk_bytes": 0, "adapts": False}
    with RunDisplay(Terminal()) as display:
        display.show_cost(cost)
    assert "which is not measured: head." in capsys.readouterr().out


@pytest.mark.parametrize("adapts", [False, True])
def test_a_dry_run_says_what_it_has_not_measured(adapts: bool, capsys: pytest.CaptureFixture[str]) -> None:
    cost = {"stages": [], "expected_seconds": 60.0, "peak_memory_bytes": 0, "disk_bytes": 0, "adapts": adapts}
    with RunDisplay(Terminal()) as display:
        display.show_cost(cost)
    assert ("Adapting the encoder comes on top" in capsys.readouterr().out) == adapts
