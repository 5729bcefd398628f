"""A range test of the learning rate of each stage of a plan, each from the state that the plan reaches it in."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ftsuite.api import Progress
from ftsuite.config import LoadedConfig
from ftsuite.errors import ConfigError, DivergedError, Interrupted
from ftsuite.report.range_page import write_range_page
from ftsuite.runs import folder as folders
from ftsuite.runs.adapt import adapt
from ftsuite.runs.adaptation_texts import require_adaptable
from ftsuite.runs.batch_trial import prepare_batches
from ftsuite.runs.begin import job_name
from ftsuite.runs.execute import describe_plan
from ftsuite.runs.prepare import Prepared
from ftsuite.runs.rates_folder import PAGE, RATES, WORK
from ftsuite.runs.workload import classification_workload
from ftsuite.training.journal import Journal, Listener
from ftsuite.training.plan import Stage
from ftsuite.training.precision import process_settings_kept
from ftsuite.training.range_test import RangeCurve, RangeTestTrainer
from ftsuite.training.rate_suggestion import RULE, suggest

_FORMAT = 1
_CURVES = ("rates", "losses", "smoothed_losses")


@dataclass(frozen=True)
class FoundRates:
    """What a test found.

    Attributes:
        folder: that holds the files.
        stages: of ``learning_rates.json``, without the curves.
    """

    folder: Path
    stages: Sequence[dict[str, Any]]


@process_settings_kept()
def find_learning_rate(
    loaded: LoadedConfig, *, folder: Path, listener: Listener | None = None, progress: Progress | None = None
) -> FoundRates:
    """Test the rates of every stage; all stages but the last are trained as the plan says.

    The test split is not looked at.

    Args:
        loaded: the config.
        folder: as `ftsuite.runs.rates_folder` opens it; gets ``learning_rates.json`` and ``learning_rates.html``, which
            are written anew, each as a whole, whenever a stage was tested.
        listener: shown every event, and each step.
        progress: told how loading goes on.

    Raises:
        Interrupted: after Ctrl-C; the files hold the stages that were tested.
        FtsuiteError: what a user can mend, each with its own class.
    """
    work = folder / WORK
    work.mkdir()
    try:
        return _Test(loaded, folder, Journal(work / folders.JOURNAL, listener), progress).run()
    except KeyboardInterrupt as stop:
        if not (folder / RATES).exists():
            raise Interrupted("Stopped before a stage was tested; nothing is kept.") from stop
        raise Interrupted(f"Stopped. What was found for the stages before is in {folder / PAGE}.") from stop
    except DivergedError as error:
        raise DivergedError(
            error.message,
            "The plan's own rate of that stage is too high to reach the next one. Set the suggested one, which is in "
            f"{folder / PAGE}, and test again.",
            error.details,
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Test:
    """One test of one plan."""

    def __init__(self, loaded: LoadedConfig, folder: Path, journal: Journal, progress: Progress | None) -> None:
        self._loaded, self._folder, self._journal, self._progress = loaded, folder, journal, progress
        self._rows: list[dict[str, Any]] = []
        self._planned = 0
        self._began = 0.0

    def run(self) -> FoundRates:
        prepared = prepare_batches(self._loaded, None, self._progress)
        _require_stages(prepared)
        require_adaptable(prepared)
        self._journal.tell(describe_plan(prepared))
        self._planned = len(prepared.stages)
        work = self._folder / WORK
        adapt(prepared, work, self._journal, False, self._progress)
        # Without its test split, so that no choice can rest on it.
        seen = replace(prepared, parts={name: part for name, part in prepared.parts.items() if name != "test"})
        trainer = RangeTestTrainer(classification_workload(seen), self._journal, work / folders.CHECKPOINTS, self._note)
        self._began = time.perf_counter()
        trainer.test_stages()
        return FoundRates(self._folder, [_without_curves(row) for row in self._rows])

    def _note(self, stage: Stage, curve: RangeCurve) -> None:
        """Keep and show what was found for a stage."""
        row = describe_stage(stage, curve)
        self._rows.append(row)
        found = {
            "format": _FORMAT,
            "config": job_name(self._loaded),
            "seed": self._loaded.config.seed,
            "complete": len(self._rows) == self._planned,
            "planned_stages": self._planned,
            "seconds": round(time.perf_counter() - self._began, 1),
            "stages": self._rows,
        }
        folders.write_json(self._folder / RATES, found)
        write_range_page(self._folder / PAGE, found)
        self._journal.tell({"event": "learning_rates_tested", **_without_curves(row)})


def describe_stage(stage: Stage, curve: RangeCurve) -> dict[str, Any]:
    """A stage's entry in ``learning_rates.json``; losses that are not finite are null."""
    suggestion = suggest(curve.rates, curve.losses, curve.smoothing, curve.planned_updates)
    arrays = {name: [_finite(value) for value in getattr(curve, name)] for name in _CURVES}
    return {
        "stage": stage.number,
        "stage_name": stage.name,
        "key": f"finetune.stages.{stage.number}.learning_rate",
        "planned_rate": stage.learning_rate,
        "rate_factor": stage.rate_factor,
        **{("suggested_rate" if name == "rate" else name): value for name, value in asdict(suggestion).items()},
        "rule": RULE,
        "ending": curve.ending,
        "updates": len(curve.rates),
        "planned_updates": curve.planned_updates,
        "smoothing": curve.smoothing,
        **arrays,
    }


def _require_stages(prepared: Prepared) -> None:
    if not prepared.task.classifies:
        raise ConfigError(
            "--find-learning-rate needs a job that trains the stages of finetune.stages. Received: one that only "
            "adapts its encoder.",
            "Let the job classify as well, or leave --find-learning-rate out.",
        )


def _without_curves(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in _CURVES}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
