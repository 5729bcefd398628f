"""The plan `bit-hyperrule`: lengths, warm-up and rates from the number of examples and the batch, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.cli.find_learning_rate import _show
from ftsuite.config import LoadedConfig, load_config
from ftsuite.data.image_options import ImageOptions
from ftsuite.errors import ConfigError
from ftsuite.models.blocks import Block
from ftsuite.optim.data_size_schedule import data_size_schedule, training_length
from ftsuite.runs.data_size_notes import data_size_notes
from ftsuite.runs.dry_run import _share_of_plan
from ftsuite.runs.find_learning_rate import FoundRates
from ftsuite.runs.out_of_memory import SmallerBatches, with_smaller_batches
from ftsuite.training.plan import Stage, resolve_stages
from tests.tiny import save_pictures

Load = Callable[..., LoadedConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "job.yaml").write_text(
        "task: pictures\ndata: {source: field-guide, batch_size: 32}\nbackbone: {name: some_model}\n"
        "finetune: {plan: bit-hyperrule}\n",
        encoding="utf-8",
    )
    return lambda *overrides: load_config(tmp_path / "job.yaml", overrides)


def _stage(loaded: LoadedConfig, examples: int) -> Stage:
    config = loaded.config
    blocks, batch = (Block("head", (_Weight(),)),), config.data.batch_size
    (stage,) = resolve_stages(config.finetune, blocks, max(examples // batch, 1), examples, batch)
    return stage


class _Weight:
    """As much of a variable as a plan looks at."""

    name, path = "kernel", "dense/kernel"


def test_the_shipped_plan_is_the_rule(load: Load) -> None:
    stage = _stage(load(), 1_000)
    rule = data_size_schedule(1_000, 224, 224, batch_size=32)
    assert (stage.total_steps, stage.warmup_steps) == (rule.steps, 1_600) == (8_000, 1_600)
    assert stage.learning_rate == pytest.approx(rule.learning_rate)
    assert stage.learning_rates(0).milestone_steps == rule.decay_steps
    optimizer = load().config.finetune.optimizer
    assert (optimizer.name, optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == ("sgd", 0.9, False, 0.0)


def _authors_rate(step: int, examples: int) -> float:
    """`get_lr` of bit_hyperrule.py in google-research/big_transfer, from 20,000 examples on as the paper."""
    supports = [500, 3_000, 6_000, 9_000, 10_000] if examples < 500_000 else [500, 6_000, 12_000, 18_000, 20_000]
    if step < supports[0]:
        return 0.003 * step / supports[0]
    return 0.003 / 10.0 ** sum(support < step for support in supports[1:])


@pytest.mark.parametrize("examples", [20_000, 499_999, 500_000])
def test_rates_are_those_of_the_authors_program(examples: int, load: Load) -> None:
    stage = _stage(load("data.batch_size=512"), examples)
    assert stage.total_steps == training_length(examples).steps_of_512 == (10_000 if examples < 500_000 else 20_000)
    edges = np.array(stage.learning_rates(0).milestone_steps)
    steps = np.array([step for step in range(0, stage.total_steps, 7) if step not in edges])
    wanted = [_authors_rate(int(step), examples) for step in steps]
    # Their warm-up begins at nothing, this one a step later.
    np.testing.assert_allclose(np.asarray(stage.learning_rates(0)(steps)), wanted, rtol=1e-4, atol=0.003 / 500)


def test_accumulated_batches_scale_the_rate_and_not_the_length(load: Load) -> None:
    plain = _stage(load(), 1_000)
    stage = _stage(load("finetune.optimizer.accumulate_steps=4"), 1_000)
    assert stage.total_steps == plain.total_steps
    assert stage.learning_rate == pytest.approx(4 * plain.learning_rate) == pytest.approx(0.003 * 128 / 512)


def test_smaller_batches_after_a_lack_of_memory_train_the_same(load: Load) -> None:
    plain = _stage(load(), 1_000)
    stage = _stage(with_smaller_batches(load(), SmallerBatches(16, 2, 32, 1, "none left")), 1_000)
    assert stage.learning_rate == plain.learning_rate
    assert (stage.total_steps, stage.warmup_steps) == (2 * plain.total_steps, 2 * plain.warmup_steps)


def test_a_batch_is_never_larger_than_the_training_split(load: Load) -> None:
    stage = _stage(load("data.batch_size=512"), 64)
    assert (stage.total_steps, stage.learning_rate) == (4_000, pytest.approx(0.003 / 8))


def test_a_warmup_that_turns_out_longer_than_the_first_milestone_is_told(load: Load) -> None:
    overrides = ("finetune.stages.0.for=2 epochs", "finetune.stages.0.warmup=40 steps")
    with pytest.raises(
        ConfigError, match=r"stages.0.milestones .* 40 of 62 steps here. Received: 30%, which is step 19"
    ):
        _stage(load(*overrides), 1_000)
    assert _stage(load(*overrides), 10_000).warmup_steps == 40


def test_a_plan_without_it_says_nothing(load: Load, tmp_path: Path) -> None:
    assert data_size_notes(load("finetune.plan=full").config, ImageOptions(), _examples(["a"] * 3, "text")) == ()


def _examples(inputs: list[str], kind: str) -> Examples:
    names = tuple(f"{number}" for number in range(len(inputs)))
    return Examples(names, inputs, np.zeros(len(inputs), "int64"), ("a",), names, kind)


def test_the_run_tells_what_the_rule_makes_of_the_data(load: Load, tmp_path: Path) -> None:
    small = sorted(map(str, save_pictures(tmp_path / "small", per_class=2).rglob("*.png")))
    large = sorted(map(str, save_pictures(tmp_path / "large", per_class=2, pixels=100).rglob("*.png")))
    config = load().config
    counts, wants = data_size_notes(config, ImageOptions(), _examples(small, "image-file"))
    assert "finetune.stages.0.for: by-data-size is 32,000 steps of 8 examples" in counts
    assert "500 steps of 512" in counts and "fewer than 20,000 training examples (here 8)" in counts
    assert "160 pixels cropped to 128" in wants and "no MixUp" in wants and "crop-resize, flip, colour" in wants
    missing = str(tmp_path / "none.png")
    _, wants = data_size_notes(config, ImageOptions(image_size=96), _examples([*large, missing], "image-file"))
    assert "448 pixels cropped to 384" in wants and "options.image_size 96" in wants
    _, wants = data_size_notes(config, ImageOptions(), _examples(["x"] * 30_000, "field-guide"))
    assert "448" in wants and "MixUp 0.1" in wants
    _, wants = data_size_notes(config, None, _examples(["x"], "text"))
    assert "pictures only" in wants


class _Lines:
    """A terminal that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def table(self, *arguments: object, **keywords: object) -> None:
        """Nothing."""

    def event(self, *arguments: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(("factor", "written"), [(1.0, "1.0e-03"), (0.0625, "1.6e-02")])
def test_a_rate_that_is_found_is_written_as_the_config_has_it(factor: float, written: str, tmp_path: Path) -> None:
    """A config whose rate is scaled with the batch must not have the scaled rate scaled again."""
    stage = {
        "stage": 0, "stage_name": "all", "planned_rate": 1e-3, "suggested_rate": 1e-3, "edge_rate": 1e-2,
        "rises": True, "rule": "any", "key": "finetune.stages.0.learning_rate", "rate_factor": factor,
    }  # fmt: skip
    terminal: Any = _Lines()
    _show(FoundRates(tmp_path, [stage]), terminal)
    (tried,) = [line for line in terminal.lines if "--set" in line]
    assert tried.endswith(f"--set finetune.stages.0.learning_rate={written}")
    assert any("rate_batch_size" in line for line in terminal.lines) == (factor != 1.0)


@pytest.mark.parametrize("given", [(0, 512), (10, 0)])
def test_a_length_of_nothing_is_refused(given: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        training_length(*given)


def test_a_learning_curve_takes_less_time_only_where_epochs_are_shorter(load: Load) -> None:
    for length, share in (("by-data-size", 1.0), ("40 steps", 1.0), ("2 epochs", 0.25)):
        loaded = load(f"finetune.stages.0.for={length}", "finetune.stages.0.warmup=10%")
        prepared: Any = SimpleNamespace(
            config=loaded.config, stages=(_stage(loaded, 1_000),), parts={"train": range(1_000)}
        )
        assert _share_of_plan(prepared, 250) == pytest.approx(share)
