"""`ftsuite list`: the tasks, configs, plans, backbones, data sets and runs that there are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ftsuite.cli.run_folders import RunSummary, find_runs
from ftsuite.cli.terminal import Terminal
from ftsuite.errors import ArtifactError

if TYPE_CHECKING:
    from ftsuite.assets import Asset

_SOURCE_FORMS = (
    ("folder:PATH", "pictures in a folder a class, or in train/ val/ test/ over such folders"),
    ("archive:PATH", "such folders in a zip or tar archive, read without unpacking it"),
    ("csv:PATH, jsonl:PATH, parquet:PATH", "a table of labels with picture paths or texts"),
    ("huggingface:PATH", "what Hugging Face's datasets saved (save_to_disk), or a folder of Parquet files"),
    ("tfds:NAME[:VERSION]", "any TensorFlow Datasets name, for instance tfds:caltech_birds2011"),
    ("tfds:PATH", "a folder that TensorFlow Datasets prepared, for instance tfds:./mnist/3.0.1"),
    ("asset:NAME", "a data set of the catalogue, as listed above"),
    ("a list of these", "several sources together, each with a weight where wanted: see docs/reference/config.md"),
)

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


@click.group("list")
def list_group() -> None:
    """List tasks, configs, plans, backbones, data sets or runs."""


@list_group.command()
@_json_option
def tasks(as_json: bool) -> None:
    """List the tasks that are installed, and what is wrong with those that cannot be used."""
    from ftsuite.registry import Registry

    found = Registry.discover().specs()
    terminal = Terminal(as_json=as_json)
    for task in found:
        fields = {"name": task.name, "summary": task.summary, "distribution": task.distribution}
        terminal.event("task", {**fields, "error": task.error})
    terminal.table(("task", "what it does", "from"), [(t.name, t.summary, t.distribution) for t in found])


@list_group.command()
@_json_option
def configs(as_json: bool) -> None:
    """List the configs that come with ftsuite."""
    from ftsuite.config import shipped_summaries

    found = shipped_summaries()
    terminal = Terminal(as_json=as_json)
    for name, summary in found.items():
        terminal.event("config", {"name": name, "summary": summary})
    terminal.table(("config", "what it does"), list(found.items()))
    terminal.line()
    terminal.line("Run one: ftsuite run NAME. A path to a YAML file of your own works as well.")


@list_group.command()
@_json_option
def plans(as_json: bool) -> None:
    """List the fine-tuning plans for `finetune.plan`."""
    from ftsuite.config import plan_summaries

    found = plan_summaries()
    terminal = Terminal(as_json=as_json)
    for plan in found:
        terminal.event("plan", {"name": plan.name, "summary": plan.summary, "paper": plan.paper})
    terminal.table(("plan", "what it does", "paper"), [(plan.name, plan.summary, plan.paper) for plan in found])
    terminal.line()
    terminal.line("Use one: ftsuite run bird-species --set finetune.plan=NAME, or `plan: NAME` under `finetune`.")
    terminal.line("The path of a file of your own works as well; it holds `summary:` and `finetune:`.")


@list_group.command()
@click.option("--all", "with_presets", is_flag=True, help="Also keras-hub's presets (imports it, about 10 s).")
@_json_option
def backbones(with_presets: bool, as_json: bool) -> None:
    """List the pretrained backbones for `backbone.name`."""
    from ftsuite.assets import catalogue
    from ftsuite.models.names import CATALOGUE_BACKBONES, CATALOGUE_TEXT_BACKBONES

    known = catalogue()
    terminal = Terminal(as_json=as_json)
    for modality, names in (("image", CATALOGUE_BACKBONES), ("text", CATALOGUE_TEXT_BACKBONES)):
        found = [known[name] for name in names if name in known]
        _show_assets(terminal, "backbone", found, heading=f"{modality} backbone", fields={"modality": modality})
        terminal.line()
    if with_presets:
        for modality, presets in _presets(terminal).items():
            for name, summary in presets:
                fields = {"name": name, "summary": summary, "origin": "keras-hub", "modality": modality}
                terminal.event("backbone", fields)
            terminal.table((f"keras-hub preset, {modality}", "what it is"), presets)
            terminal.line()
    else:
        terminal.line("The name of any keras-hub preset of a vision or text encoder works too (list them with --all),")
        terminal.line("and so does the path of a local preset folder; for texts, of a Hugging Face folder as well.")


@list_group.command()
@_json_option
def datasets(as_json: bool) -> None:
    """List data sets for `data.source`, and the forms that it takes."""
    from ftsuite.assets import catalogue

    terminal = Terminal(as_json=as_json)
    drawn = {"name": "field-guide", "summary": "birds that ftsuite draws itself; needs no download"}
    terminal.event("dataset", {**drawn, "origin": "drawn"})
    _show_assets(
        terminal,
        "dataset",
        [asset for asset in catalogue().values() if asset.kind == "dataset"],
        first=(drawn["name"], drawn["summary"], "none", "-"),
    )
    terminal.line()
    terminal.table(("data.source", "for data of your own"), _SOURCE_FORMS)


@list_group.command()
@click.option(
    "--dir",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where to look.",
)
@_json_option
def runs(root: Path, as_json: bool) -> None:
    """List runs, the newest first, with the figure that sums each up."""
    found = find_runs(root)
    terminal = Terminal(as_json=as_json)
    for run in found:
        fields = asdict(run)
        terminal.event("run", fields if run.unit else {key: fields[key] for key in fields if key != "unit"})
    if not found:
        terminal.line(f"No runs in {root}. Make one: ftsuite run bird-species")
        return
    columns = ("run", "config", "started (UTC)", "status", "test figure, 95 % interval")
    terminal.table(columns, [_run_row(run) for run in found])


def _run_row(run: RunSummary) -> tuple[str, ...]:
    figure = "-"
    if run.headline is not None and run.value is not None:
        form = "{:.4g}" if run.unit else "{:.3f}"
        figure = f"{run.headline} {form.format(run.value)}" + (f" {run.unit}" if run.unit else "")
        if run.interval is not None:
            figure += f" [{', '.join(map(form.format, run.interval))}]"
    return str(run.folder), run.config, run.started[:19].replace("T", " "), run.status, figure


def _show_assets(
    terminal: Terminal,
    event: str,
    found: Iterable[Asset],
    *,
    first: tuple[str, ...] | None = None,
    heading: str | None = None,
    fields: dict[str, str] | None = None,
) -> None:
    rows = [first] if first else []
    for asset in found:
        cached = _cached(asset)
        own = asset.model_dump(mode="json", include={"name", "summary", "size_bytes", "licence"})
        terminal.event(event, {**own, "origin": "catalogue", "cached": cached, **(fields or {})})
        rows.append((asset.name, asset.summary, f"{asset.size_bytes / 1e6:.0f} MB", cached))
    terminal.table((heading or event, "what it is", "download", "cached"), rows, right=("download",))


def _cached(asset: Asset) -> str:
    from ftsuite.assets import installed_folder

    try:
        return "no" if installed_folder(asset) is None else "yes"
    except ArtifactError:
        return "damaged"


def _presets(terminal: Terminal) -> dict[str, Sequence[tuple[str, str]]]:
    """keras-hub's presets that fit the suite, by modality."""
    from ftsuite.quiet import redirect_native_stderr

    terminal.note("Importing keras-hub, which takes about 10 seconds.")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with redirect_native_stderr(None):
        from ftsuite.models.preset_reading import vision_presets
        from ftsuite.models.text_families import text_presets

        vision = {name: _sentence(preset) for name, preset in vision_presets().items()}
        return {"image": sorted(vision.items()), "text": sorted(text_presets().items())}


def _sentence(preset: Any) -> str:
    metadata = preset.get("metadata", {}) if isinstance(preset, dict) else {}
    return " ".join(str(metadata.get("description", "")).split())
