"""Whole runs under the checks: the built-in tasks pass, tasks broken in training are found, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ftsuite.api import TaskSpec
from ftsuite.cli.main import cli
from ftsuite.testing import CHECKS, examine_task
from tests import broken_tasks as broken


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["task", "check", *arguments])


@pytest.mark.slow
@pytest.mark.parametrize("task", ["image-classification", "sentiment", "domain-text"])
def test_the_built_in_tasks_pass(task: str) -> None:
    # Of texts, what is left out here is held by the tests of text runs; the text tasks share all such code.
    skip = {"image-classification": [], "sentiment": ["jax", "resume", "same-seed"]}.get(
        task, ["jax", "resume", "same-seed", "without-plugin"]
    )
    report = examine_task(task, skip=skip)
    assert report.ok, str(report)
    assert {result.name for result in report.results if result.status == "ok"} == {c.name for c in CHECKS} - set(skip)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "failing"),
    [
        (broken.LEARNS_NOTHING, {"loss-falls": "The training loss must fall"}),
        (
            broken.FORGETS_ITS_NAMES,
            {
                "names": "The names in the saved model must be those of the data",
                "without-plugin": "must load where the plugin is not installed",
                "jax": "must run with KERAS_BACKEND=jax as well",
            },
        ),
        (broken.SHIFTED_BY_CHANCE, {"same-seed": "must have the same journal"}),
        (broken.SHIFTED_BY_PROCESS, {"resume": "must end as the one that was not"}),
    ],
    ids=lambda value: value.name if isinstance(value, TaskSpec) else "",
)
def test_what_is_broken_in_training_is_found(task: TaskSpec, failing: dict[str, str], preset: Path) -> None:
    report = examine_task(task, checks=["run", *failing], backbone=str(preset))
    assert {result.name for result in report.failed} == set(failing), str(report)
    for result in report.failed:
        assert failing[result.name] in result.message
        assert result.advice


def test_the_command_prints_a_line_a_check_and_ends_with_4_where_one_fails() -> None:
    done = _call("tests.broken_tasks:LAX", "--only", "spec", "--only", "unknown-option")
    assert done.exit_code == 4
    first, second, *rest = done.stdout.splitlines()
    assert first.startswith("ok") and first.endswith(" s  spec")
    assert second.startswith("failed") and second.endswith(" s  unknown-option")
    assert any("ftsuite.api.Options" in line for line in rest)
    assert rest[-1].startswith("lax: 1 ok, 1 failed, 0 skipped in ")


def test_the_command_speaks_json() -> None:
    done = _call("sentiment", "--only", "spec", "--json")
    assert done.exit_code == 0
    check, result = map(json.loads, done.stdout.splitlines())
    assert (check["event"], check["name"], check["status"]) == ("check", "spec", "ok")
    assert result == {**result, "event": "result", "task": "sentiment", "passed": True, "ok": 1, "failed": 0}


def test_a_config_names_its_task(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("task: sentiment\ndata: {source: 'csv:none.csv'}\nbackbone: {name: minilm_l6_en}\n", "utf-8")
    assert "sentiment: 1 ok" in _call(str(path), "--only", "spec").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("sentimnt",), 2, "Did you mean 'sentiment'?"),
        (("sentiment", "--only", "speck"), 2, "Did you mean 'spec'?"),
        (("no_such_module:SPEC",), 4, "No module named 'no_such_module'"),
        (("sentiment", "--skip", "spec", "--only", "spec"), 2, "At least one check must be left"),
    ],
)
def test_what_is_called_wrongly_is_told(arguments: tuple[str, ...], code: int, expected: str) -> None:
    done = _call(*arguments)
    assert done.exit_code == code
    assert expected in done.stderr
