"""What adapting the encoder to a domain's texts changed, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.evaluation import figure_interval
from ftsuite.report.differences import (
    DifferenceRow,
    check_comparison,
    difference_rows,
    difference_words,
    is_figure,
    judged_by,
    side_of_zero,
    verdict_on_zero,
)
from ftsuite.report.files import torn
from ftsuite.report.measures import measures_of

_KINDS = {"domain": "Held-out domain text", "general": "Held-out general text"}


@dataclass(frozen=True)
class PerplexityRow:
    """Pseudo-perplexity of one kind of text, before and after, with intervals; `change` in percent."""

    text: str
    before: str
    before_interval: str
    after: str
    after_interval: str
    change: str
    n: int


@dataclass(frozen=True)
class AdaptationPart:
    """The report's part on adapting.

    Attributes:
        sentences: the gain, the loss, and the worth for the classifier, each in one.
        perplexities: by kind of text.
        downstream: the classifier with and without adapting; empty where it was not measured.
        notes: what was restricted on the way.
    """

    sentences: list[str]
    perplexities: list[PerplexityRow]
    downstream: list[DifferenceRow]
    notes: list[str]


def adaptation_part(metrics: Mapping[str, Any], path: Path) -> AdaptationPart | None:
    """The part; None where nothing was adapted.

    Raises:
        ArtifactError: metrics.json tells of it in another form.
    """
    told = metrics.get("adaptation")
    if told is None:
        return None
    _check(told, path, has_classes="metrics" not in metrics)
    unadapted = told.get("unadapted")
    return AdaptationPart(
        adaptation_sentences(metrics),
        [_row(kind, told[kind]) for kind in _KINDS if kind in told],
        difference_rows(metrics["test"], unadapted) if unadapted and "metrics" not in metrics else [],
        [str(note) for note in told.get("notes") or ()],
    )


def adaptation_sentences(metrics: Mapping[str, Any]) -> list[str]:
    """One sentence each on the gain, the loss and the worth for the classifier; none where nothing was adapted."""
    told = metrics.get("adaptation")
    if told is None:
        return []
    found = [_gain(told["domain"])]
    if "general" in told:
        found.append(_loss(told["general"]))
    if told.get("unadapted"):
        found.append(_worth(metrics, told["unadapted"]))
    return found


def _gain(pair: Mapping[str, Any]) -> str:
    change = _change(pair)
    verb = "Adapting lowered" if change < 0 else "Adapting did not help: it raised"
    if change == 0:
        return f"Adapting left the pseudo-perplexity of held-out domain text at {_number(pair['after'])}."
    return f"{verb} the pseudo-perplexity of held-out domain text by {_percent(change)}{_from_to(pair)}."


def _loss(pair: Mapping[str, Any]) -> str:
    change = _change(pair)
    if change > 0:
        return f"Lost on the way: on general text the pseudo-perplexity rose by {_percent(change)}{_from_to(pair)}."
    fell = f"fell by {_percent(change)}{_from_to(pair)}" if change < 0 else f"stayed at {_number(pair['after'])}"
    return f"Nothing was lost on general text: its pseudo-perplexity {fell}."


def _worth(metrics: Mapping[str, Any], unadapted: Mapping[str, Any]) -> str:
    if "metrics" in metrics:
        return _worth_of_targets(metrics, unadapted)
    metric = judged_by(str(metrics.get("headline", "accuracy")), unadapted)
    figure = unadapted["difference"][metric]
    words = f"adapted less unadapted {difference_words(figure, metric)}{verdict_on_zero(figure)}"
    return _verdict("classifier", side_of_zero(figure), words)


def _worth_of_targets(metrics: Mapping[str, Any], unadapted: Mapping[str, Any]) -> str:
    """By the metric of the task that the run leads with, whichever way it is better."""
    measure = measures_of(metrics)[0]
    figure = unadapted["difference"].get(measure.key)
    if not is_figure(figure):
        return f"The {measure.spoken} is not defined, so the model is not compared with one that was not adapted."
    shown = measure.figure(figure)
    within = f", {shown.percent} % interval {shown.interval}" if shown.interval else ", without an interval"
    words = f"adapted less unadapted test {measure.spoken} {shown.value}{within}{verdict_on_zero(figure)}"
    return _verdict("model", side_of_zero(figure) * (1 if measure.higher_is_better else -1), words)


def _verdict(what: str, side: int, words: str) -> str:
    if side > 0:
        return f"The {what} is better for it: {words}."
    if side < 0:
        return f"The {what} is worse for it: {words}."
    return f"No difference was found for the {what}: {words}."


def _from_to(pair: Mapping[str, Any]) -> str:
    words = f", from {_number(pair['before'])} to {_number(pair['after'])}"
    before, after = figure_interval(pair["before"]), figure_interval(pair["after"])
    if before and after and before[0] <= after[1] and after[0] <= before[1]:
        words += "; the two intervals overlap"
    return words


def _row(kind: str, pair: Mapping[str, Any]) -> PerplexityRow:
    change = f"{100 * _change(pair):+.1f} %".replace("-", "\N{MINUS SIGN}")
    before, after = pair["before"], pair["after"]
    return PerplexityRow(
        _KINDS[kind], _number(before), _interval(before), _number(after), _interval(after), change, int(after["n"])
    )


def _change(pair: Mapping[str, Any]) -> float:
    return float(pair["after"]["value"]) / float(pair["before"]["value"]) - 1


def _percent(change: float) -> str:
    return f"{abs(100 * change):.1f} %"


def _number(figure: Mapping[str, Any]) -> str:
    return f"{float(figure['value']):.2f}"


def _interval(figure: Mapping[str, Any]) -> str:
    interval = figure_interval(figure)
    return "" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def _check(told: Any, path: Path, *, has_classes: bool) -> None:
    if not isinstance(told, dict) or "domain" not in told:
        raise torn(path, "perplexities under adaptation", repr(told)[:80])
    for kind in _KINDS:
        pair = told.get(kind, told["domain"])
        whole = isinstance(pair, dict) and all(
            is_figure(pair.get(time)) and pair[time]["value"] > 0 for time in ("before", "after")
        )
        if not whole:
            raise torn(path, f"figures before and after under adaptation.{kind}", repr(pair)[:80])
    unadapted = told.get("unadapted")
    if unadapted is not None and not has_classes:
        if not isinstance(unadapted, dict) or not isinstance(unadapted.get("difference"), dict):
            raise torn(path, "figures and differences under adaptation.unadapted", repr(unadapted)[:80])
    elif unadapted is not None:
        check_comparison(told["unadapted"], "adaptation.unadapted", path)
