"""What is said of the run's surroundings: data, machine, versions, hashes, and how to repeat it."""

from __future__ import annotations

from typing import Any

from ftsuite.report.input_bound import input_sentence
from ftsuite.report.record import RunRecord

# Shown elsewhere on the page, or too long for a row.
_LEFT_OUT = frozenset({"format", "command", "notes", "data.class_names", "data.notes", "data.hint", "data.counts"})
_KINDS = {"image-file": "picture", "field-guide": "picture", "text": "text"}


def environment_rows(environment: dict[str, Any]) -> list[tuple[str, str]]:
    """Flatten environment.json to rows of a dotted key and a value."""
    return [(key, value) for key, value in _flat(environment, "") if key not in _LEFT_OUT]


def _flat(value: Any, key: str) -> list[tuple[str, str]]:
    if key in _LEFT_OUT or value is None:
        return []
    if isinstance(value, dict):
        prefix = f"{key}." if key else ""
        return [row for name, inner in value.items() for row in _flat(inner, f"{prefix}{name}")]
    if isinstance(value, list):
        return [(key, ", ".join(str(item) for item in value))] if value else []
    if isinstance(value, bool):
        return [(key, "yes" if value else "no")]
    return [(key, str(value))]


def noun(record: RunRecord) -> str:
    """What an example is called: picture, text or example."""
    return _KINDS.get(str(record.data_facts.get("kind")), "example")


def notes(record: RunRecord) -> list[str]:
    """Sentences about what was skipped, repaired or restricted on the way."""
    found: list[str] = []
    for place in (record.environment.get("notes"), record.data_facts.get("notes")):
        if isinstance(place, list):
            found.extend(str(note) for note in place)
    waiting = input_sentence(record.journal.epochs, record.config, record.environment)
    if waiting:
        found.append(waiting)
    macro_f1 = record.metrics["test"].get("macro_f1", {})
    without = macro_f1.get("classes_without_examples")
    if without:
        found.append(
            f"Macro F1 is the mean over the {macro_f1.get('classes')} classes that have a test example; "
            f"without one: {', '.join(without)}."
        )
    return found


def rendered_hint(record: RunRecord) -> str | None:
    """The banner's second sentence where the pictures are rendered, else None; may be empty."""
    if record.data_facts.get("rendered") is not True:
        return None
    return str(record.data_facts.get("hint") or "")


def duration_text(seconds: float) -> str:
    """Write a duration: "48 s", "5 min 12 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def run_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Rows about the run as a whole for the top of the page."""
    config, journal = record.config, record.journal
    rows = [
        ("Task", str(config["task"])),
        ("Data", str(record.data_facts.get("source") or config["data"].get("source", ""))),
        ("Backbone", _backbone(config["backbone"])),
        *_kept_weights(config["finetune"]),
        ("Seed", str(config.get("seed", ""))),
        ("Began", str(journal.started.get("time", ""))[:16].replace("T", " ")),
    ]
    if "seconds" in journal.ended:
        rows.append(("Took", duration_text(float(journal.ended["seconds"]))))
    if "peak_memory_bytes" in journal.ended:
        rows.append(("Peak memory", f"{float(journal.ended['peak_memory_bytes']) / 2**30:.2f} GiB"))
    return [(name, value) for name, value in rows if value]


def _kept_weights(finetune: dict[str, Any]) -> list[tuple[str, str]]:
    """How the pretrained weights are held on to, where they are."""
    rows = []
    if finetune.get("lora"):
        lora = finetune["lora"]
        targets = ", ".join(map(str, lora.get("targets") or ()))
        biases = ", with their biases" if lora.get("biases") else ""
        rows.append(("LoRA", f"rank {lora['rank']}, alpha {lora.get('alpha') or lora['rank']}: {targets}{biases}"))
    if finetune.get("l2_sp"):
        rows.append(("L2-SP", f"alpha {finetune['l2_sp']['alpha']}, beta {finetune['l2_sp']['beta']}"))
    return rows


def _backbone(backbone: dict[str, Any]) -> str:
    name = str(backbone.get("name", ""))
    return f"{name}, from scratch" if backbone.get("weights") == "none" else name
