"""Who waits for input is told, with what helps; who does not, or cannot know, is told nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ftsuite.report import findings, write_report
from ftsuite.report.input_bound import input_sentence
from ftsuite.report.journal import Epoch
from tests.unit.fake_run import make_fake_run


def epoch(share: float, seconds: float = 10.0) -> Epoch:
    return Epoch(0, 1, 1.0, 0.5, 1.0, 0.5, 1e-3, seconds, input_wait_share=share)


def sentence(*epochs: Epoch, kind: str = "image-file", **config: Any) -> str | None:
    config = {"data": {"source": "folder:photos"}, "options": {}, **config}
    return input_sentence(epochs, config, {"cpu_count": 2, "data": {"kind": kind}})


def test_epochs_count_by_their_time_and_those_without_a_share_do_not() -> None:
    found = sentence(epoch(0.5, 30.0), epoch(0.22, 10.0), epoch(math.nan, 1000.0))
    assert found is not None
    assert found.startswith("Input-bound: 43 % of step time")
    assert "more CPU cores than the 2 of this machine" in found


@pytest.mark.parametrize("epochs", [(), (epoch(math.nan),), (epoch(0.099),), (epoch(0.0), epoch(0.1))])
def test_below_a_tenth_and_without_figures_nothing_is_said(epochs: tuple[Epoch, ...]) -> None:
    assert sentence(*epochs) is None


def test_the_remedies_are_those_of_the_run() -> None:
    augment = [{"name": "flip"}, {"name": "rand-augment"}]
    found = sentence(epoch(0.4), options={"image_size": 224, "augment": augment})
    assert found is not None
    assert "ftsuite data prepare CONFIG --image-size 264" in found
    assert "options.augment: rand-augment;" in found
    assert "data.cache" not in found
    cached = sentence(epoch(0.4), data={"source": "records:x", "cache": "off"})
    assert cached is not None
    assert "data.cache: auto" in cached
    assert "data prepare" not in cached
    drawn = sentence(epoch(0.4), kind="field-guide", data={"source": "field-guide"})
    assert drawn is not None
    assert "prepare CONFIG`, which stores the pictures that are drawn" in drawn
    texts = sentence(epoch(0.4), kind="text", data={"source": "jsonl:x", "streaming": True})
    assert texts is not None
    assert "streaming: false" in texts
    assert "prepare" not in texts


def test_it_stands_in_the_report_and_at_the_end_of_the_run(tmp_path: Path) -> None:
    folder = make_fake_run(tmp_path / "run")
    path = folder / "journal.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert not any("Input-bound" in line for line in findings(folder, metrics))
    path.write_text(
        "".join(
            json.dumps({**event, "input_wait_share": 0.43} if event["event"] == "epoch" else event) + "\n"
            for event in events
        )
    )
    (line,) = [line for line in findings(folder, metrics) if "Input-bound" in line]
    assert "43 %" in line
    assert "Input-bound: 43 %" in write_report(folder).read_text(encoding="utf-8")
