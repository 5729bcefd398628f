"""The command line end to end, in processes of its own, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def _ftsuite(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ftsuite", *arguments]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def _hear_ctrl_c() -> None:
    """A shell has its background jobs ignore Ctrl-C, and what they start inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def finished(tiny_config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    cwd = tmp_path_factory.mktemp("here")
    done = _ftsuite("run", str(tiny_config), "--out", "runs/tiny/one", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert "oneDNN" not in done.stdout + done.stderr, "start-up chatter belongs into the log"
    return cwd, done.stdout


def test_run_shows_plan_progress_figures_and_what_to_do_next(finished: tuple[Path, str]) -> None:
    cwd, output = finished
    for expected in ("Plan", "last 2", "epoch 1/2", "Test split, looked at once", "ftsuite predict runs/tiny/one"):
        assert expected in output
    log = (cwd / "runs/tiny/one/log.txt").read_text(encoding="utf-8")
    assert "Test split, looked at once" in log


def test_predict_names_classes_and_gives_a_row_to_a_bad_picture(finished: tuple[Path, str], pictures: Path) -> None:
    cwd, _ = finished
    (cwd / "bad.jpg").write_bytes(b"no picture")
    good = str(pictures / "cardinal" / "000.png")
    done = _ftsuite("predict", "last", good, "bad.jpg", "--json", cwd=cwd)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert [row["input"] for row in rows] == [good, "bad.jpg"]
    assert rows[0]["prediction"] in ("blue jay", "cardinal", "crow", "goldfinch")
    assert sum(item["probability"] for item in rows[0]["top"]) <= 1.0 + 1e-6
    assert "bad.jpg" in rows[1]["error"]


def test_report_is_written_anew(finished: tuple[Path, str]) -> None:
    cwd, _ = finished
    report = cwd / "runs/tiny/one/report.html"
    before = report.read_bytes()
    report.unlink()
    done = _ftsuite("report", "last", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert report.read_bytes() == before


def test_dry_run_says_what_it_costs_and_leaves_nothing(tiny_config: Path, tmp_path: Path) -> None:
    done = _ftsuite("run", str(tiny_config), "--dry-run", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    result = events[-1]
    assert result["event"] == "result"
    assert [stage["name"] for stage in result["stages"]] == ["head", "last 2", "all"]
    assert all(stage["examples_per_second"] > 0 for stage in result["stages"])
    assert result["expected_seconds"] > 0
    assert result["peak_memory_bytes"] > 2**27
    assert result["disk_bytes"] > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_stopped_run_is_resumed_to_the_same_figures(
    number: int, code: int, finished: tuple[Path, str], tiny_config: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "ftsuite", "run", str(tiny_config), "--out", "stopped"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True, preexec_fn=_hear_ctrl_c
    ) as process:
        journal = tmp_path / "stopped" / "journal.jsonl"
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and (not journal.exists() or '"epoch"' not in journal.read_text()):
            time.sleep(0.05)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == code, errors
        assert "Traceback" not in errors
    done = _ftsuite("run", str(tiny_config), "--out", "stopped", "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    straight = finished[0] / "runs/tiny/one/metrics.json"
    assert (tmp_path / "stopped" / "metrics.json").read_bytes() == straight.read_bytes()


@pytest.mark.slow
def test_the_same_plan_trains_on_jax(tiny_config: Path, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    done = _ftsuite("run", str(tiny_config), "--out", "jax", cwd=tmp_path, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stdout + done.stderr
    environment = json.loads((tmp_path / "jax" / "environment.json").read_text())
    assert environment["backend"] == "jax"
    assert environment["xla"] is True
    journal = [json.loads(line) for line in (tmp_path / "jax" / "journal.jsonl").read_text().splitlines()]
    for event in journal:
        for block in event.get("blocks", []) if event["event"] == "stage_ended" else []:
            assert block["moved"] == block["expected"], block
            assert not block["statistics_moved"]


def test_errors_end_with_their_code_and_no_traceback(tiny_config: Path, tmp_path: Path) -> None:
    cases = [
        (["run", "no-such-config"], 2, "no-such-config"),
        (["run", str(tiny_config), "--set", "sed=1"], 2, "seed"),
        (["run", str(tiny_config), "--data", "folder:nowhere"], 3, "nowhere"),
        (["run", str(tiny_config), "--resume", "--out", "nowhere"], 5, "nowhere"),
        (["run", "bird-species", "--backbone", "efficientnet_lite9_imagenet"], 2, "efficientnet_lite"),
        (["predict", "last", "x.jpg"], 5, "last"),
    ]
    for arguments, code, expected in cases:
        done = _ftsuite(*arguments, cwd=tmp_path)
        assert done.returncode == code, (arguments, done.stderr)
        assert expected in done.stderr
        assert "Traceback" not in done.stderr
