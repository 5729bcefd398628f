"""`finetune.plan`: where a plan lies among the layers of a config, and what its files may hold."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftsuite.config import FinetuneConfig, dump_yaml, load_config, plan_summaries, shipped_plans
from ftsuite.errors import ConfigError

MINIMAL = "task: pictures\ndata: {source: field-guide}\nbackbone: {name: some_model}\n"
PLAN = """summary: mine
finetune:
  label_smoothing: 0.3
  early_stopping: {patience: 2 epochs}
  optimizer: {beta_1: 0.8, beta_2: 0.99}
  stages:
    - {train: head, for: 2 epochs, learning_rate: 1e-2}
    - {train: last 25%, for: 3 epochs, learning_rate: 1e-3}
"""
OWN = "stages: [{train: all, for: 7 steps, learning_rate: 2}]"
Write = Callable[[str, str], Path]


@pytest.fixture
def write(write_here: Write) -> Write:
    write_here("plans/mine.yaml", PLAN)
    return write_here


def _scopes(reference: str | Path, *overrides: str) -> list[str]:
    return [str(stage.train) for stage in load_config(reference, overrides).config.finetune.stages]


def test_a_plan_lies_below_the_keys_beside_it(write: Write) -> None:
    write("birds.yaml", MINIMAL + "finetune:\n  plan: plans/mine.yaml\n  optimizer: {beta_1: 0.7}\n")
    loaded = load_config("birds.yaml")
    finetune = loaded.config.finetune
    assert _scopes("birds.yaml") == ["head", "last 25%"]
    assert (finetune.optimizer.beta_1, finetune.optimizer.beta_2, finetune.label_smoothing) == (0.7, 0.99, 0.3)
    write("own.yaml", MINIMAL + f"finetune: {{plan: plans/mine.yaml, {OWN}, early_stopping: null}}\n")
    own = load_config("own.yaml").config.finetune
    assert ([str(stage.train) for stage in own.stages], own.early_stopping) == (["all"], None)
    assert own.label_smoothing == 0.3


def test_a_plan_by_set_lies_above_the_files(write: Write) -> None:
    write("base.yaml", MINIMAL + "finetune: {focal_gamma: 2, label_smoothing: 0.2}\n")
    write("birds.yaml", f"extends: base.yaml\nfinetune: {{{OWN}, optimizer: {{beta_1: 0.7, clip_norm: 3}}}}\n")
    finetune = load_config("birds.yaml", ["finetune.plan=plans/mine.yaml"]).config.finetune
    assert _scopes("birds.yaml", "finetune.plan=plans/mine.yaml") == ["head", "last 25%"]
    assert (finetune.focal_gamma, finetune.label_smoothing) == (2, 0.3)
    assert (finetune.optimizer.beta_1, finetune.optimizer.clip_norm) == (0.8, 3)


def test_overrides_reach_into_a_plan_before_and_behind_its_name(write: Write) -> None:
    write("birds.yaml", MINIMAL)
    rate = "finetune.stages.1.learning_rate=0.5"
    plan = "finetune.plan=./plans/mine.yaml"
    for overrides in ([rate, plan], [plan, rate], ["finetune.plan=full", rate, plan]):
        stages = load_config("birds.yaml", overrides).config.finetune.stages
        assert [(str(stage.train), stage.learning_rate) for stage in stages] == [("head", 0.01), ("last 25%", 0.5)]


@pytest.mark.parametrize(
    "overrides",
    [
        ["finetune={plan: ./plans/mine.yaml, focal_gamma: 1}"],
        ["finetune={focal_gamma: 1}", "finetune.plan=./plans/mine.yaml"],
        ["finetune.plan=./plans/mine.yaml", "finetune={plan: ./plans/mine.yaml, focal_gamma: 1}"],
        ["finetune=null", "finetune.focal_gamma=1", "finetune.plan=./plans/mine.yaml"],
    ],
)
def test_an_override_of_the_whole_section_may_name_a_plan(write: Write, overrides: list[str]) -> None:
    write("birds.yaml", MINIMAL + f"finetune: {{{OWN}, views: 7}}\n")
    finetune = load_config("birds.yaml", [*overrides, "finetune.stages.1.learning_rate=0.5"]).config.finetune
    assert (finetune.focal_gamma, finetune.label_smoothing, finetune.views) == (1, 0.3, 4)
    assert [stage.learning_rate for stage in finetune.stages] == [0.01, 0.5]


def test_the_plan_of_a_stronger_layer_takes_the_place_of_the_weaker_one_s(write: Write) -> None:
    write("base.yaml", MINIMAL + "finetune: {plan: plans/mine.yaml}\n")
    assert _scopes("base.yaml") == ["head", "last 25%"]
    write("birds.yaml", "extends: base.yaml\nfinetune: {plan: full}\n")
    finetune = load_config("birds.yaml").config.finetune
    assert [str(stage.train) for stage in finetune.stages] == ["all"]
    assert finetune.label_smoothing == FinetuneConfig().label_smoothing
    for none in (load_config("birds.yaml", ["finetune.plan=null"]), load_config("birds.yaml", ["finetune={}"])):
        assert none.config.finetune == FinetuneConfig()


def test_a_plan_of_an_extended_config_lies_below_that_config_and_beside_its_file(write: Write) -> None:
    base = "finetune: {plan: ../plans/mine.yaml, label_smoothing: 0.2}\n"
    write("bases/base.yaml", MINIMAL + base)
    write("birds.yaml", "extends: bases/base.yaml\nfinetune: {optimizer: {beta_2: 0.9}}\n")
    finetune = load_config("birds.yaml").config.finetune
    assert (finetune.label_smoothing, finetune.optimizer.beta_1, finetune.optimizer.beta_2) == (0.2, 0.8, 0.9)
    assert len(finetune.stages) == 2


def test_origins_are_the_plan_s_file_and_line(write: Write) -> None:
    write("birds.yaml", MINIMAL + "finetune:\n  optimizer: {beta_1: 0.7}\n  plan: plans/mine.yaml\n")
    origins = load_config("birds.yaml", ["finetune.stages.0.for=1 step"]).origins
    assert str(origins["finetune.label_smoothing"]) == "plans/mine.yaml:3"
    assert origins["finetune.label_smoothing"].kind == "plan"
    assert str(origins["finetune.stages.1.train"]) == "plans/mine.yaml:8"
    assert str(origins["finetune.stages.0.for"]) == "--set finetune.stages.0.for=1 step"
    assert str(origins["finetune.optimizer.beta_1"]) == "birds.yaml:5"
    assert str(origins["finetune.plan"]) == "birds.yaml:6"
    assert origins["finetune.stages.1.layer_decay"].kind == "default"
    assert str(origins["task"]) == "birds.yaml:1"


@pytest.mark.parametrize("plan", ["plans/mine.yaml", "gradual"])
def test_a_resolved_config_does_not_need_its_plan_any_more(write: Write, tmp_path: Path, plan: str) -> None:
    path = write("birds.yaml", MINIMAL + f"finetune: {{plan: {plan}, early_stopping: null}}\n")
    first = load_config(path, ["finetune.stages.1.learning_rate=0.5"])
    resolved = first.resolved()
    assert resolved["finetune"]["plan"] == (str(tmp_path / plan) if plan.endswith(".yaml") else plan)
    text = dump_yaml(resolved)
    write("elsewhere/again.yaml", text)
    write("elsewhere/forgotten.yaml", text.replace("plan: gradual", "plan: forgotten"))
    write("plans/mine.yaml", PLAN.replace("0.3", "0.4").replace("last 25%", "all"))
    for name in ("again", "forgotten"):
        again = load_config(f"elsewhere/{name}.yaml")
        assert again.config.finetune.model_dump(exclude={"plan"}) == first.config.finetune.model_dump(exclude={"plan"})
    (tmp_path / "plans/mine.yaml").unlink()
    assert load_config("elsewhere/again.yaml").resolved() == resolved
    # A plan by --set is another plan all the same.
    assert _scopes("elsewhere/again.yaml", "finetune.plan=full") == ["all"]


def test_a_path_is_beside_the_file_that_names_it_and_by_set_from_here(write: Write) -> None:
    write("deep/birds.yaml", MINIMAL + "finetune: {plan: ./mine.yaml}\n")
    with pytest.raises(ConfigError, match=r'no plan at this path\. Received: "deep/mine\.yaml"'):
        load_config("deep/birds.yaml")
    write("deep/mine.yaml", PLAN.replace("last 25%", "last 9"))
    assert _scopes("deep/birds.yaml") == ["head", "last 9"]
    assert _scopes("deep/birds.yaml", "finetune.plan=plans/mine.yaml") == ["head", "last 25%"]


@pytest.mark.parametrize("reference", ["a\\0.yaml", "x" * 5000 + ".yaml", "/dev/zero", "no/such", " ", "FULL"])
def test_strange_references_are_config_errors(write: Write, reference: str) -> None:
    path = write("birds.yaml", MINIMAL + f'finetune: {{plan: "{reference}"}}\n')
    with pytest.raises(ConfigError, match=r"birds\.yaml:4:18: finetune\.plan: .*Received: "):
        load_config(path)


def test_shipped_plans_say_what_they_do_and_whose_they_are() -> None:
    plans = plan_summaries()
    names = {"linear-probe", "lp-ft", "gradual", "full", "full-decay", "surgical-first", "bitfit", "lora", "l2-sp"}
    names |= {"progressive-resizing"}
    assert names <= {plan.name for plan in plans} == set(shipped_plans())
    for plan in plans:
        assert plan.summary.endswith("."), plan.name
        assert "https://" in plan.paper, plan.name
        assert plan.path.read_text(encoding="utf-8").startswith("# "), plan.name


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "label_smoothing": st.sampled_from([0.0, 0.25, 0.5]),
    "views": st.integers(1, 9),
    "early_stopping": st.sampled_from([None, {"metric": "accuracy"}, {"patience": "3 epochs"}]),
    "optimizer": st.fixed_dictionaries(
        {}, optional={"beta_1": st.sampled_from([0.5, 0.75]), "clip_norm": st.sampled_from([1.0, 2.0])}
    ),
    "stages": st.lists(
        st.builds(
            lambda train, steps: {"train": train, "for": f"{steps} steps", "learning_rate": 0.5},
            st.sampled_from(["head", "all", "last 25%", "first 2", "biases", "blocks a, b"]),
            st.integers(1, 9),
        ),
        min_size=1,
        max_size=3,
    ),
}
SECTIONS = st.fixed_dictionaries({}, optional=VALUES)


def _merged(weak: Any, strong: Any) -> Any:
    if not (isinstance(weak, dict) and isinstance(strong, dict)):
        return strong
    return {**weak, **{key: _merged(weak[key], value) if key in weak else value for key, value in strong.items()}}


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@given(SECTIONS, SECTIONS, SECTIONS, SECTIONS, st.sampled_from(["extended", "file", "set"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_layers_hold_in_their_order(
    tmp_path: Path, plan: Any, extended: Any, own: Any, by_set: Any, layer: str
) -> None:
    """Against a merge of plain data, with the plan right below the layer that names it."""
    if not plan:
        plan = {"focal_gamma": 3.0}
    layers = {"extended": extended, "file": own, "set": by_set}
    expected: Any = {}
    for name, values in layers.items():
        expected = _merged(_merged(expected, plan) if name == layer else expected, values)
    named = {name: {**values, **({"plan": "./p.yaml"} if name == layer else {})} for name, values in layers.items()}
    with _inside(tmp_path / "layers"):
        Path("p.yaml").write_text(dump_yaml({"finetune": plan}), encoding="utf-8")
        Path("base.yaml").write_text(MINIMAL + dump_yaml({"finetune": named["extended"]}), encoding="utf-8")
        Path("own.yaml").write_text(dump_yaml({"extends": "./base.yaml", "finetune": named["file"]}), encoding="utf-8")
        overrides = [f"finetune.{key}={_inline(value)}" for key, value in _by_key(named["set"])]
        loaded = load_config("own.yaml", overrides)
        Path("again.yaml").write_text(dump_yaml(loaded.resolved()), encoding="utf-8")
        Path("p.yaml").unlink()
        assert load_config("again.yaml").resolved() == loaded.resolved()
    received = loaded.config.finetune
    assert received.plan is not None and received.plan.endswith("/p.yaml")
    assert received.model_copy(update={"plan": None}) == FinetuneConfig.model_validate(expected)


def _by_key(section: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Overrides replace a map whole; key by key they are merged."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", inner_value) for inner, inner_value in value.items())
        else:
            yield key, value


def _inline(value: Any) -> str:
    from ftsuite.config.dump import inline_yaml

    return inline_yaml(value)
