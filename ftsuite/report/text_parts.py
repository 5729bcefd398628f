"""The parts of a report that runs on texts have: each is None or empty where the run folder tells nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftsuite.report import facts
from ftsuite.report.adaptation import adaptation_part
from ftsuite.report.constant import constant_part
from ftsuite.report.differences import DifferenceRow, baseline_sentence, check_comparison, difference_rows
from ftsuite.report.files import torn
from ftsuite.report.input_bound import input_sentence_of
from ftsuite.report.learning_curve import learning_curve_part
from ftsuite.report.record import RunRecord
from ftsuite.report.showcase import read_showcase, showcase_sentence
from ftsuite.report.text_facts import pipeline_facts
from ftsuite.report.wise_ft import wise_ft_part


@dataclass(frozen=True)
class BaselinePart:
    """The report's part on TF-IDF: who wins, the figures, and what validation chose for it."""

    sentence: str
    rows: list[DifferenceRow]
    chosen: str


def text_parts(record: RunRecord) -> dict[str, Any]:
    """The parts by the names that the page gives them.

    Raises:
        ArtifactError: a file of the run tells of one in another form.
    """
    path = record.folder / "metrics.json"
    shown = read_showcase(record.folder)
    return {
        "baseline": _baseline_part(record),
        "curve": learning_curve_part(record.metrics, path),
        "adaptation": adaptation_part(record.metrics, path),
        "wise_ft": wise_ft_part(record.metrics, path),
        "showcase": shown,
        "showcase_sentence": showcase_sentence(shown, facts.noun(record)),
        "pipeline_facts": pipeline_facts(record),
    }


def findings(folder: Path, metrics: Mapping[str, Any]) -> list[str]:
    """The same findings as the page's, a sentence each, for the end of a run; none where nothing was measured.

    Args:
        folder: of the run.
        metrics: the content of its metrics.json.

    Raises:
        ArtifactError: one is told of in another form.
    """
    path = folder / "metrics.json"
    constant = constant_part(metrics, path) if "metrics" in metrics else None
    baseline = (metrics.get("baselines") or {}).get("tf-idf")
    curve, adaptation = learning_curve_part(metrics, path), adaptation_part(metrics, path)
    shown = showcase_sentence(read_showcase(folder), "input")
    found = [baseline_sentence(metrics) if baseline else None, curve.sentence if curve else None]
    found += [constant.sentence] if constant else []
    found += adaptation.sentences if adaptation else []
    between = wise_ft_part(metrics, path)
    found += [between.sentence] if between else []
    found += [input_sentence_of(folder)]
    return [sentence for sentence in [*found, shown] if sentence]


def _baseline_part(record: RunRecord) -> BaselinePart | None:
    told, path = record.metrics.get("baselines"), record.folder / "metrics.json"
    if told is None or not record.classifies:
        return None
    if not isinstance(told, dict):
        raise torn(path, "figures by name under baselines", repr(told)[:80])
    other = told.get("tf-idf")
    if other is None:
        return None
    check_comparison(other, "baselines.tf-idf", path)
    sentence = baseline_sentence(record.metrics)
    assert sentence is not None
    return BaselinePart(sentence, difference_rows(record.metrics["test"], other), _chosen(other.get("chosen")))


def _chosen(chosen: Any) -> str:
    """What validation chose, in words; empty where it is not told."""
    if not isinstance(chosen, Mapping) or "strength" not in chosen:
        return ""
    words = [f"C = {chosen['strength']:g}"]
    if chosen.get("class_weight") == "balanced":
        words.append("classes weighed by their inverse frequency")
    if "features" in chosen:
        words.append(f"{int(chosen['features']):,} words and pairs")
    return ", ".join(words)
