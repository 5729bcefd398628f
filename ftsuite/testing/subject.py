"""What is checked, and what several checks look at: each made once, when the first of them asks for it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ftsuite.config import LoadedConfig
from ftsuite.errors import ConfigError, FtsuiteError
from ftsuite.testing.job import Wishes, loaded_job, write_job
from ftsuite.testing.offer import Offer
from ftsuite.testing.outcome import CheckSkipped
from ftsuite.testing.processes import Ended, run_process

Made = TypeVar("Made")


class CheckFailed(FtsuiteError):  # noqa: N818 - it says what it means
    """A check that the task does not pass: what was expected and received, and what its author should do."""

    exit_code = 4
    kind = "plugin"


class Straight(NamedTuple):
    """A run from its beginning to its end: its folder and its journal."""

    folder: Path
    events: list[dict[str, Any]]


@dataclass
class Subject:
    """One task under check.

    Attributes:
        offer: the task.
        wishes: what the caller said of the job.
        folder: to work in.
        environment: with which another process finds the task.
        current: the name of the check under way.
    """

    offer: Offer
    wishes: Wishes
    folder: Path
    environment: Mapping[str, str]
    current: str = ""
    _made: dict[str, tuple[Any, Exception | None, str]] = field(default_factory=dict)
    _processes: dict[str, Future[Ended]] = field(default_factory=dict)
    # One at a time: what is checked in this process needs the other core.
    _pool: ThreadPoolExecutor = field(default_factory=functools.partial(ThreadPoolExecutor, max_workers=1))

    @property
    def spec(self) -> Any:
        """Of the task."""
        return self.offer.spec

    @property
    def job(self) -> Path:
        """The config of the job that the task is checked by."""
        return self.once("job", lambda: write_job(self.offer, self.wishes, self.folder))

    @property
    def loaded(self) -> LoadedConfig:
        """The same, loaded."""
        return self.once("loaded", lambda: loaded_job(self.job))

    @property
    def prepared(self) -> Any:
        """The job, ready to train; its split is in ``split.json`` beside the config."""
        return self.once("prepared", self._prepare)

    @property
    def straight(self) -> Straight:
        """A run that nothing disturbs."""
        return self.once("straight", self._run)

    @property
    def metrics(self) -> dict[str, Any]:
        """``metrics.json`` of that run."""
        content: dict[str, Any] = json.loads((self.straight.folder / "metrics.json").read_text("utf-8"))
        return content

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Make something when it is first asked for.

        Raises:
            CheckSkipped: another check asked first, and it could not be made: that check has told why.
        """
        if name not in self._made:
            try:
                self._made[name] = (make(), None, self.current)
            except CheckSkipped:
                raise
            except Exception as error:
                self._made[name] = (None, error, self.current)
        made, failure, first = self._made[name]
        if failure is None:
            return made
        if first == self.current:
            raise failure
        raise CheckSkipped(f"Needs what the check {first!r} found broken.") from failure

    def start(self, name: str, arguments: list[str], **more: str) -> None:
        """Start another process in the background, behind those that were started before.

        Args:
            name: to ask for it by.
            arguments: of Python.
            more: of its environment.
        """
        if name not in self._processes:
            environment = {**self.environment, **more}
            self._processes[name] = self._pool.submit(run_process, arguments, environment, self.folder)

    def ended(self, name: str) -> Ended:
        """Wait for a process that was started."""
        return self._processes[name].result()

    def close(self) -> None:
        """Start nothing more, and wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _prepare(self) -> Any:
        from ftsuite.runs.prepare import prepare

        try:
            return prepare(self.loaded, self.folder / "split.json")
        except ConfigError as error:
            if not error.message.startswith("finetune.stages"):
                raise
            # The plan is the check's own, so it is the model that does not fit.
            raise CheckFailed(
                f"The head must have something to train, and so must the backbone. Received: {error.message}",
                "Give the head a layer with weights in `build`, and make it on the backbone that is given.",
            ) from error

    def _run(self) -> Straight:
        from ftsuite.runs.begin import begin
        from ftsuite.runs.execute import execute
        from ftsuite.training.journal import read_journal

        folder = begin(self.loaded, self.folder / "straight", False)
        execute(self.loaded, folder=folder)
        return Straight(folder, list(read_journal(folder / "journal.jsonl")))
