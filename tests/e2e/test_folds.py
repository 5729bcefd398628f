"""A cross-validation with real training: every picture is tested once, and a stopped one ends with the same bytes."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ftsuite.config import LoadedConfig, load_config
from ftsuite.data.split_file import read_split
from ftsuite.errors import Interrupted
from ftsuite.registry import Registry
from ftsuite.runs.audit import audit
from ftsuite.runs.audit_checks import CHECKS
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from ftsuite.runs.folds import execute_folds
from ftsuite.runs.folds_folder import begin_folds, write_folds
from tests.stopped_runs import Stopper, events_in, weights_in

Load = Callable[..., LoadedConfig]
_SHORT = (
    "finetune.stages=[{train: head, for: 6 steps, learning_rate: 0.01}]",
    "options.augment=[]",
    "data.folds.count=2",
)


@pytest.mark.slow
def test_folds_of_pictures_stopped_and_repeated_give_the_same_bytes(load: Load, tmp_path: Path) -> None:
    loaded = load(*_SHORT)
    straight = begin_folds(loaded, tmp_path / "straight", False)
    summary = execute_folds(loaded, folder=straight).summary
    splits = [read_split(straight / f"fold-{number}" / "split.json") for number in (1, 2)]
    tested = Counter(
        name for split in splits for name, side in zip(split.ids, split.splits, strict=True) if side == "test"
    )
    assert set(tested.values()) == {1}
    assert len(tested) == summary["examples"] == summary["pooled"]["accuracy"]["n"] == 48
    assert "fold-2/report.html" in (straight / "report.html").read_text(encoding="utf-8")
    _labels_are_judged_by(straight, load)

    stopped = shutil.copytree(straight, tmp_path / "stopped")
    shutil.rmtree(stopped / "fold-2")
    write_folds(stopped, {"complete": False, "runs": summary["runs"][:1]})

    @contextmanager
    def stopping(number: int, fold: Path) -> Iterator[tuple[Stopper, None]]:
        yield Stopper("step", 3), None

    with pytest.raises(Interrupted, match="fold 2"):
        execute_folds(loaded, folder=stopped, shown=stopping)
    execute_folds(load(*_SHORT), folder=begin_folds(load(*_SHORT), stopped, True))
    again = load_config(straight / "fold-2" / "config.resolved.yaml", options_model=Registry.discover().options_model)
    alone = execute(again, folder=begin(again, tmp_path / "alone", False)).folder
    for folder in (stopped / "fold-2", alone):
        assert weights_in(folder) == weights_in(straight / "fold-2")
        assert events_in(folder)[1:] == events_in(straight / "fold-2")[1:]
        for name in ("metrics.json", "split.json"):
            assert (folder / name).read_bytes() == (straight / "fold-2" / name).read_bytes()
    assert _figures(stopped) == _figures(straight)


def _labels_are_judged_by(folds: Path, load: Load) -> None:
    """The audit of the same pictures takes the folds' predictions, by the config of a run and by that of the folds."""
    checks = [check for check in CHECKS if check.name == "label-errors"]
    for loaded in (load(), load(*_SHORT)):
        found = audit(loaded, checks=checks, predictions=[str(folds)])
        assert [check.state for check in found.checks] == ["made"], found.checks
        assert found.predictions is not None
        assert found.predictions.held_out.covered.all()
        (finding,) = found.findings
        assert finding.figures["judged_by"] == {"features": 0, "features and folds": 48}


def _figures(folder: Path) -> object:
    content = json.loads((folder / "folds.json").read_text(encoding="utf-8"))
    return {**content, "started": None}
