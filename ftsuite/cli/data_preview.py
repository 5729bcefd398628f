"""`ftsuite data preview CONFIG`: what the model will see, with labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click


@click.command("preview")
@click.argument("config")
@click.option("--data", "data_source", metavar="SOURCE", help="Preview this instead: a folder, folder:PATH, csv:PATH …")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override one key; may be given again.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file: a page (.html), or for pictures a contact sheet (.png); by default preview-<config>.html.",
)
@click.option("--count", type=click.IntRange(1, 1000), default=24, show_default=True, help="Most examples.")
@click.option(
    "--epochs", type=click.IntRange(0, 20), default=3, show_default=True, help="Epochs to show of each example."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Choose other examples; by default the config's seed.")
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True, help="Of what."
)
@click.option("--open", "open_it", is_flag=True, help="Open the file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, the result last.")
def preview(
    config: str,
    data_source: str | None,
    overrides: Sequence[str],
    out: Path | None,
    count: int,
    epochs: int,
    seed: int | None,
    split: str,
    open_it: bool,
    as_json: bool,
) -> None:
    """Show examples as the model of CONFIG will see them: augmented, resized or tokenised, with their labels.

    Nothing is trained. Weights are not read; only a tokenizer that lies with weights is fetched with them.

    \b
    ftsuite data preview bird-species
    ftsuite data preview bird-species --data folder:photos --out sheet.png
    ftsuite data preview sentiment --split validation --count 8
    """  # noqa: D301 - click wants the control character
    from ftsuite.backend import require_known_backend
    from ftsuite.cli.terminal import Terminal
    from ftsuite.config import load_config, quoted_override
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.registry import Registry
    from ftsuite.runs.begin import job_name

    require_known_backend()
    if out is not None and out.suffix.lower() not in (".html", ".png"):
        raise click.UsageError(f"--out must end in .html or .png. Received: {out}.", click.get_current_context())
    given = [quoted_override("data.source", data_source)] if data_source is not None else []
    loaded = load_config(config, [*given, *overrides], options_model=Registry.discover().options_model)
    terminal = Terminal(as_json=as_json)
    if _fetches_weights(loaded.config.backbone.name):
        terminal.note(f"The tokenizer of {loaded.config.backbone.name} lies with its weights: both are fetched.")
    path = out or Path(f"preview-{job_name(loaded)}.html")
    with redirect_native_stderr(None), terminal.progress() as progress:
        # Imported only now, so that Keras' start-up chatter is caught.
        from ftsuite.runs.preview import preview as make
        from ftsuite.runs.preview_file import require_writable, write_preview

        require_writable(path, loaded.config, chosen=out is not None)
        made = make(loaded, split=split, count=count, epochs=epochs, seed=seed, progress=progress)
        write_preview(path, made)
    for note in made.notes:
        terminal.line(note)
    terminal.line(f"Preview: {path}")
    terminal.event("result", {"file": str(path), **made.plain()})
    if open_it:
        click.launch(path.resolve().as_uri())


def _fetches_weights(backbone: str) -> bool:
    """Whether a preview must fetch what it does not need, because what it needs lies with it."""
    from ftsuite import assets
    from ftsuite.models.names import CATALOGUE_TEXT_BACKBONES

    return backbone in CATALOGUE_TEXT_BACKBONES and assets.installed_folder(assets.asset(backbone)) is None
