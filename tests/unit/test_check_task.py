"""Every check finds what it is there for, in tasks that are broken in one place each."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ftsuite.api import TaskSpec
from ftsuite.errors import ConfigError, PluginError
from ftsuite.testing import CHECKS, CheckResult, check_task, examine_task
from ftsuite.testing.job import Wishes
from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.run_checks import loss_falls, require_fall, require_headline
from ftsuite.testing.subject import CheckFailed
from ftsuite.testing.table_of_checks import guide
from tests import broken_tasks as broken
from tests.tiny import save_tiny_preset


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_tiny_preset(tmp_path_factory.mktemp("preset") / "tiny"))


def failure(task: TaskSpec | str, check: str, **more: Any) -> CheckResult:
    result = examine_task(task, checks=[check], **more).results[0]
    assert (result.name, result.status) == (check, "failed"), result
    assert result.advice
    assert "Traceback" not in result.message
    return result


def test_a_spec_that_imports_keras_is_named_with_its_line() -> None:
    found = failure("tests.broken_spec:SPEC", "spec-imports")
    assert "Received: keras, imported by" in found.message
    assert "tests/broken_spec.py:5" in found.message


def test_everything_wrong_in_a_spec_is_told_at_once() -> None:
    found = failure(broken.SPEECHLESS, "spec").message
    for word in ("name must", "summary must", "factory must", "modality must", "api_version must", "'strength'"):
        assert word in found


def test_options_that_take_anything_are_found() -> None:
    assert "must be refused. Received: no error." in failure(broken.LAX, "unknown-option").message


@pytest.mark.parametrize(
    ("task", "check", "expected"),
    [
        (broken.UNEVEN_COLUMNS, "examples", "decoders must hold 64 entries"),
        (broken.NEEDS_AN_EXAMPLE, "empty-split", "A source without any example must be refused by the suite"),
        (broken.FORGETS_A_CLASS, "models", r"must give \(batch, 4\).* Received: \(None, 3\)"),
        (broken.COPIES_THE_BACKBONE, "models", "must hold the backbone that `build` was given"),
        (broken.CENTRES_BATCHES, "single-and-batched", "must make of each example what preprocess makes of it alone"),
        (broken.LOOKS_AT_EVERYTHING, "training-split-only", "features of training examples must be the same"),
        (broken.HAS_NO_HEAD, "freezing", "The head must have something to train"),
        (broken.DECODES_OTHERWISE, "serving", "Answers of the serving model must be those of training"),
    ],
)
def test_what_is_broken_in_data_or_models_is_found(task: TaskSpec, check: str, expected: str, backbone: str) -> None:
    options = {"augment": [{"name": "crop-resize"}]} if task is broken.CENTRES_BATCHES else None
    found = failure(task, check, backbone=backbone, options=options)
    assert re.search(expected, found.message), found


def test_a_task_that_reads_a_form_of_its_own_is_told_how_to_be_checked(backbone: str) -> None:
    found = failure(broken.READS_ITS_OWN_FORM, "examples", backbone=backbone)
    assert "`load` must read some of the data that the check makes" in found.message
    assert "there-is-no-such-file.idx" in found.message
    assert "ftsuite task check CONFIG.yaml" in found.advice
    assert re.search(r"broken_tasks.py:\d+, in load", found.place)


def test_an_error_inside_a_plugin_is_told_with_its_file_and_line_and_what_follows_is_skipped(backbone: str) -> None:
    report = examine_task(broken.CANNOT_LOSE, checks=["run", "loss-falls"], backbone=backbone)
    run, later = report.results
    assert run.status == "failed"
    assert "there is no loss" in run.message
    line = next(
        number
        for number, text in enumerate(Path(broken.__file__).read_text("utf-8").splitlines(), 1)
        if "there is no loss" in text
    )
    assert run.place == f"{broken.__file__}:{line}, in objective"
    assert (later.status, later.message) == ("skipped", "Needs what the check 'run' found broken.")


def test_check_task_raises_with_every_failure_and_what_to_do() -> None:
    with pytest.raises(PluginError, match=r"1 of 2 checks failed \(unknown-option\)") as caught:
        check_task(broken.LAX, checks=["spec", "unknown-option"])
    assert "ftsuite.api.Options" in caught.value.message
    assert "docs/check-task.md" in caught.value.advice


def test_a_sound_spec_passes_and_its_report_can_be_read() -> None:
    report = check_task("sentiment", checks=["spec-imports", "spec", "unknown-option"])
    assert report.ok
    assert [line.partition(":")[0] for line in str(report).splitlines()] == ["spec-imports", "spec", "unknown-option"]


def test_an_unknown_check_gives_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="resme") as caught:
        examine_task("sentiment", checks=["resme"])
    assert "'resume'" in caught.value.advice
    with pytest.raises(ConfigError, match="At least one check"):
        examine_task("sentiment", checks=["spec"], skip=["spec"])


def test_a_folder_that_holds_something_is_not_worked_in(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="new or empty"):
        examine_task("sentiment", checks=["spec"], folder=tmp_path)


def test_a_task_in_a_file_is_checked_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_file.py").write_text(
        "from ftsuite.families import ImageClassification, ImageOptions\n"
        "from ftsuite.api import TaskSpec\n"
        'SPEC = TaskSpec("own-file", "One class of several.", ImageOptions, "own_file:ImageClassification")\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    report = examine_task("own_file.py:SPEC", checks=["spec-imports", "spec", "unknown-option", "examples"])
    assert report.task == "own-file"
    assert [result.status for result in report.results] == ["skipped", "ok", "ok", "ok"], report.results
    with pytest.raises(ConfigError, match="which holds none"):
        examine_task("./own_file.py:OTHER", checks=["spec"])


def test_a_spec_in_no_module_is_told_so() -> None:
    with pytest.raises(PluginError, match="must be an attribute of a module"):
        examine_task(TaskSpec("lost", "Is nowhere.", broken.LaxOptions, "a:B"), checks=["spec"])


@pytest.mark.parametrize(
    "losses",
    [[1.0, 1.0], [1.0, 1.5], [1.0, float("nan")], [1.0]],
)
def test_a_loss_that_does_not_fall_is_refused(losses: list[float]) -> None:
    require_fall([{"event": "epoch", "train_loss": loss} for loss in (1.0, 0.9)])
    with pytest.raises(CheckFailed, match="training loss must"):
        require_fall([{"event": "epoch", "train_loss": loss} for loss in losses])


def test_a_loss_on_data_of_ones_own_need_not_fall() -> None:
    events = [{"event": "epoch", "train_loss": loss} for loss in (1.0, 1.2)]
    subject: Any = SimpleNamespace(straight=SimpleNamespace(events=events), wishes=Wishes(data="folder:photos"))
    with pytest.raises(CheckSkipped, match="data that are easy"):
        loss_falls(subject)
    events[1]["train_loss"] = float("nan")
    with pytest.raises(CheckFailed, match="finite"):
        loss_falls(subject)
    events[1]["train_loss"] = 1.2
    subject.wishes = Wishes()
    with pytest.raises(CheckFailed, match="must fall"):
        loss_falls(subject)


@pytest.mark.parametrize(
    "figure",
    [
        None,
        {"value": 0.5, "n": 9},
        {"value": 0.5, "ci95": [0.6, 0.9], "n": 9},
        {"value": 0.5, "ci95": [0.1, 0.9], "n": 8},
        {"value": float("nan"), "ci95": [0.1, 0.9], "n": 9},
        {"value": 0.5, "ci95": [0.1, None], "n": 9},
    ],
)
def test_a_headline_without_interval_or_n_is_refused(figure: Any) -> None:
    whole = {"headline": "accuracy", "test": {"accuracy": {"value": 0.5, "ci95": [0.1, 0.9], "n": 9}}}
    require_headline(whole, 9)
    with pytest.raises(CheckFailed, match="headline 'accuracy'"):
        require_headline({"headline": "accuracy", "test": {"accuracy": figure}}, 9)


def test_a_headline_that_all_resamples_agree_on_is_no_fault() -> None:
    perfect = {"value": 1.0, "ci95": None, "n": 9, "resamples_agree": True}
    require_headline({"headline": "macro_f1", "test": {"macro_f1": perfect}}, 9)


def test_the_page_on_checks_is_what_the_checks_say(repository: Path) -> None:
    page = (repository / "docs" / "check-task.md").read_text(encoding="utf-8")
    assert page == guide(), "write it anew: python docs/build_check_task.py"
    assert all(f"\n## {check.name}\n" in page for check in CHECKS)
