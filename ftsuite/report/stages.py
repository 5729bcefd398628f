"""The stages of a run as rows: what was planned, what happened, and the proof of what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftsuite.report.figures import FigureText, figure_text, metric_name, plural
from ftsuite.report.journal import Block
from ftsuite.report.measures import measures_of
from ftsuite.report.plots import best_place
from ftsuite.report.record import RunRecord

_OF_CLASSES = ("accuracy", "log_loss")
_MOST_MEASURES = 2


@dataclass(frozen=True)
class StageRow:
    """One stage for the page.

    Attributes:
        number: from 1.
        name: such as "last 2".
        planned: the plan in a few words.
        epochs: epochs that ran.
        stopped_early: whether it ended before its time.
        best: the epoch whose weights it kept, and whose stage that is if it is an earlier one.
        figures: on the validation split after the stage, as `stage_columns` names them.
        blocks: every block with the hashes before and after.
        proof: whether exactly the expected blocks moved, in words.
        held: the same as a flag; None where the journal has no hashes.
        doubt: why the stage looks as if nothing was learnt; empty where it does not.
    """

    number: int
    name: str
    planned: str
    epochs: int
    stopped_early: bool
    best: str
    figures: list[FigureText]
    blocks: tuple[Block, ...]
    proof: str
    held: bool | None
    doubt: str


def stage_rows(record: RunRecord) -> list[StageRow]:
    """Return the stages in order, from the config's plan, the journal and the metrics."""
    plans = _plans(record.config)
    results = record.metrics.get("stages") or []
    count = max(len(plans), len(results), len(record.journal.ends))
    return [
        _row(
            record,
            index,
            plans[index] if index < len(plans) else {},
            results[index] if index < len(results) else {},
        )
        for index in range(count)
    ]


def _row(record: RunRecord, index: int, plan: dict[str, Any], result: dict[str, Any]) -> StageRow:
    end = record.journal.ends.get(index)
    blocks = end.blocks if end else ()
    validation = result.get("validation") or {}
    held, proof = _proof(blocks)
    return StageRow(
        number=index + 1,
        name=str(result.get("name") or (end.name if end else "") or plan.get("train", index + 1)),
        planned=_planned(plan, result, record.journal.shares.get(index)),
        epochs=len(record.journal.of_stage(index)),
        stopped_early=bool(end and end.stopped_early),
        best=_best(record, index),
        figures=_figures(record, validation),
        blocks=blocks,
        proof=proof,
        held=held,
        doubt=str(result.get("doubt") or ""),
    )


def stage_columns(record: RunRecord) -> list[str]:
    """The names of the figures that a stage's row shows."""
    if record.has_targets:
        return [measure.name for measure in measures_of(record.metrics)[:_MOST_MEASURES]]
    return [metric_name(name) for name in _OF_CLASSES]


def _figures(record: RunRecord, validation: Mapping[str, Any]) -> list[FigureText]:
    if record.has_targets:
        measures = measures_of(record.metrics)[:_MOST_MEASURES]
        return [measure.figure(validation.get(measure.key)) for measure in measures]
    return [figure_text(validation.get(name)) for name in _OF_CLASSES]


def _plans(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [stage for stage in config["finetune"]["stages"] if isinstance(stage, dict)]


def _planned(plan: dict[str, Any], result: dict[str, Any], share: float | None) -> str:
    parts = []
    if "for" in plan:
        parts.append(str(plan["for"]))
    if result.get("image_size") is not None:
        parts.append(f"pictures of {result['image_size']} pixels")
    if "learning_rate" in plan:
        size = plan.get("rate_batch_size")
        scaled = f" \N{MULTIPLICATION SIGN} examples of an update / {size}" if size else ""
        parts.append(f"rate {float(plan['learning_rate']):g}{scaled}")
    if float(plan.get("layer_decay") or 1) != 1:
        parts.append(f"layer decay {plan['layer_decay']:g}")
    if str(plan.get("warmup") or "0%") != "0%":
        parts.append(f"warm-up {plan['warmup']}")
    if plan.get("schedule"):
        parts.append(" ".join([str(plan["schedule"]), *map(str, plan.get("milestones") or ())]))
    if share is not None:
        parts.append("all weights" if share >= 1 else f"{100 * share:.2g} % of the weights")
    return ", ".join(parts)


def _best(record: RunRecord, index: int) -> str:
    place = best_place(record.journal, index)
    if place is None:
        return "—"
    stage = record.journal.epochs[place].stage
    return str(place + 1) if stage == index else f"{place + 1}, of stage {stage + 1}"


def _proof(blocks: tuple[Block, ...]) -> tuple[bool | None, str]:
    if not blocks:
        return None, "The journal has no hashes of this stage."
    stuck = [block.name for block in blocks if block.expected and not block.moved]
    drifted = [block.name for block in blocks if block.moved and not block.expected]
    wanted = sum(block.expected for block in blocks)
    if not stuck and not drifted:
        rest = len(blocks) - wanted
        frozen = f"the {rest} frozen ones stayed" if rest > 1 else "the frozen one stayed"
        moved = f"{plural(wanted, 'trained block')} moved"
        return True, f"{moved}, {frozen}" if rest else f"All {moved}"
    parts = []
    if stuck:
        parts.append(f"should have moved and did not: {', '.join(stuck)}")
    if drifted:
        parts.append(f"should have stayed and moved: {', '.join(drifted)}")
    text = "; ".join(parts)
    return False, text[0].upper() + text[1:]
