"""`ftsuite run CONFIG`: fine-tune, test, and leave a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ftsuite.cli.polite_stop import take_sigterm_as_ctrl_c


@click.command()
@click.argument("config")
@click.option(
    "--data", "data_source", metavar="SOURCE", help="Train on this instead: a folder, a zip or tar archive, csv:PATH …"
)
@click.option("--backbone", metavar="NAME", help="Start from this backbone instead.")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override one key; may be given again.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder; by default runs/<config>/<time>-<hash>.")
@click.option(
    "--resume", is_flag=True, help="Go on with an unfinished run: that of --out, or the newest of this config."
)
@click.option(
    "--dry-run", is_flag=True, help="Build everything, train two steps a stage, and say what a run will cost."
)
@click.option(
    "--find-learning-rate",
    is_flag=True,
    help="Try rising rates at the start of each stage, and suggest one; no run comes of it.",
)
@click.option(
    "--folds",
    type=click.IntRange(2, 100),
    metavar="N",
    help="Cross-validate: N runs, each tested on another part of the data, and the figures of all together.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: events, the result last.")
def run(
    config: str,
    data_source: str | None,
    backbone: str | None,
    overrides: Sequence[str],
    out: Path | None,
    resume: bool,
    dry_run: bool,
    find_learning_rate: bool,
    folds: int | None,
    as_json: bool,
) -> None:
    """Fine-tune a model as CONFIG says (a shipped name or a YAML file), and test it.

    \b
    ftsuite run bird-species
    ftsuite run bird-species --data folder:photos --out runs/mine
    ftsuite run bird-species --data photos.zip --set data.sample=500
    ftsuite run bird-species --set seed=1 --set finetune.stages.0.for="2 epochs"
    ftsuite run bird-species --find-learning-rate
    ftsuite run sentiment --folds 5
    """  # noqa: D301 - click wants the control character
    from ftsuite.backend import require_known_backend
    from ftsuite.cli.errors import remember_run_folder
    from ftsuite.cli.folds import fold_overrides, run_and_show_folds
    from ftsuite.cli.run_display import RunDisplay
    from ftsuite.cli.terminal import Terminal
    from ftsuite.config import load_config
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.registry import Registry
    from ftsuite.runs.begin import begin
    from ftsuite.runs.folder import CONFIG, LOG, discard_unstarted
    from ftsuite.runs.folds_folder import CONFIG as FOLDS_CONFIG
    from ftsuite.runs.folds_folder import asks_for_folds, refuse_single_fold
    from ftsuite.runs.own_metrics import check_outcome

    require_known_backend()
    if find_learning_rate:
        _refuse_together(resume, dry_run)
    if resume and out is None and Path(config).name in (CONFIG, FOLDS_CONFIG):
        out = Path(config).parent
    model_of = Registry.discover().options_model
    loaded = load_config(
        config, [*_overrides(data_source, backbone, overrides), *fold_overrides(folds)], options_model=model_of
    )
    check_outcome(loaded, imports_plugins=False)
    terminal = Terminal(as_json=as_json)
    take_sigterm_as_ctrl_c()
    if dry_run:
        with redirect_native_stderr(None), RunDisplay(terminal) as display:
            _dry_run(loaded, display)
        return
    if find_learning_rate:
        refuse_single_fold(loaded, "--find-learning-rate")
        from ftsuite.cli.find_learning_rate import find_and_show

        find_and_show(loaded, out, terminal)
        return
    if asks_for_folds(loaded):
        run_and_show_folds(loaded, out, resume, terminal)
        return
    folder = begin(loaded, out, resume)
    remember_run_folder(folder)
    log = folder / LOG
    try:
        with terminal.logged_to(log), redirect_native_stderr(log), RunDisplay(terminal) as display:
            terminal.line(f"Run folder: {folder}")
            _execute(loaded, folder, resume, terminal, display)
    except BaseException:
        if not resume:
            discard_unstarted(folder)
        raise


def _refuse_together(resume: bool, dry_run: bool) -> None:
    for name, given in (("--resume", resume), ("--dry-run", dry_run)):
        if given:
            raise click.UsageError(
                f"--find-learning-rate is a test of its own and cannot go with {name}. Received: both.",
                click.get_current_context(),
            )


def _execute(loaded: Any, folder: Path, resume: bool, terminal: Any, display: Any) -> None:
    from ftsuite.errors import FtsuiteError

    try:
        # Imported only now, so that Keras' start-up chatter goes to the log.
        from ftsuite.runs.execute import execute

        result = execute(loaded, folder=folder, resume=resume, listener=display.show, progress=display.progress)
    except FtsuiteError as error:
        terminal.log(f"error: {error}")
        raise
    display.summarize(result)


def _dry_run(loaded: Any, display: Any) -> None:
    from ftsuite.cli.folds import folds_cost
    from ftsuite.runs.dry_run import dry_run
    from ftsuite.runs.folds_folder import asks_for_folds, fold_count, of_fold

    every_fold = asks_for_folds(loaded)
    one = of_fold(loaded, 1) if every_fold else loaded
    cost = dry_run(one, listener=display.show, progress=display.progress)
    display.show_cost(folds_cost(cost, fold_count(loaded)) if every_fold else cost)


def _overrides(data_source: str | None, backbone: str | None, overrides: Sequence[str]) -> list[str]:
    """The named options as overrides; those that are spelled out by --set come last and win."""
    from ftsuite.config import quoted_override

    found: list[str] = []
    if data_source is not None:
        found.append(quoted_override("data.source", data_source))
    if backbone is not None:
        found.append(quoted_override("backbone.name", backbone))
    return [*found, *overrides]
