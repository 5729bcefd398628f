"""Discovery: a plugin, whatever is wrong with it, stops only its own runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftsuite.errors import ConfigError, PluginError
from ftsuite.registry import RegisteredTask, Registry
from tests.unit.installed_plugins import install

BUILT_IN = {"domain-text", "image-classification", "sentiment"}
HEAVY = ("keras", "tensorflow", "jax", "torch", "sklearn", "scipy", "pandas", "matplotlib", "PIL", "pyarrow", "cv2")

Install = Callable[..., str]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution for this test alone."""
    monkeypatch.delenv("FTSUITE_PLUGINS", raising=False)
    before = set(sys.modules)
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    yield lambda *arguments, **named: install(place, *arguments, **named)
    for name in set(sys.modules) - before:
        if name.startswith(("kit", "plug", "fake", "tf_keras")):
            del sys.modules[name]


def _task(name: str) -> RegisteredTask:
    return {task.name: task for task in Registry.discover().specs()}[name]


def _ftsuite(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ftsuite", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def _site(place: Path) -> str:
    return f"{place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"


def test_a_plugin_is_listed_with_its_distribution_and_version(installed: Install) -> None:
    installed("kit-a", version="2.3")
    task = _task("kit-a")
    assert (task.origin, task.state, task.error, task.warning) == ("kit-a 2.3", "installed", None, None)
    assert _task("sentiment").state == "built in"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "import kit_no_such_module",
            "ModuleNotFoundError: No module named 'kit_no_such_module' (site/kit_b.py, line 1)",
        ),
        ("x = 1\nraise SystemExit(3)", "SystemExit: 3, which would end the program (site/kit_b.py, line 2)"),
        ("import sys\nsys.exit()", "SystemExit, which would end the program"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (site/kit_b.py, line 1)"),
        ("class Odd(BaseException): ...\nraise Odd('one\\ntwo')", "Odd: one two"),
        ("class Mute(Exception):\n  def __str__(self): raise ValueError\nraise Mute", "its message cannot be shown"),
        ("raise ValueError('x' * 5000)", "xxx…"),
        ("def f(: pass", "SyntaxError: "),
        ("", "AttributeError: module 'kit_b' has no attribute 'SPEC'"),
        ("SPEC = {'name': 'kit-b'}", "must give an ftsuite.api.TaskSpec. Received: dict"),
        ("def f(): return f()\nf()", "RecursionError"),
        (
            "from ftsuite.api import TaskSpec\nclass Odd(TaskSpec):\n"
            "  def __init__(self): ...\n  def __getattribute__(self, name): raise ValueError(name)\nSPEC = Odd()",
            "ValueError: ",
        ),
    ],
)
def test_a_broken_plugin_stops_only_its_own_runs(installed: Install, source: str, told: str) -> None:
    installed("kit-b", source)
    installed("kit-c")
    registry = Registry.discover()
    tasks = {task.name: task for task in registry.specs()}
    assert told in str(tasks["kit-b"].error)
    assert tasks["kit-b"].state == "broken"
    assert "\n" not in tasks["kit-b"].summary
    assert {name for name, task in tasks.items() if task.error is None} == {*BUILT_IN, "kit-c"}
    assert registry.spec("kit-c").name == "kit-c"
    with pytest.raises(PluginError, match="'kit-b' of kit-b is broken") as caught:
        registry.spec("kit-b")
    assert caught.value.exit_code == 4


def test_a_plugin_is_imported_when_its_task_is_asked_for_and_not_before(installed: Install) -> None:
    module = installed("kit-d", "raise ValueError")
    registry = Registry.discover()
    assert "kit-d" in registry.names()
    assert registry.options_model("sentiment").__name__ == "SentimentOptions"
    assert module not in sys.modules
    marked = installed("kit-e")
    assert Registry.discover().spec("sentiment").name == "sentiment"
    assert marked not in sys.modules


def test_who_offers_a_task_is_known_without_importing_it(installed: Install) -> None:
    module = installed("kit-f", "raise ValueError")
    assert {"kit-f": "kit-f", "sentiment": "ftsuite"}.items() <= Registry.discover().owners().items()
    assert module not in sys.modules


def test_a_factory_that_ends_the_program_is_the_plugins_fault(installed: Install) -> None:
    module = installed("kit-g")
    spec = Registry.discover().spec("kit-g")
    place = Path(str(sys.modules[module].__file__)).parent
    (place / f"{module}_task.py").write_text("raise SystemExit(3)", encoding="utf-8")
    with pytest.raises(PluginError, match="SystemExit: 3"):
        spec.create(spec.options(), 0)


def test_a_real_ctrl_c_ends_the_command(installed: Install) -> None:
    installed("kit-b", f"import os, signal\nos.kill(os.getpid(), {int(signal.SIGINT)})\nimport time\ntime.sleep(5)")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        Registry.discover().specs()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_that_a_plugin_sets_does_not_stay(installed: Install) -> None:
    installed("kit-b", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)")
    before = signal.getsignal(signal.SIGINT)
    Registry.discover().specs()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("fields", "told", "advice"),
    [
        ("api_version=2", "written for version 2 of the plugin contract; this ftsuite 0.1.0 has 1", "Upgrade ftsuite"),
        ("api_version=0", "written for version 0", "Upgrade that distribution"),
        ("api_version='1'", "written for version '1'", "Upgrade that distribution"),
        ("summary=None", "summary must be text. Received: None", "Mend"),
        ("factory='nowhere'", "factory must be `package.module:Class`. Received: 'nowhere'", "Mend"),
        ("options=dict", "options must be a subclass of ftsuite.api.Options. Received: <class 'dict'>", "Mend"),
        ("name='other'", "its entry point is called 'kit-b' and its spec 'other'", "Mend"),
    ],
)
def test_a_spec_is_checked(installed: Install, fields: str, told: str, advice: str) -> None:
    given = "dict(name='kit-b', summary='x', options=Options, factory='a:B')"
    installed("kit-b", f"from ftsuite.api import Options, TaskSpec\nSPEC = TaskSpec(**{{**{given}, **dict({fields})}})")
    task = _task("kit-b")
    assert told in str(task.error)
    assert task.advice.startswith(advice)


