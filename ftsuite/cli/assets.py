"""`ftsuite assets`: what the catalogue offers, what the cache has, and whether it is whole."""

from __future__ import annotations

import json

import click


@click.group()
def assets() -> None:
    """List, pull or verify weights and data sets."""


@assets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_assets(as_json: bool) -> None:
    """List the catalogue and what of it is in the cache."""
    from ftsuite.assets import Asset, catalogue, home
    from ftsuite.cli.terminal import Terminal

    known = catalogue().values()
    if as_json:
        for asset in known:
            fields = asset.model_dump(mode="json", exclude={"members", "convert"})
            click.echo(json.dumps({**fields, "state": _state(asset)}, ensure_ascii=False))
        return

    def row(asset: Asset) -> list[str]:
        return [asset.name, asset.kind, f"{asset.size_bytes / 1e6:.0f} MB", asset.licence, _state(asset)]

    terminal = Terminal()
    columns = ["name", "kind", "download", "licence", "cached"]
    terminal.table(columns, [row(asset) for asset in known], right=["download"])
    terminal.line(f"Cache: {home()}")


@assets.command("pull")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "pull_all", is_flag=True, help="Pull everything in the catalogue.")
@click.option("--force", is_flag=True, help="Download and convert again what the cache already has.")
def pull(names: tuple[str, ...], pull_all: bool, force: bool) -> None:
    """Download weights and data sets into the cache."""
    from ftsuite.assets import asset, catalogue, ensure
    from ftsuite.cli.terminal import Terminal

    if bool(names) == pull_all:
        raise click.UsageError("Give the names to pull, or --all. `ftsuite assets list` shows them.")
    chosen = list(catalogue()) if pull_all else list(dict.fromkeys(names))
    for name in chosen:
        asset(name)  # an unknown name is an error before the first download, not after an hour of them
    terminal = Terminal()
    for name in chosen:
        with terminal.progress("kB") as show:
            folder = ensure(
                name,
                progress=lambda text, done, total, show=show: show(text, done // 1000, total // 1000),  # type: ignore[misc]
                force=force,
            )
        terminal.line(f"{name}: {folder}")


@assets.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify_assets(names: tuple[str, ...]) -> None:
    """Compare every byte of cached assets with what was installed (all of them by default)."""
    from ftsuite.assets import catalogue, verify
    from ftsuite.cli.terminal import Terminal
    from ftsuite.errors import ArtifactError

    terminal = Terminal()
    bad: list[str] = []
    for name in names or catalogue():
        faults = verify(name)
        if faults is None and not names:
            continue
        found = ["not in the cache"] if faults is None else list(faults)
        bad += [name] * bool(found)
        terminal.line(f"{name}: {'; '.join(found) or 'whole'}")
    if bad:
        raise ArtifactError(
            f"Every asset should be as it was installed. Received: {len(bad)} not so: {', '.join(bad)}.",
            f"Pull them again: ftsuite assets pull --force {' '.join(bad)}",
        )


def _state(asset: object) -> str:
    from ftsuite.assets import Asset, installed_folder
    from ftsuite.errors import ArtifactError

    assert isinstance(asset, Asset)
    try:
        return "no" if installed_folder(asset) is None else "yes"
    except ArtifactError:
        return "damaged"
