"""`ftsuite doctor`: what it checks, and what it keeps to itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftsuite.cli import doctor, machine
from ftsuite.cli.main import cli


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Everything but the import of the backend; the cache is a folder of the test's own."""
    probe = machine.BackendProbe("tensorflow", True, "tensorflow 2.0", ("A GPU",))
    monkeypatch.setattr(machine, "probe_backend", lambda name: probe)
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_well_machine_exits_with_0(quick: Path) -> None:
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 0, result.output
    for word in ("keras-hub", "processors", "memory", "A GPU", str(quick / "home"), "image-classification"):
        assert word in result.output


def test_json_is_one_object(quick: Path) -> None:
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    (line,) = result.stdout.splitlines()
    answer = json.loads(line)
    assert {check["state"] for check in answer["checks"]} <= {"ok", "warning"}
    assert answer["facts"]["versions"]["keras"]
    assert list(quick.iterdir()) == [quick / "home"], "doctor leaves nothing but the cache's folder"


def test_a_broken_backend_is_told_and_exits_with_6(quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("FTSUITE_HOME", str(quick / "home"))
    program = "raise ImportError('no such symbol')"
    monkeypatch.setattr(machine, "_BACKEND_PROGRAMS", {machine.backend_name(): program})
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 6
    assert "no such symbol" in result.stdout
    assert "error: 1 of 8 checks failed: backend." in result.stderr


def test_a_backend_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_BACKEND_PROGRAMS", {"tensorflow": "import time; time.sleep(60)"})
    probe = machine.probe_backend("tensorflow", timeout_seconds=0.5)
    assert not probe.works
    assert "did not end" in probe.detail


def test_a_backend_that_crashes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_BACKEND_PROGRAMS", {"tensorflow": "import os; os.abort()"})
    assert "exit code -6" in machine.probe_backend("tensorflow").detail


def test_a_foreign_backend_is_refused() -> None:
    probe = machine.probe_backend("torch")
    check = doctor.check_backend(probe)
    assert (check.state, check.advice) == ("failed", "Set KERAS_BACKEND=tensorflow.")


def test_a_cache_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    check = doctor.check_cache(tmp_path / "file" / "home")
    assert check.state == "failed"
    assert "FTSUITE_HOME" in check.advice


@pytest.mark.parametrize(("free", "state"), [(0, "failed"), (1024**3, "warning"), (10 * 1024**3, "ok")])
def test_space_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr(machine, "free_bytes", lambda folder: free)
    assert doctor.check_cache(tmp_path).state == state


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10), "failed"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "failed")]
)
def test_python_is_judged(version: tuple[int, int], state: str) -> None:
    assert doctor.check_python(version).state == state


def test_plugins_are_judged() -> None:
    assert doctor.check_plugins([("a", None)]).state == "ok"
    assert doctor.check_plugins([("a", None), ("b", "ImportError: x")]).state == "warning"
    assert doctor.check_plugins([("b", "ImportError: x")]).state == "failed"
    assert doctor.check_plugins([]).state == "failed"
    assert doctor.check_plugins([("a", None)], ["a: its spec imports keras"]).state == "warning"


def test_plugins_are_facts_of_a_bug_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FTSUITE_PLUGINS", raising=False)
    facts, check = doctor.examine_plugins()
    own = next(fact for fact in facts if fact["name"] == "sentiment")
    assert (own["distribution"], own["state"], own["error"]) == ("ftsuite", "built in", None)
    assert own["version"]
    monkeypatch.setenv("FTSUITE_PLUGINS", "off")
    facts, check = doctor.examine_plugins()
    assert (facts, check.state) == ([], "failed")
    assert "Received: 'off'" in check.detail


def test_missing_packages_are_named() -> None:
    versions: dict[str, str | None] = {
        "keras": "3",
        "keras-hub": None,
        "tensorflow-datasets": "4",
        "jax": None,
    }
    check = doctor.check_packages(versions, "jax")
    assert check.state == "failed"
    assert "keras-hub, jax" in check.detail


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (
            "global.index-url='https://me:s3cret@mirror.example/simple'",
            "global.index-url='https://***@mirror.example/simple'",
        ),
        (
            "global.extra-index-url='https://tok@a.example/x https://b.example/y'",
            "global.extra-index-url='https://***@a.example/x https://b.example/y'",
        ),
        ("global.proxy='http://u:p@proxy:3128'", "global.proxy='http://***@proxy:3128'"),
        ("global.index-url='https://a.example/s?token=abc'", "global.index-url='https://a.example/s?***'"),
        (":env:.upload-token='abc'", ":env:.upload-token='***'"),
        ("global.timeout='60'", "global.timeout='60'"),
    ],
)
def test_credentials_are_masked(line: str, masked: str) -> None:
    assert machine.mask_secrets(line) == masked


@pytest.mark.parametrize("file", ["{", "[]", '{"backend": "jax"}'])
def test_the_backend_is_read_as_keras_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(file, encoding="utf-8")
    assert machine.backend_name() == ("jax" if "jax" in file else "tensorflow")


def test_memory_and_processors_are_plausible() -> None:
    assert (machine.memory_bytes()["total"] or 0) > 2**28
    assert (machine.processors()["usable"] or 0) >= 1
    assert machine.free_bytes(Path("/no/such/folder")) >= 0
