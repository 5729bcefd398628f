"""What `ftsuite run` shows: the plan before, progress while it runs, the figures and what to do next after."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from ftsuite.cli.terminal import Terminal

_FIGURES = ("pseudo_perplexity", "accuracy", "macro_f1", "top_5_accuracy", "log_loss", "expected_calibration_error")


_PLACES = {"memory": "in memory", "disk": "on the disk"}


class RunDisplay:
    """Turns a run's events into lines, tables and a progress bar, or into JSON lines.

    Args:
        terminal: to speak through.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._stack = ExitStack()
        self._stages: list[dict[str, Any]] = []
        self._epoch_names: dict[int, str] = {}
        self._rendered = False
        self._headline = "accuracy"
        self._metrics: Mapping[str, Any] = {}

    def __enter__(self) -> RunDisplay:
        self.progress = self._stack.enter_context(self._terminal.progress())
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def show(self, event: Mapping[str, Any]) -> None:
        """Show one event of the run."""
        name = event["event"]
        if name == "caching":
            self.progress(f"Keeping what comes before {event['block']}", event["rows"], event["of_rows"])
            if event["rows"]:
                return
        if name == "step":
            self.progress(event.get("phase", f"Stage {event['stage'] + 1}"), event["step"], event["steps"])
            return
        self._terminal.event(name, {key: value for key, value in event.items() if key != "event"})
        # Events with a phase are of what comes before the plan's stages.
        of_phase = {"epoch": self._phase_epoch, "pseudo_perplexity": self._perplexities}
        of_plan = {
            "plan": self._plan,
            "epoch": self._epoch,
            "stage_ended": self._stage_ended,
            "doubt": self._doubt,
            "caching": self._caching,
            "cached": self._cached,
            "not_cached": self._not_cached,
            "note": self._note,
            "adapters_merged": self._merged,
            "learning_rates_tested": self._rates_tested,
        }
        shower = (of_phase if "phase" in event else of_plan).get(name)
        if shower is not None:
            shower(event)

    def show_cost(self, cost: Mapping[str, Any]) -> None:
        """Show what a dry run measured."""
        self._terminal.event("result", {key: value for key, value in cost.items() if key != "event"})
        rows = [
            (
                _sized_name(row),
                f"{row['first_step_seconds']:.1f} s",
                f"{row['examples_per_second']:.1f}",
                _duration(row["expected_seconds"]),
            )
            for row in cost["stages"]
        ]
        columns = ("stage", "first step", "examples/s", "expected time")
        self._terminal.table(columns, rows, title="Measured on two steps of each stage", right=columns[1:])
        self._terminal.line(
            f"Expected time: {_duration(cost['expected_seconds'])} if no stage stops early, and about 20 s "
            "for start-up, the model file and the report."
        )
        kept = ", ".join(row["name"] for row in cost["stages"] if row["keeps_activations"])
        if kept:
            self._terminal.line(f"Less where activations of frozen blocks are kept, which is not measured: {kept}.")
        if cost["adapts"]:
            self._terminal.line("Adapting the encoder comes on top: its time is not measured.")
        if "folds" in cost:
            self._terminal.line(
                f"All {cost['folds']} folds: {_duration(cost['expected_seconds_of_all'])}, and on the disk at most "
                f"{cost['disk_bytes_of_all'] / 2**20:.0f} MiB. What is told here is of one."
            )
        self._terminal.line(f"Peak memory so far: {cost['peak_memory_bytes'] / 2**30:.2f} GiB.")
        self._terminal.line(f"Disk for the run folder: at most {cost['disk_bytes'] / 2**20:.0f} MiB.")

    def summarize(self, result: Any) -> None:
        """Show the figures of the test split and what to do next."""
        from ftsuite.evaluation import format_figure, format_measured
        from ftsuite.runs.folder import CONFIG, ENCODER, REPORT
        from ftsuite.runs.load import run_kind

        test = result.metrics["test"]
        own = result.metrics.get("metrics")
        rows = [(name.replace("_", " "), format_figure(test[name])) for name in _FIGURES if name in test]
        if own is not None:
            rows = [(name.replace("_", " "), format_measured(test[name], own[name]["unit"])) for name in own]
        adapted_only = "pseudo_perplexity" in test
        title = "Held-out text" if adapted_only else "Test split, looked at once"
        self._terminal.table(("test figure", "value (95 % interval)"), rows, title=title)
        for line in _findings(result):
            self._terminal.line(line)
        if self._rendered:
            from ftsuite.runs.environment import RENDERED_HINT

            self._terminal.line(RENDERED_HINT)
        folder = result.folder
        self._terminal.line(f"Report:   {folder / REPORT}")
        quoted, config = shlex.quote(str(folder)), shlex.quote(str(folder / CONFIG))
        if adapted_only:
            self._terminal.line(f"Classify: ftsuite run CONFIG --backbone {shlex.quote(str(folder / ENCODER))}")
        else:
            what = "TEXT" if run_kind(folder) == "text" else "PICTURE"
            self._terminal.line(f"Predict:  ftsuite predict {quoted} {what}…")
            self._terminal.line(f"Compare:  ftsuite run {config} --set backbone.weights=none   (from scratch)")
        self._terminal.event("result", {"folder": str(folder), "headline": result.headline, "metrics": result.metrics})

    def _plan(self, event: Mapping[str, Any]) -> None:
        self._stages, self._rendered = event["stages"], event["rendered"]
        self._headline = event.get("headline", self._headline)
        self._metrics = event.get("metrics", {})
        weights = "pretrained" if event["pretrained"] else "random weights"
        counts = ", ".join(f"{count} {name}" for name, count in event["counts"].items())
        self._terminal.line(
            f"Backbone: {event['backbone']} ({weights}), {event['input']}. Examples: {counts}; {_answered(event)}."
        )
        for note in event["notes"]:
            self._terminal.line(f"Note: {note}")
        rows = [
            (
                str(row["stage"] + 1),
                _sized_name(row),
                _span(row["blocks"], event.get("all_blocks", row["blocks"])),
                _parameters(row),
                str(row["epochs"]),
                f"{row['lowest_learning_rate']:.1e} … {row['learning_rate']:.1e}",
            )
            for row in event["stages"]
        ]
        columns = ("stage", "trains", "blocks", "parameters", "epochs", "learning rate")
        self._terminal.table(columns, rows, title="Plan", right=("parameters", "epochs"))

    def _epoch(self, event: Mapping[str, Any]) -> None:
        stage = self._stages[event["stage"]]
        self._epoch_names[event["epoch"]] = f"{event['stage_name']}, epoch {event['stage_epoch']}"
        tokens = f", {event['tokens_per_second']:,.0f} tokens/s" if event.get("tokens_per_second") else ""
        self._terminal.line(
            f"{event['stage_name']:>8}  epoch {event['stage_epoch']}/{stage['epochs']}  "
            f"train loss {self._loss(event['train_loss'])}  validation: loss "
            f"{self._loss(event.get('validation_log_loss', event.get('validation_loss')))}, "
            f"{_watched(self._headline, event, self._metrics)}  {event['examples_per_second']:.0f} examples/s{tokens}"
        )

    def _loss(self, value: float) -> str:
        """Three places; of targets, whose loss is of any size, four digits."""
        return f"{value:.4g}" if self._metrics else f"{value:.3f}"

    def _caching(self, event: Mapping[str, Any]) -> None:
        """Before anything is computed: how much room it takes, and where."""
        self._terminal.line(
            f"Keeping activations before {event['block']}: {event['of_rows']:,} rows, about "
            f"{event['size_bytes'] / 2**20:,.0f} MiB, {_PLACES[event['place']]}."
        )

    def _cached(self, event: Mapping[str, Any]) -> None:
        views = f", {event['views']} views of each" if event["views"] > 1 else ""
        self._terminal.line(
            f"{event['stage_name']:>8}  trains on kept activations: {event['examples']:,} examples{views}, "
            f"{event['size_bytes'] / 2**20:,.0f} MiB {_PLACES[event['place']]}, {event['seconds']:.0f} s to have them"
        )

    def _not_cached(self, event: Mapping[str, Any]) -> None:
        self._terminal.note(f"Stage {event['stage_name']!r} does not train on kept activations: {event['reason']}.")

    def _note(self, event: Mapping[str, Any]) -> None:
        self._terminal.note(event["message"])

    def _merged(self, event: Mapping[str, Any]) -> None:
        self._terminal.line(
            f"Added the changes of {event['layers']} layers to their weights; outputs differ by "
            f"{event['largest_difference']:.1e} of their size."
        )

    def _doubt(self, event: Mapping[str, Any]) -> None:
        self._terminal.note(f"After stage {event['stage_name']!r}: {event['message']}")

    def _rates_tested(self, event: Mapping[str, Any]) -> None:
        from ftsuite.cli.find_learning_rate import stage_line

        self._terminal.line(stage_line(event))

    def _phase_epoch(self, event: Mapping[str, Any]) -> None:
        self._terminal.line(
            f"{event['phase']}  epoch {event['stage_epoch']}  train loss {event['train_loss']:.3f}  "
            f"held-out loss {event['validation_log_loss']:.3f}  {event.get('tokens_per_second', 0):,.0f} tokens/s"
        )

    def _perplexities(self, event: Mapping[str, Any]) -> None:
        from ftsuite.evaluation import format_figure

        figures = "; ".join(f"{name} text {format_figure(event[name])}" for name in ("domain", "general"))
        self._terminal.line(f"{event['phase']}  held-out pseudo-perplexity: {figures}")

    def _stage_ended(self, event: Mapping[str, Any]) -> None:
        wrong = [block["name"] for block in event["blocks"] if block["moved"] != block["expected"]]
        early = ", stopped early" if event["stopped_early"] else ""
        moved = [block["name"] for block in event["blocks"] if block["moved"]]
        span = _span(moved, [block["name"] for block in event["blocks"]])
        self._terminal.line(
            f"{event['stage_name']:>8}  ended after {_epochs(event['epochs'])}{early}; moved: {span}; "
            f"kept weights: {self._epoch_names.get(event['best_epoch'], 'of a stage before')}"
        )
        if wrong:
            self._terminal.note(f"Unexpected: these blocks did not do what the stage says: {', '.join(wrong)}.")


