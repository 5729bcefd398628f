"""What `ftsuite task new` makes trains at once; a single file's run goes on in a process that never saw it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftsuite import load_run
from ftsuite.cli.main import cli
from ftsuite.config import LoadedConfig, load_config
from ftsuite.errors import Interrupted
from ftsuite.registry import Registry
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute
from tests.stopped_runs import Stopper, events_in, weights_in


def _made(folder: Path, kind: str, preset: Path) -> LoadedConfig:
    done = CliRunner().invoke(cli, ["task", "new", "quick", "--kind", kind, "--here", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    # Small, and with a few steps a stage: what is trained is none of this test's.
    changes = (f"backbone.name={preset}", "options.image_size=32", f"data.source={_source(folder)}")
    short = ("finetune.stages.0.for=2 epochs", "finetune.stages.1.for=2 epochs", "evaluation.bootstrap_samples=50")
    return load_config(folder / "quick.yaml", [*changes, *short], options_model=Registry.discover().options_model)


def _source(folder: Path) -> str:
    table = next((folder / "quick-data").glob("*.csv"), None)
    return f"folder:{folder}/quick-data" if table is None else f"csv:{table}"


@pytest.mark.slow
def test_a_single_file_trains_and_is_gone_on_with_in_another_process(preset: Path, tmp_path: Path) -> None:
    loaded = _made(tmp_path, "image-regression", preset)
    straight = begin(loaded, tmp_path / "straight", resume=False)
    execute(loaded, folder=straight)
    stopped = begin(loaded, tmp_path / "stopped", resume=False)
    with pytest.raises(Interrupted):
        execute(loaded, folder=stopped, listener=Stopper("epoch", 3))
    command = [sys.executable, "-m", "ftsuite", "run", str(stopped / "config.resolved.yaml"), "--resume"]
    done = subprocess.run(command, cwd="/", env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert weights_in(stopped) == weights_in(straight)
    assert events_in(stopped) == events_in(straight)
    assert (stopped / "metrics.json").read_bytes() == (straight / "metrics.json").read_bytes()
    (tmp_path / "quick.py").unlink()  # a run is used without the code of its task
    (answer,) = load_run(stopped).predict([tmp_path / "quick-data" / "000.png"])
    assert answer.shape == (1,)
