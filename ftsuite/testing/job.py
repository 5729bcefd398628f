"""The job that a task is checked by: data of its kind, a tiny backbone, and a plan of a minute at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.config import LoadedConfig, dump_yaml, load_config
from ftsuite.errors import DataError, FtsuiteError
from ftsuite.registry import Registry
from ftsuite.testing import pictures, texts
from ftsuite.testing.offer import Offer
from ftsuite.testing.plugin_place import told

_KINDS = ("classes", "numbers", "label sets")
_NUMBERS = (10.0, 50.0)
_MOST_TEXT_TOKENS = 512
_LIMITS = {"train": 48, "validation": 16, "test": 16}
_STAGES = [
    {"train": "head", "for": "1 epochs", "learning_rate": 1e-2},
    {"train": "all", "for": "6 epochs", "learning_rate": 1e-2},
]


@dataclass(frozen=True)
class Wishes:
    """What the caller says of the job; all else is made.

    Attributes:
        config: name or path of a config whose data, options and head are taken; None for none.
        options: of the task, on top of the config's.
        data: what stands for ``data:``, or the source alone; None for the config's, or for data that are made.
        backbone: a name; None for a tiny one.
    """

    config: str | Path | None = None
    options: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | str | Path | None = None
    backbone: str | None = None

    @property
    def makes_data(self) -> bool:
        """Whether the data are made here, and may so be made otherwise."""
        return self.config is None and self.data is None


def write_job(offer: Offer, wishes: Wishes, folder: Path) -> Path:
    """Write the config of the job, its data and its backbone; returns the config's path.

    Raises:
        FtsuiteError: the data cannot be used, or the config is wrong.
    """
    own = _resolved(wishes.config)
    options = {**own.get("options", {}), **(wishes.options or {})}
    data = dict(own.get("data", {}))
    if wishes.data is not None:
        data = dict(wishes.data) if isinstance(wishes.data, Mapping) else {"source": str(wishes.data)}
    backbone = wishes.backbone or str(_backbone(offer.spec.modality, folder / "backbone"))
    if not wishes.makes_data:
        # As many as the tiny job needs, and no more.
        given = data.get("limit") or {}
        data["limit"] = {name: given.get(name) or most for name, most in _LIMITS.items()}
    plain: dict[str, Any] = {
        "task": offer.reference,
        "data": {**data, "batch_size": 8},
        "backbone": {"name": backbone},
        "head": own.get("head", {"dropout": 0.1}),
        "options": options,
        "finetune": {"cache": "off", "stages": _STAGES},
        "evaluation": {"bootstrap_samples": 50, "baseline": False},
    }
    if wishes.makes_data:
        plain["data"].update(test_fraction=0.2, validation_fraction=0.2)
        plain["data"]["source"] = _fitting_source(offer, plain, folder)
    return _written(plain, folder / "job.yaml")


def loaded_job(path: Path, *overrides: str) -> LoadedConfig:
    """Load the config of a job."""
    return load_config(path, overrides, options_model=Registry.discover().options_model)


def make_data(modality: str, kind: str, folder: Path) -> str:
    """Write data of a kind, ``classes``, ``numbers`` or ``label sets``; returns the source."""
    numbers = _NUMBERS if kind == "numbers" else None
    if modality == "text":
        labels = texts.LABELS if kind == "label sets" else ()
        return f"csv:{texts.tiny_texts(folder / 'texts.csv', 80, numbers=numbers, label_sets=labels)}"
    labels = pictures.LABELS if kind == "label sets" else ()
    made = pictures.tiny_pictures(folder, per_class=16, numbers=numbers, label_sets=labels)
    return f"folder:{made}" if made.is_dir() else f"csv:{made}"


def _fitting_source(offer: Offer, plain: Mapping[str, Any], folder: Path) -> str:
    """The first kind of data that the task can load: no contract says beforehand which labels a task reads."""
    first_error: Exception | None = None
    found = ""
    for kind in _KINDS:
        source = make_data(offer.spec.modality, kind, folder / "data" / kind.replace(" ", "-"))
        try:
            examples = _loaded_examples(offer, {**plain, "data": {**plain["data"], "source": source}}, folder)
        except Exception as error:
            first_error = first_error or error
            continue
        if examples.targets is None or kind == "label sets":
            return source
        found = found or source
        # Any label is a set of one; a task that reads sets is better shown several.
        if not _are_shares(examples.targets):
            return source
    if found:
        return found
    assert first_error is not None, "every kind was tried"
    raise _unread(offer, first_error) from first_error


def _unread(offer: Offer, error: Exception) -> DataError:
    """That a task reads none of the data that are made: mostly because it reads a form of its own."""
    said = error.message if isinstance(error, FtsuiteError) else told(error)
    what = "texts in tables" if offer.spec.modality == "text" else "pictures in folders and tables"
    return DataError(
        f"`load` must read some of the data that the check makes, {what}, or be given others. Received: {said}",
        f"For a task that reads a form of its own, give data in it: `ftsuite task check CONFIG.yaml` or --data SOURCE, "
        f"and check_task({offer.spec.name!r}, data=…) in a test. Or let `load` pass on what it does not know: "
        "`return super().load(data, progress)`.",
    )


def _are_shares(targets: np.ndarray) -> bool:
    return targets.shape[1] > 1 and bool(np.isin(targets, (0.0, 1.0)).all())


def _loaded_examples(offer: Offer, plain: Mapping[str, Any], folder: Path) -> Examples:
    return examples_of(offer, loaded_job(_written(plain, folder / "trial.yaml")))


def examples_of(offer: Offer, loaded: LoadedConfig) -> Examples:
    """What a task loads, as it loads it.

    Raises:
        FtsuiteError: it cannot be loaded; PluginError where the plugin failed.
    """
    from ftsuite.runs.loading import load_of_task
    from ftsuite.runs.prepare import plugin_errors

    options: Any = loaded.options if loaded.options is not None else offer.spec.options()
    task = offer.spec.create(options, loaded.config.seed)
    with plugin_errors(offer.spec.name, "load"):
        return load_of_task(task, loaded.config.data, None)


def _resolved(config: str | Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    return load_config(config, options_model=Registry.discover().options_model).resolved()


def _backbone(modality: str, folder: Path) -> Path:
    from ftsuite.testing.backbones import tiny_image_preset, tiny_text_preset

    if modality == "text":
        return tiny_text_preset(folder, max_length=_MOST_TEXT_TOKENS)
    return tiny_image_preset(folder)


def _written(plain: Mapping[str, Any], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump_yaml(plain), encoding="utf-8")
    return path
