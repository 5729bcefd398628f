"""WiSE-FT after training: the models between the two ends are judged, one is chosen, and the model becomes it.

Wortsman et al., 2022, https://arxiv.org/abs/2109.01903; see `ftsuite.models.interpolation` for what the start is here.
Everything follows from the two ends and the config, so a run that was stopped on the way makes the curve again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ftsuite.config.wise_ft import start_stage
from ftsuite.models.interpolation import (
    SHARES,
    InterpolationCurve,
    interpolated,
    interpolation_curve,
    statistics_differ,
)
from ftsuite.training.batch_norm import recalibrate
from ftsuite.training.journal import Journal
from ftsuite.training.precision import in_float32
from ftsuite.training.seeds import uses_xla
from ftsuite.training.validation import score_of, watched
from ftsuite.training.workload import Workload

if TYPE_CHECKING:
    from ftsuite.config import FinetuneConfig

PHASE = "Interpolation"


def start_stage_of(finetune: FinetuneConfig) -> int | None:
    """The stage whose end is the start of the interpolation; None where the plan has no `wise_ft`."""
    if finetune.wise_ft is None:
        return None
    return start_stage([stage.train.kind for stage in finetune.stages])


def choosing_metric(finetune: FinetuneConfig, headline: str) -> str:
    """The validation metric that chooses: that of early stopping, or the headline without it."""
    return headline if finetune.early_stopping is None else finetune.early_stopping.metric


class Interpolation:
    """Judges the models between two ends on the validation split, and makes the model the chosen one.

    Args:
        work: what was trained; its model holds the fine-tuned end.
        start: the model's weights at the end of the head's own stage.
        journal: told of each model on the way, and of the choice.
    """

    def __init__(self, work: Workload, start: Sequence[np.ndarray], journal: Journal) -> None:
        assert work.finetune.wise_ft is not None, "asked for by the plan"
        wanted = work.finetune.wise_ft.share
        self._fixed = None if isinstance(wanted, str) else float(wanted)
        self._shares = SHARES if self._fixed is None else tuple(sorted({*SHARES, self._fixed}))
        self._work, self._start, self._journal = work, start, journal
        self._end = [np.array(tensor) for tensor in work.model.get_weights()]
        self._metric = watched(choosing_metric(work.finetune, work.headline), work.judge)
        self._assessed: list[dict[str, Any]] = []

    def choose(self) -> dict[str, Any]:
        """Judge, choose, and set the model's weights; returns what ``metrics.json`` holds of it.

        Figures are those of the model as it is kept, computed in float32.
        """
        work = self._work
        with in_float32(work.model):
            # Over the same variables, and compiled anew for the format that it computes in now.
            evaluator = keras.Model(work.model.inputs, work.model.outputs)
            evaluator.compile(jit_compile=uses_xla())
            curve = interpolation_curve(
                work.model,
                self._start,
                self._end,
                lambda: self._figures(evaluator),
                self._score,
                self._shares,
                measure_statistics=self._measure,
            )
            share = curve.share if self._fixed is None else self._fixed
            measured = statistics_differ(work.model, self._start, self._end)
            work.model.set_weights(interpolated(self._start, self._end, share))
            if measured and 0.0 < share < 1.0:
                self._measure()
        return self._told(curve, share, measured)

    def _figures(self, evaluator: Any) -> Mapping[str, float]:
        if self._work.batch_norm == "recalibrate":
            # As the model that is kept will have them.
            self._measure()
        assessed = self._work.judge.assess(evaluator)
        self._assessed.append({name: assessed[name] for name in self._work.judge.directions})
        done = {"step": len(self._assessed), "steps": len(self._shares)}
        self._journal.tell({"event": "step", "stage": len(self._work.stages) - 1, "phase": PHASE, **done})
        figures = self._assessed[-1]
        return {name: float(figure["value"]) for name, figure in figures.items() if figure["value"] is not None}

    def _score(self, figures: Mapping[str, float]) -> Sequence[float]:
        return score_of(figures, self._metric, self._work.judge)

    def _measure(self) -> None:
        assert self._work.calibration_batches is not None, "a classifier has them"
        recalibrate(self._work.model, self._work.calibration_batches())

    def _told(self, curve: InterpolationCurve, share: float, measured: bool) -> dict[str, Any]:
        points = [
            {"share": point.share, **figures} for point, figures in zip(curve.points, self._assessed, strict=True)
        ]
        value = {point["share"]: point[self._metric]["value"] for point in points}
        number = start_stage_of(self._work.finetune)
        assert number is not None, "the config was checked"
        told = {
            "metric": self._metric,
            "share": share,
            "chosen_by": "validation" if self._fixed is None else "config",
            "start_stage": number,
            "start_stage_name": self._work.stages[number].name,
            "ends_differ": not all(map(np.array_equal, self._start, self._end)),
            "statistics_measured": measured,
        }
        self._journal.write(
            "interpolated", **told, value=value[share], value_of_start=value[0.0], value_of_end=value[1.0]
        )
        return {**told, "points": points}
