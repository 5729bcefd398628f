"""What the model of a config will see, without training it and without reading weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ftsuite.api import Examples, Progress
from ftsuite.config import LoadedConfig, source_text
from ftsuite.data.preview_batches import spread_over_classes, training_views, whole_views
from ftsuite.models.text_backbones import LoadedTextBackbone
from ftsuite.report.preview_content import Preview, PreviewExample, PreviewView, class_shares_of
from ftsuite.runs.begin import job_name
from ftsuite.runs.lost_inputs import named_inputs
from ftsuite.runs.prepare import Prepared, plugin_errors, prepare
from ftsuite.runs.preview_views import picture_views, text_views
from ftsuite.training.precision import process_settings_kept

NOT_AUGMENTED = "not augmented"


@process_settings_kept()
def preview(
    loaded: LoadedConfig,
    *,
    split: str = "train",
    count: int = 24,
    epochs: int = 3,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Examples of a split as the model will see them: whole, and for the training split augmented in some epochs.

    Features come from the pipeline of a run, with a run's keys. The backbone is made with random weights, since only
    the size of its pictures or its tokenizer matters; a tokenizer that lies with weights is fetched with them.

    Args:
        loaded: the config.
        split: ``train``, ``validation`` or ``test``.
        count: the most examples; one of each class comes before a second of any.
        epochs: the first so many of the run; 0 shows examples without augmentation.
        seed: which examples; None for the config's.
        progress: told how loading goes on.

    Raises:
        FtsuiteError: what a user can mend, each with its own class.
    """
    config = loaded.config
    random = config.model_copy(update={"backbone": config.backbone.model_copy(update={"weights": "none"})})
    prepared = prepare(replace(loaded, config=random), None, progress)
    part = prepared.parts[split]
    chosen = spread_over_classes(part.labels, min(count, len(part)), config.seed if seed is None else seed)
    with plugin_errors(prepared.spec.name, "preprocess"), named_inputs(part):
        columns, notes = _columns(prepared, part, chosen, epochs if split == "train" else 0)
    shown = tuple(
        PreviewExample(
            str(part.ids[position]),
            _label(prepared, part, int(position)),
            tuple(column[row] for column in columns),
        )
        for row, position in enumerate(chosen)
    )
    return Preview(job_name(loaded), split, shown, _facts(prepared, part, split), notes)


def _columns(
    prepared: Prepared, part: Examples, chosen: np.ndarray, epochs: int
) -> tuple[list[list[PreviewView]], tuple[str, ...]]:
    """The views of all examples: whole, then epoch by epoch where that is another view."""
    whole, said = _views(prepared, whole_views(prepared.pipeline, part, chosen), [NOT_AUGMENTED] * len(chosen))
    if _has_classes(prepared):
        targets = np.eye(len(part.class_names), dtype=np.float32)[part.labels[chosen]]
        whole = _with_shares(whole, targets, part.class_names)
    columns, notes = [whole], [said]
    for epoch in range(epochs if _changes(prepared, part, chosen) else 0):
        features, targets = training_views(prepared.pipeline, part, chosen, epoch)
        views, said = _views(prepared, features, [f"epoch {epoch + 1}"] * len(chosen))
        columns.append(_with_shares(views, targets, part.class_names) if _has_classes(prepared) else views)
        notes.append(said)
    if epochs and len(columns) == 1:
        notes.append("Training does not change these examples at random: every epoch sees them as they are here.")
    if prepared.task.mixes_batches and epochs:
        notes.append("Pictures are mixed among those of this page; a run mixes those of a batch.")
        if prepared.metrics:
            notes.append("Targets are mixed with them; what is shown here are those of each picture by itself.")
    return columns, tuple(dict.fromkeys(note for note in notes if note))


def _has_classes(prepared: Prepared) -> bool:
    return prepared.task.classifies and not prepared.metrics


def _label(prepared: Prepared, part: Examples, position: int) -> str:
    """The class of an example, or its targets: numbers by name, of labels those that apply."""
    if part.targets is None:
        return part.class_names[part.labels[position]] if prepared.task.classifies else ""
    row, names = part.targets[position], part.target_names
    if len(names) > 1 and np.isin(part.targets, (0.0, 1.0)).all():
        return ", ".join(name for name, value in zip(names, row, strict=True) if value) or "none"
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, row, strict=True))


def _changes(prepared: Prepared, part: Examples, chosen: np.ndarray) -> bool:
    said = prepared.task.changes_inputs
    changes = prepared.pipeline.augments(part.take(chosen[:4])) if said is None else said
    return changes or prepared.task.mixes_batches


def _views(prepared: Prepared, features: Any, titles: Sequence[str]) -> tuple[list[PreviewView], str]:
    if isinstance(prepared.backbone, LoadedTextBackbone):
        return text_views(features, titles, prepared.backbone.tokenizer), ""
    return picture_views(features, titles)


def _with_shares(views: list[PreviewView], targets: np.ndarray, class_names: tuple[str, ...]) -> list[PreviewView]:
    rows = zip(views, targets, strict=True)
    return [replace(view, shares=class_shares_of(target, class_names)) for view, target in rows]


def _facts(prepared: Prepared, part: Examples, split: str) -> dict[str, str]:
    config = prepared.config
    facts = {
        "Data": f"{source_text(config.data.source)}: {len(part):,} {split} examples",
        "Seen by the model": prepared.model.input_summary or "as the task gives it",
    }
    training_size = getattr(prepared.task.options, "train_image_size", None)
    if training_size is not None:
        facts["Training pictures"] = f"{training_size} pixels"
    if prepared.metrics:
        facts["Outputs"] = ", ".join(part.target_names)
    elif prepared.task.classifies:
        facts["Classes"] = f"{len(part.class_names):,}"
    augment = getattr(prepared.task.options, "augment", None)
    if split == "train" and augment is not None:
        facts["Augmentation"] = ", ".join(item.name for item in augment) or "none"
    if prepared.spec.modality == "text":
        facts["Padding"] = "of these texts as one batch; a run puts texts of like length together"
    if split == "train" and config.data.sampling != "natural":
        facts["Sampling"] = config.data.sampling
    return facts
