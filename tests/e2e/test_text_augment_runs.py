"""Texts that change from epoch to epoch, with kept activations and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ftsuite.config import load_config
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.runs.preview import preview
from ftsuite.training.journal import read_journal
from tests.tiny import save_reviews, save_tiny_text_preset

JOB = """
task: sentiment
data: {{source: "csv:{reviews}", batch_size: 8, test_fraction: 0.25, validation_fraction: 0.25, sampling: square-root}}
backbone: {{name: "{preset}"}}
options: {{max_length: 16, augment: [{{name: word-dropout, rate: 0.4}}, {{name: word-swap}}]}}
finetune:
  logit_adjustment: 1
  views: 3
  cache: memory
  stages: [{{train: head, for: 4 epochs, learning_rate: 1e-2}}]
evaluation: {{bootstrap_samples: 50, baseline: false}}
"""


@pytest.mark.slow
def test_views_of_changed_texts_have_their_own_lengths(tmp_path: Path) -> None:
    reviews, preset = save_reviews(tmp_path / "reviews.csv"), save_tiny_text_preset(tmp_path / "preset")
    path = tmp_path / "job.yaml"
    path.write_text(JOB.format(reviews=reviews, preset=preset))
    loaded = load_config(path, options_model=Registry.discover().options_model)
    shown = preview(loaded, count=6)
    assert all(len(example.views) == 4 for example in shown.examples)
    lengths = [[len(view.windows[0]) for view in example.views] for example in shown.examples]
    assert np.mean([row[0] > min(row[1:]) for row in lengths]) > 0.5
    folder = begin(loaded, tmp_path / "run", resume=False)
    execute(loaded, folder=folder)
    events = read_journal(folder / "journal.jsonl")
    assert [event["views"] for event in events if event["event"] == "cached"] == [3]
    padding = [event["padding_share"] for event in events if event["event"] == "epoch"]
    assert len(set(padding[:4])) > 1, "each epoch shows other views"
