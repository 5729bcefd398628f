"""The section ``finetune``: a plan that fits the number of examples and the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ftsuite.config.commented import Entry
from ftsuite.data.looks import Look
from ftsuite.runs.proposal.data_entries import EXTREME, is_uneven
from ftsuite.runs.proposal.sizes import Cost, Machine, Sizes

# Fewer examples to learn from, in all or of the median class, teach a head and little more.
_FEW, _FEW_A_CLASS, _SOME_A_CLASS = 60, 5, 15
_MANY_PICTURES, _MANY_TEXTS = 5000, 2000
_PATIENCE_SECONDS = 90 * 60
_FEW_TO_VALIDATE = 50


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        entries: of ``finetune`` that name it.
        told: a few words for a table.
    """

    entries: tuple[Entry, ...]
    told: str


def finetune_entries(look: Look, sizes: Sizes, plan: Plan) -> tuple[Entry, ...]:
    """The section ``finetune``."""
    return (*plan.entries, *_weights(look), Entry("label_smoothing", 0.05), _early_stopping(look, sizes))


def plan_for(look: Look, sizes: Sizes, cost: Cost, machine: Machine) -> Plan:
    """A shipped plan, or the stages of the shipped config that is most like this job."""
    few = f"{look.total:,} examples in {len(look.class_names):,} classes, about {sizes.per_class:,} a class to train on"
    if sizes.train < _FEW or sizes.per_class < _FEW_A_CLASS:
        return _named("linear-probe", f"{few}: so few teach a new head, and little to the backbone")
    stages = _picture_stages(sizes) if look.modality == "image" else _text_stages(look, sizes)
    seconds = cost.train_seconds(sizes.train) * sum(stage["epochs"] for stage in stages if stage["train"] == "all")
    if not machine.has_accelerator and seconds > _PATIENCE_SECONDS:
        return _named(
            "linear-probe",
            f"{few}: training all blocks would take about {hours(seconds)} on {machine.processors} processors without "
            "a GPU. With one take `plan: full-decay`; --set data.sample=2000 tries any plan on a part",
        )
    if look.modality == "image" and sizes.per_class < _SOME_A_CLASS:
        why = f"{few}: block by block from the head down; as accurate as `full` on 30 birds a species, in less time"
        return _named("gradual", why)
    if machine.has_accelerator and look.modality == "image" and sizes.train >= _MANY_PICTURES:
        return _named("full-decay", f"{few}, and a GPU: enough to train all blocks at once, lower ones at lower rates")
    return _staged(few, look, stages)


def hours(seconds: float) -> str:
    """A time in words, roundly."""
    if seconds < 90:
        return f"{max(round(seconds / 10), 1) * 10} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:,.0f} hours"


def _named(name: str, why: str) -> Plan:
    return Plan((Entry("plan", name, why),), name)


def _staged(few: str, look: Look, stages: list[dict[str, Any]]) -> Plan:
    like = "`bird-species`" if look.modality == "image" else "`sentiment`"
    written = [{key: f"{value} epochs" if key == "epochs" else value for key, value in one.items()} for one in stages]
    written = [{("for" if key == "epochs" else key): value for key, value in one.items()} for one in written]
    why = f"{few}: enough to train all blocks. First the head, so that a random one spoils nothing; stages as in {like}"
    epochs = " + ".join(f"{stage['epochs']} {stage['train']}" for stage in stages)
    return Plan((Entry("stages", written, why),), f"stages ({epochs} epochs)")


def _picture_stages(sizes: Sizes) -> list[dict[str, Any]]:
    head, last, whole = (3, 3, 8) if sizes.train < _MANY_PICTURES else (2, 2, 4)
    return [
        {"train": "head", "epochs": head, "learning_rate": 3e-3},
        {"train": "last 3", "epochs": last, "learning_rate": 1e-3, "layer_decay": 0.8, "warmup": "10%"},
        {"train": "all", "epochs": whole, "learning_rate": 5e-4, "layer_decay": 0.8, "warmup": "10%"},
    ]


def _text_stages(look: Look, sizes: Sizes) -> list[dict[str, Any]]:
    head, whole = (3, 4) if sizes.train <= _MANY_TEXTS else (1, 2)
    rate = 2e-4 if len(look.class_names) <= 3 else 3e-4
    return [
        {"train": "head", "epochs": head, "learning_rate": 3e-3},
        {"train": "all", "epochs": whole, "learning_rate": rate, "layer_decay": 0.9, "warmup": "10%"},
    ]


def _weights(look: Look) -> list[Entry]:
    if look.modality != "text" or not is_uneven(look):
        return []
    counts = sorted(look.trainable.values())
    unlike = f"classes of {counts[0]:,} to {counts[-1]:,} texts"
    if look.imbalance > EXTREME:
        return [Entry("class_weights", "effective-number", f"{unlike}: small ones count more, within bounds")]
    return [Entry("class_weights", "balanced", f"{unlike}: small ones count more, so that all count alike")]


def _early_stopping(look: Look, sizes: Sizes) -> Entry:
    if sizes.validation < _FEW_TO_VALIDATE:
        metric = "log_loss"
        why = f"about {sizes.validation:,} examples to validate on: of so few the log loss tells more than hits do"
    elif is_uneven(look):
        metric, why = "macro_f1", "classes of unlike size: each counts alike in macro F1"
    else:
        metric, why = "accuracy", "the best epoch is kept"
    patience = "5 epochs" if look.modality == "image" else "3 epochs"
    return Entry("early_stopping", {"metric": metric, "patience": patience}, why)