def _findings(result: Any) -> list[str]:
    """What stands beside the figures, a line each: the baseline, adapting, the learning curve, before and after."""
    from ftsuite.report import findings

    return findings(result.folder, result.metrics)


def _answered(event: Mapping[str, Any]) -> str:
    """What a plan's model answers: classes, or outputs by name."""
    if "outputs" not in event:
        return f"{event['num_classes']} classes"
    names = event["outputs"]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{'output' if len(names) == 1 else f'{len(names)} outputs'}: {shown}"


def _watched(headline: str, event: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """The epoch's figure that the job leads with."""
    if metrics:
        value, unit = event.get(f"validation_{headline}"), metrics[headline]["unit"]
        told = "none" if value is None else f"{value:.4g}" + (f" {unit}" if unit else "")
        return f"{headline.replace('_', ' ')} {told}"
    metric = headline if f"validation_{headline}" in event else "accuracy"
    return f"{metric.replace('_', ' ')} {event[f'validation_{metric}']:.3f}"


def _sized_name(row: Mapping[str, Any]) -> str:
    """A stage's name, with the size of its pictures where the plan gives one."""
    return f"{row['name']} at {row['image_size']} px" if "image_size" in row else str(row["name"])


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _span(blocks: Sequence[str], everything: Sequence[str]) -> str:
    """Names of blocks; those that follow one another in the model by the first and the last."""
    if not blocks:
        return "nothing"
    runs: list[list[str]] = []
    for name in everything:
        if name not in blocks:
            runs.append([])
        elif runs:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [f"{run[0]} … {run[-1]} ({len(run)})" if len(run) > 1 else run[0] for run in runs if run]
    return ", ".join(parts)


def _parameters(row: Mapping[str, Any]) -> str:
    """The number of weights that a stage trains, and their share where it is not all."""
    share = row.get("trainable_share", 1.0)
    return f"{row['parameters']:,}" + (f" ({100 * share:.2g} %)" if share < 1 else "")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min"
