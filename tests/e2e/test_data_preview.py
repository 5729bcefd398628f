"""`ftsuite data preview` of tiny jobs: from a config to a file, with nothing trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftsuite.cli.main import cli
from ftsuite.config import LoadedConfig, load_config
from ftsuite.registry import Registry
from ftsuite.runs.preview import preview
from tests.tiny import save_reviews, save_tiny_text_preset


def test_pictures(tiny_config: Path, tmp_path: Path) -> None:
    arguments = [
        "data",
        "preview",
        str(tiny_config),
        "--out",
        str(tmp_path / "new" / "sheet.png"),
        "--count",
        "6",
        "--json",
    ]
    result = CliRunner().invoke(cli, [*arguments, "--set", "options.augment=[{name: flip}, {name: mixup, alpha: 5}]"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert (tmp_path / "new" / "sheet.png").stat().st_size > 10_000
    assert len(told["examples"]) == 6
    assert {example["label"] for example in told["examples"]} == {"blue jay", "cardinal", "crow", "goldfinch"}
    for example in told["examples"]:
        titles = [view["title"] for view in example["views"]]
        assert titles == ["not augmented", "epoch 1", "epoch 2", "epoch 3"]
        assert example["views"][0]["shares"] == {example["label"]: 1.0}
        assert all(sum(view["shares"].values()) == pytest.approx(1.0, abs=0.02) for view in example["views"])
    assert any(len(view["shares"]) == 2 for example in told["examples"] for view in example["views"])


@pytest.mark.slow
def test_other_splits_are_shown_as_they_are(load: Callable[..., LoadedConfig]) -> None:
    shown = preview(load(), split="test", count=3)
    assert [len(example.views) for example in shown.examples] == [1, 1, 1]
    assert preview(load("options.augment=[]"), count=3).notes == (
        "Training does not change these examples at random: every epoch sees them as they are here.",
    )


def test_a_file_of_another_kind_is_refused(tiny_config: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "preview", str(tiny_config), "--out", "sheet.jpg"])
    assert result.exit_code == 2
    assert "must end in .html or .png. Received: sheet.jpg" in result.output


@pytest.mark.slow
def test_texts(tmp_path: Path) -> None:
    reviews, preset = save_reviews(tmp_path / "reviews.csv"), save_tiny_text_preset(tmp_path / "preset")
    path = tmp_path / "job.yaml"
    path.write_text(
        f'task: sentiment\ndata: {{source: "csv:{reviews}"}}\n'
        f'backbone: {{name: "{preset}"}}\noptions: {{max_length: 8}}\n'
    )
    shown = preview(load_config(path, options_model=Registry.discover().options_model), count=8)
    assert len(shown.examples) == 8
    for example in shown.examples:
        (view,) = example.views
        (window,) = view.windows
        assert (window[0].text, window[-1].text) == ("[CLS]", "[SEP]")
        assert window[0].is_special and not window[1].is_special
        assert len(window) <= 8
    assert any(example.views[0].is_truncated for example in shown.examples)
