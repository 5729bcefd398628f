"""The two example plugins, each trained from end to end on a few drawn birds with a tiny backbone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pyarrow.parquet
import pytest

from ftsuite.config import load_config
from ftsuite.errors import ConfigError
from ftsuite.registry import Registry, offers
from ftsuite.runs.begin import begin
from ftsuite.runs.execute import execute

EXAMPLES = {"image-regression": "ftsuite_image_regression", "multi-label": "ftsuite_multi_label"}
MOST_LINES = 60


@pytest.fixture(scope="module", autouse=True)
def installed(repository: Path) -> Iterator[None]:
    """As if both were installed by pip."""
    ours = offers.entry_points
    points = [EntryPoint(name, f"{package}:SPEC", "ftsuite.tasks") for name, package in EXAMPLES.items()]
    with pytest.MonkeyPatch.context() as patched:
        for name in EXAMPLES:
            patched.syspath_prepend(repository / "examples" / "plugins" / name)
        patched.setattr(offers, "entry_points", lambda **wanted: [*ours(**wanted), *points])
        yield


@pytest.fixture(scope="module")
def birds(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of each species, as a reader of the READMEs draws them."""
    folder = tmp_path_factory.mktemp("data") / "birds"
    program = repository / "examples" / "plugins" / "make_birds.py"
    subprocess.run([sys.executable, program, folder, "--per-species", "3"], check=True, capture_output=True)
    return folder


def _run(name: str, repository: Path, birds: Path, preset: Path, folder: Path) -> Path:
    config = repository / "examples" / "plugins" / name / f"{name}.yaml"
    overrides = (
        f"data.source=csv:{birds / 'birds.csv'}",
        f"backbone.name={preset}",
        "options.image_size=32",
        "finetune.stages=[{train: head, for: 2 epochs, learning_rate: 1e-2}]",
        "evaluation.bootstrap_samples=50",
    )
    loaded = load_config(config, overrides, options_model=Registry.discover().options_model)
    return execute(loaded, folder=begin(loaded, folder, False)).folder


@pytest.mark.parametrize("name", ["image-regression", pytest.param("multi-label", marks=pytest.mark.slow)])
def test_an_example_trains_and_tells_what_it_found(
    name: str, repository: Path, birds: Path, preset: Path, tmp_path: Path
) -> None:
    run = _run(name, repository, birds, preset, tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    headline = metrics["headline"]
    assert headline == {"image-regression": "mean_absolute_error", "multi-label": "macro_f1"}[name]
    sure = {"image-regression": headline, "multi-label": "mean_average_precision"}[name]
    figure = metrics["test"][sure]
    assert figure["ci95"][0] <= figure["value"] <= figure["ci95"][1] and figure["n"] >= 5
    assert headline in metrics["baselines"]["constant"]["test"]
    rows = pyarrow.parquet.read_table(run / "predictions.parquet")
    assert {f"answer_{output}" for output in metrics["outputs"]} <= set(rows.column_names)
    text = (run / "report.html").read_text(encoding="utf-8")
    for words in {
        "image-regression": ("Error by range of the truth", "True and answered", "answered length %"),
        "multi-label": ("<h3>Labels</h3>", "threshold", "under_streaks"),
    }[name]:
        assert words in text
    # The run folder tells it all without the plugin.
    assert (run / "model.keras").is_file() and (run / "report_parts.json").is_file()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short(name: str, repository: Path) -> None:
    folder = repository / "examples" / "plugins" / name / EXAMPLES[name]
    assert sum(len(path.read_text().splitlines()) for path in folder.glob("*.py")) < MOST_LINES


def test_an_unknown_option_is_refused(repository: Path) -> None:
    config = repository / "examples" / "plugins" / "multi-label" / "multi-label.yaml"
    with pytest.raises(ConfigError, match="threshold"):
        load_config(config, ["options.treshold=0.4"], options_model=Registry.discover().options_model)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_package_that_can_be_installed(name: str, repository: Path, tmp_path: Path) -> None:
    # Built from a copy, so that nothing is written into the tree; with the setuptools that its pyproject.toml
    # asks for, as for a user: a fresh environment's own may be older.
    source = shutil.copytree(repository / "examples" / "plugins" / name, tmp_path / "source")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", tmp_path / "site", source], check=True, capture_output=True)
    (info,) = (tmp_path / "site").glob("*.dist-info")
    assert f"{name} = {EXAMPLES[name]}:SPEC" in (info / "entry_points.txt").read_text()