def test_a_malformed_entry_point_is_told(installed: Install) -> None:
    installed("kit-b", points={"kit-b": "kit b SPEC"})
    assert "must be `package.module:SPEC`. Received: 'kit b SPEC'" in str(_task("kit-b").error)


def test_a_spec_that_imports_keras_is_told_and_works(installed: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in: the real one takes seconds, and may be imported here already.
    stand_in = installed("tf_keras", "class Layer: ...", points="[other]\nx = y\n")
    assert stand_in == "tf_keras"
    monkeypatch.delitem(sys.modules, "tf_keras", raising=False)
    source = "from ftsuite.api import Options, TaskSpec\nimport tf_keras\n"
    for name in ("kit-b", "kit-c"):
        spec = f"SPEC = TaskSpec(name={name!r}, summary='x', options=Options, factory='a:B')"
        installed(name, source + spec)
    tasks = {task.name: task for task in Registry.discover().specs()}
    for name in ("kit-b", "kit-c"):  # the second finds it imported, and is told as well
        assert tasks[name].error is None
        assert tasks[name].state == "slow"
        assert f"imports tf_keras (in {name.replace('-', '_')})" in str(tasks[name].warning)
    assert tasks["sentiment"].warning is None


def test_two_plugins_of_one_name_are_an_error_that_names_both(installed: Install) -> None:
    installed("kit-b", task="birds")
    installed("kit-c", task="birds", version="2.0")
    task = _task("birds")
    assert "kit-b 1.0 (kit_b:SPEC) and kit-c 2.0 (kit_c:SPEC)" in str(task.error)
    assert "Uninstall all but one of kit-b, kit-c" in task.advice
    assert "kit_b" not in sys.modules
    with pytest.raises(PluginError, match="kit-b and kit-c"):
        Registry.discover().spec("birds")


def test_one_distribution_that_offers_a_task_twice_is_an_error(installed: Install) -> None:
    installed("kit-b", points="[ftsuite.tasks]\nbirds = kit_b:SPEC\nbirds = kit_b:OTHER\n")
    task = _task("birds")
    assert "kit-b offers a task of this name 2 times" in str(task.error)
    assert "must name it once" in task.advice


def test_a_built_in_name_that_is_taken_comes_back_in_safe_mode(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = installed("kit-b", task="sentiment")
    task = _task("sentiment")
    assert "belongs to a task of ftsuite itself" in str(task.error)
    assert "kit-b 1.0 (kit_b:SPEC)" in str(task.error)
    assert "Uninstall kit-b" in task.advice and "FTSUITE_PLUGINS=none" in task.advice
    monkeypatch.setenv("FTSUITE_PLUGINS", "none")
    assert _task("sentiment").state == "built in"
    assert module not in sys.modules


def test_safe_mode_imports_nothing_of_others(installed: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    module = installed("kit-b")
    monkeypatch.setenv("FTSUITE_PLUGINS", "none")
    registry = Registry.discover()
    assert {task.name for task in registry.specs()} == BUILT_IN
    assert module not in sys.modules
    with pytest.raises(ConfigError) as caught:
        registry.spec("kit-b")
    assert "FTSUITE_PLUGINS=none leaves out" in caught.value.advice


@pytest.mark.parametrize("value", ["off", "0", "kit-b"])
def test_unknown_values_of_the_safe_mode_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FTSUITE_PLUGINS", value)
    with pytest.raises(ConfigError, match=f"`all` .* or `none`. Received: '{value}'"):
        Registry.discover()


def test_a_damaged_distribution_hides_no_other(installed: Install, tmp_path: Path) -> None:
    installed("kit-b")
    installed("kit-c")
    (tmp_path / "site" / "kit_c-1.0.dist-info" / "entry_points.txt").write_bytes(b"[ftsuite.tasks]\nx\xff = y\n")
    assert {*BUILT_IN, "kit-b"} <= set(Registry.discover().names())


def test_what_plugins_print_is_kept_out_of_json(tmp_path: Path) -> None:
    noisy = "import os\nprint('python')\nos.system('echo program')\nos.write(1, b'descriptor')\nraise SystemExit"
    install(tmp_path, "kit-b", noisy)
    done = _ftsuite("list", "tasks", "--json", PYTHONPATH=_site(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["name"]: row["state"] for row in rows}["kit-b"] == "broken"
    assert all(word in done.stderr for word in ("python", "program", "descriptor"))


def test_a_list_with_twenty_plugins_imports_nothing_heavy(tmp_path: Path) -> None:
    for number in range(20):
        install(tmp_path, f"plug-{number}")
    program = (
        "import sys\nfrom ftsuite.cli.main import cli\n"
        "try:\n    cli(['list', 'tasks', '--json'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), 'ftsuite.config' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": _site(tmp_path)},
        check=True,
    )
    *rows, last = done.stdout.splitlines()
    states = [json.loads(row)["state"] for row in rows]
    assert (states.count("installed"), states.count("built in")) == (20, 3)
    assert last == "[] False"
