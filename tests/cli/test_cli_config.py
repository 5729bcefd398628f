"""`ftsuite config show|check|schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pydantic
import pytest
from click.testing import CliRunner

from ftsuite.api import Options as ApiOptions
from ftsuite.api import TaskSpec
from ftsuite.cli.config import config, print_table
from ftsuite.errors import ConfigError, PluginError
from ftsuite.registry import RegisteredTask, Registry

GOOD = "task: pictures\ndata: {source: 'folder:photos'}\nbackbone: {name: some_model}\noptions: {size: 48}\n"


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
    size: int = 32


class FakeRegistry:
    def owners(self) -> dict[str, str]:
        return {"broken": "ftsuite", "pictures": "ftsuite"}

    def names(self) -> tuple[str, ...]:
        return ("broken", "pictures")

    def specs(self) -> tuple[RegisteredTask, ...]:
        spec = TaskSpec("pictures", "Pictures.", ApiOptions, "nowhere:Nothing")
        return (RegisteredTask("pictures", "ftsuite", spec),)

    def options_model(self, name: str) -> type[pydantic.BaseModel]:
        if name == "broken":
            raise PluginError("The task 'broken' is broken.", "Mend it.")
        if name != "pictures":
            raise ConfigError(f"task must be one of pictures. Received: {name!r}.")
        return Options


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: FakeRegistry()))
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("size: 48", "sise: 48") + "seed: x\n")
    return tmp_path


def test_show_gives_each_value_with_its_origin(folder: Path) -> None:
    result = CliRunner().invoke(config, ["show", "good.yaml", "--set", "seed=7"], catch_exceptions=False)
    assert result.exit_code == 0
    lines = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert lines["seed"] == ["seed", "7", "--set", "seed=7"]
    assert lines["options.size"] == ["options.size", "48", "good.yaml:4"]
    assert lines["data.source"] == ["data.source", f"folder:{folder}/photos", "good.yaml:2"]
    assert lines["data.batch_size"] == ["data.batch_size", "32", "default"]
    assert lines["finetune.stages.2.train"] == ["finetune.stages.2.train", "all", "default"]
    starts = {line.index(line.split()[-1]) for line in result.stdout.splitlines() if line.endswith(" default")}
    assert len(starts) == 1, "the origins stand in one column"


def test_show_as_json_is_one_object_that_runs_again(folder: Path) -> None:
    result = CliRunner().invoke(config, ["show", "good.yaml", "--json"], catch_exceptions=False)
    assert len(result.stdout.splitlines()) == 1
    shown = json.loads(result.stdout)
    assert shown["name"] == "good"
    assert shown["config"]["options"] == {"size": 48}
    assert shown["origins"]["options.size"] == "good.yaml:4"
    (folder / "again.yaml").write_text(json.dumps(shown["config"]))
    again = CliRunner().invoke(config, ["show", "again.yaml", "--json"], catch_exceptions=False)
    assert json.loads(again.stdout)["config"] == shown["config"]


def test_show_says_what_was_left_out(folder: Path) -> None:
    (folder / "drawn.yaml").write_text(GOOD.replace("'folder:photos'", "field-guide, examples_per_class: {train: 3}"))
    arguments = ["show", "drawn.yaml", "--set", "data.source=folder:x"]
    result = CliRunner().invoke(config, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "note: data.examples_per_class (drawn.yaml:2) does not apply" in result.stderr


def test_show_raises_for_the_error_boundary() -> None:
    with pytest.raises(ConfigError, match="The config has 2 errors"):
        CliRunner().invoke(config, ["show", "bad.yaml"], catch_exceptions=False)


def test_check_prints_all_errors_of_all_configs_and_fails() -> None:
    result = CliRunner().invoke(config, ["check", "good.yaml", "bad.yaml", "none.yaml"], catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stdout == "OK good.yaml\n"
    assert "bad.yaml:4:11:" in result.stderr
    assert "Did you mean `size`?" in result.stderr
    assert "bad.yaml:5:7: seed must be" in result.stderr
    assert '"none.yaml"' in result.stderr


def test_check_names_a_metric_that_the_task_has_not(folder: Path) -> None:
    (folder / "metric.yaml").write_text(GOOD + "finetune: {early_stopping: {metric: acuracy}}\n")
    result = CliRunner().invoke(config, ["check", "metric.yaml"])
    assert result.exit_code == 2
    assert "finetune.early_stopping.metric must be `loss`, `log_loss`, `accuracy` or `macro_f1`" in result.stderr
    assert "Did you mean `accuracy`?" in result.stderr


def test_check_succeeds_where_all_is_well() -> None:
    result = CliRunner().invoke(config, ["check", "good.yaml", "--set", "seed=3"], catch_exceptions=False)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "OK good.yaml\n", "")
    assert CliRunner().invoke(config, ["check", "good.yaml", "--set", "seed=x"]).exit_code == 2


def test_check_names_an_unknown_task(folder: Path) -> None:
    (folder / "task.yaml").write_text(GOOD.replace("task: pictures", "task: films"))
    result = CliRunner().invoke(config, ["check", "task.yaml"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "task.yaml:1:7: task must be one of pictures. Received: 'films'." in result.stderr


def test_schema_holds_the_options_of_working_tasks() -> None:
    result = CliRunner().invoke(config, ["schema"], catch_exceptions=False)
    schema = json.loads(result.stdout)
    assert {"enum": ["pictures"]} in schema["properties"]["task"]["anyOf"]
    assert schema["$defs"]["pictures.options"]["properties"]["size"]["type"] == "integer"
    assert "`broken` are left out" in result.stderr


def test_table_of_a_terminal_shows_brackets_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("options.scale", "[0.5, 1.0]", "default"), ("task", "[bold]", "good.yaml:1")])
    shown = capsys.readouterr().out
    assert "[0.5, 1.0]" in shown
    assert "[bold]" in shown
    assert "good.yaml:1" in shown
