"""Examples that no training can begin with are refused."""

from __future__ import annotations

from ftsuite.api import Examples, Task, TaskSpec
from ftsuite.config import Config, source_text
from ftsuite.errors import ConfigError, DataError


def require_kind(spec: TaskSpec, examples: Examples, config: Config) -> None:
    """Refuse pictures for a task of texts, which would learn from their paths, and texts for one of pictures."""
    if (examples.kind == "text") == (spec.modality == "text"):
        return
    wanted, received = ("texts", "pictures") if spec.modality == "text" else ("pictures", "texts")
    raise ConfigError(
        f"data.source must give {wanted}, because the task {spec.name!r} is one of {wanted}. "
        f"Received: {source_text(config.data.source)}, which gives {received}.",
        f"Name a source of {wanted}, or take a task of {received}; `ftsuite list tasks` names them. In a table "
        "data.text_column or data.image_column says which column to learn from.",
    )


def require_classifier(task: Task, config: Config) -> None:
    """Folds are for jobs whose test is one of examples: the corpus that an encoder is adapted to has none."""
    if config.data.folds is not None and not task.classifies:
        raise ConfigError(
            "data.folds needs a job that classifies. Received: one that only adapts its encoder.",
            "Let the job classify as well, or leave the folds out.",
        )


def refuse_empty(parts: dict[str, Examples], config: Config) -> None:
    """Every split must hold an example."""
    for name, part in parts.items():
        if len(part) == 0:
            raise DataError(
                f"The {name} split of {source_text(config.data.source)} must hold at least one example. Received: 0.",
                "Add examples, or change data.validation_fraction or data.test_fraction.",
            )
