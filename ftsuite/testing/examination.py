"""Check a task against the plugin contract, in a test or from the command line."""

from __future__ import annotations

import difflib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ftsuite.api import TaskSpec
from ftsuite.errors import ConfigError, FtsuiteError, Interrupted
from ftsuite.testing.job import Wishes
from ftsuite.testing.offer import find_offer
from ftsuite.testing.outcome import CheckResult, CheckSkipped, TaskReport
from ftsuite.testing.plugin_place import place_of, told
from ftsuite.testing.subject import Subject
from ftsuite.testing.table_of_checks import CHECKS, Check

_DEFECT = "Mend the plugin at this line; where it is not the plugin's, report it with `ftsuite doctor`."


def check_task(
    task: TaskSpec | str,
    *,
    config: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | str | Path | None = None,
    backbone: str | None = None,
    folder: str | Path | None = None,
    checks: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> TaskReport:
    """Hold a task to the plugin contract, for a plugin's own tests.

    It trains on tiny data with a tiny backbone, some seconds a run. All checks take about a minute on two cores, and
    another half for JAX.

    Args:
        task: name of an installed task, ``module:SPEC`` of one that is not installed, ``FILE.py:SPEC``, or the spec.
        config: name or path of a config whose data, options and head are taken.
        options: of the task, on top of the config's; needed where one has no default.
        data: a source as of ``data.source``, or what stands under ``data:``; left out, pictures or texts of the kind
            that the task can load are made: classes, numbers or sets of labels.
        backbone: name of a backbone; left out, a tiny one with random weights is made.
        folder: where to work, new or empty; left out, a temporary one that is removed.
        checks: names of those to make; empty for all (`ftsuite.testing.CHECKS`).
        skip: names of those to leave out.

    Returns:
        How each check went; none failed.

    Raises:
        PluginError: a check failed: every one that did, with what to do.
        ConfigError: an unknown task or check.

    >>> report = check_task("image-classification", checks=["spec", "unknown-option"])
    >>> [result.status for result in report.results]
    ['ok', 'ok']
    """
    __tracebackhide__ = True
    report = examine_task(
        task, config=config, options=options, data=data, backbone=backbone, folder=folder, checks=checks, skip=skip
    )
    report.raise_failed()
    return report


def examine_task(
    task: TaskSpec | str,
    *,
    config: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | str | Path | None = None,
    backbone: str | None = None,
    folder: str | Path | None = None,
    checks: Sequence[str] = (),
    skip: Sequence[str] = (),
    begun: Callable[[str], None] | None = None,
    ended: Callable[[CheckResult], None] | None = None,
) -> TaskReport:
    """`check_task` that raises nothing where a check fails.

    Args:
        task: as of `check_task`, and so are the others.
        config: of the job.
        options: of the task.
        data: of the job.
        backbone: of the job.
        folder: to work in.
        checks: to make.
        skip: to leave out.
        begun: told the name of each check before it is made.
        ended: told how each check went.

    Raises:
        PluginError: the plugin cannot be used at all.
        ConfigError: an unknown task or check.
    """
    chosen = choose_checks(checks, skip)
    offer = find_offer(task)
    with ExitStack() as stack:
        place = Path(folder) if folder is not None else Path(stack.enter_context(_temporary()))
        place = _working_folder(place)
        environment = stack.enter_context(offer.found_in(place / "offer"))
        wishes = Wishes(config, options, str(data) if isinstance(data, Path) else data, backbone)
        subject = Subject(offer, wishes, place, environment)
        stack.callback(subject.close)
        results = []
        for number, check in enumerate(chosen):
            if begun is not None:
                begun(check.name)
            results.append(_result(check, subject))
            if ended is not None:
                ended(results[-1])
            if check.name == "run" and results[-1].status == "ok":
                _start_ahead(subject, chosen[number + 1 :])
    return TaskReport(offer.spec.name, tuple(results))


def choose_checks(checks: Sequence[str], skip: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these names, all for none, without those to leave out, in the order in which they are made.

    Raises:
        ConfigError: there is none of a name, or none is left.
    """
    known = [check.name for check in CHECKS]
    for name in (*checks, *skip):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"A check must be one of {', '.join(known)}. Received: {name!r}.",
                f"Did you mean {near[0]!r}?" if near else "docs/check-task.md tells what each means.",
            )
    chosen = tuple(check for check in CHECKS if (not checks or check.name in checks) and check.name not in skip)
    if not chosen:
        raise ConfigError("At least one check must be left. Received: all of them are to be left out.")
    return chosen


def _start_ahead(subject: Subject, rest: Sequence[Check]) -> None:
    """What other processes do needs no waiting for; JAX, which takes longest, comes when it is asked for."""
    for check in rest:
        if check.starts and check.name != "jax":
            check.start(subject)


def _result(check: Check, subject: Subject) -> CheckResult:
    subject.current = check.name
    began = time.perf_counter()
    status, message, advice, place = "ok", "", "", ""
    try:
        check.make(subject)
    except Interrupted:
        raise
    except CheckSkipped as reason:
        status, message = "skipped", str(reason)
    except FtsuiteError as error:
        status, message, advice = "failed", error.message, error.advice
        place = place_of(error, subject.offer.packages)
    except (Exception, SystemExit) as error:
        status, message, advice = "failed", told(error), _DEFECT
        place = place_of(error, subject.offer.packages)
    return CheckResult(check.name, status, time.perf_counter() - began, message, advice, place)  # type: ignore[arg-type]


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="ftsuite-check-", ignore_cleanup_errors=True)


def _working_folder(place: Path) -> Path:
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError(
            f"The folder to work in must be new or empty. Received: {place}, which holds something already.",
            "Choose another folder, or leave it out.",
        )
    place.mkdir(parents=True, exist_ok=True)
    return place.resolve()
