"""`ftsuite data prepare CONFIG`: write what a config trains on as records, once, so that runs open it at once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ftsuite.cli.polite_stop import take_sigterm_as_ctrl_c

if TYPE_CHECKING:
    from ftsuite.cli.terminal import Terminal

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[kmg]i?b)", re.IGNORECASE)


class ByteSize(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic in newer releases alone
    """A number of bytes as people write it: 256MB, 1.5 GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes; a usage error for anything else."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        size = int(float(match["number"]) * _UNITS[match["unit"].upper()]) if match else 0
        if size < 1:
            self.fail(f"Expected a size such as 256MB or 1GiB. Received: {value!r}", param, ctx)
        return size


@click.command("prepare")
@click.argument("config")
@click.option("--data", "data_source", metavar="SOURCE", help="Prepare this instead: a folder, folder:PATH, csv:PATH …")
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Override one key; may be given again.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write; by default records/<config>.")
@click.option("--shards", type=click.IntRange(1, 512), help="How many files to write.")
@click.option("--shard-size", type=ByteSize(), help="About how large a file is to be; by default 256MiB.")
@click.option(
    "--image-size",
    type=click.IntRange(8, 8192),
    metavar="PIXELS",
    help="Store pictures with a longer shorter side with so many pixels there, as JPEG of quality 95.",
)
@click.option("--verify", is_flag=True, help="Write nothing: check every byte of the records that lie in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: progress, the result last.")
def prepare(
    config: str,
    data_source: str | None,
    overrides: Sequence[str],
    out: Path | None,
    shards: int | None,
    shard_size: int | None,
    image_size: int | None,
    verify: bool,
    as_json: bool,
) -> None:
    """Write the data of CONFIG as records: a few large files that a run opens at once, whatever their number.

    Bytes, labels, splits and groups are kept, so a run with `--data records:DIR` gives the figures of a run with the
    source itself. Nothing is ever written over. A start that was stopped goes on where it was.

    \b
    ftsuite data prepare bird-species --data folder:photos --out photos-records
    ftsuite data prepare bird-species --data folder:photos --out photos-256 --image-size 256
    ftsuite data prepare bird-species --out photos-records --verify
    """  # noqa: D301 - click wants the control character
    from ftsuite.cli.terminal import Terminal
    from ftsuite.config import load_config, quoted_override, source_text
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.registry import Registry

    if shards is not None and shard_size is not None:
        raise click.UsageError("Expected --shards or --shard-size. Received: both.", click.get_current_context())
    named = [] if data_source is None else [quoted_override("data.source", data_source)]
    loaded = load_config(config, [*named, *overrides], options_model=Registry.discover().options_model)
    folder = out or _default_folder(source_text(loaded.config.data.source), loaded.name, verify)
    terminal = Terminal(as_json=as_json)
    if verify:
        _verify(folder, terminal)
        return
    take_sigterm_as_ctrl_c()
    with redirect_native_stderr(None), terminal.progress() as progress:
        from ftsuite.runs.prepare_data import SHARD_BYTES, prepare_data

        made = prepare_data(
            loaded.config,
            folder,
            shards=shards,
            shard_bytes=shard_size or SHARD_BYTES,
            image_size=image_size,
            progress=progress,
        )
    _show(made, config, terminal)


def _default_folder(source: Any, name: str, verify: bool) -> Path:
    from ftsuite.config import parse_source

    if verify and isinstance(source, str) and (reference := parse_source(source)).kind == "records":
        return Path(reference.value).expanduser()
    return Path("records") / name


def _verify(folder: Path, terminal: Terminal) -> None:
    from ftsuite.data.records.verify import verify_records

    with terminal.progress("files") as progress:
        head = verify_records(folder, progress)
    terminal.line(
        f"Whole: {head.examples:,} records in {_shards(head)}, {_size(head.size_bytes)}, every byte as "
        f"written: {folder}"
    )
    told = {"folder": str(folder), "examples": head.examples, "shards": len(head.shards), "bytes": head.size_bytes}
    terminal.event("result", {**told, "verified": True})


def _show(made: Any, config: str, terminal: Terminal) -> None:
    head = made.head
    kept = f", {made.shards_kept:,} of them by an earlier start" if made.shards_kept else ""
    terminal.line(
        f"Wrote {head.examples:,} records of {len(head.class_names):,} classes in {_shards(head)}{kept}: "
        f"{_size(head.size_bytes)} in {made.seconds:.0f} s."
    )
    # A note on smaller pictures begins with what was done to them.
    is_noted = any(note.startswith(head.pictures) for note in head.notes)
    for note in (*([head.pictures] if head.pictures and not is_noted else []), *head.notes):
        terminal.line(f"Note: {note}")
    quoted = shlex.quote(str(made.folder))
    terminal.line(f"Records:  {made.folder}")
    terminal.line(f"Train:    ftsuite run {shlex.quote(config)} --data records:{quoted}")
    terminal.line(f"Verify:   ftsuite data prepare {shlex.quote(config)} --out {quoted} --verify")
    told = {"folder": str(made.folder), "examples": head.examples, "shards": len(head.shards)}
    seconds = {"shards_kept": made.shards_kept, "seconds": round(made.seconds, 1)}
    terminal.event("result", {**told, "bytes": head.size_bytes, **seconds})


def _shards(head: Any) -> str:
    return "1 shard" if len(head.shards) == 1 else f"{len(head.shards):,} shards"


def _size(size_bytes: int) -> str:
    unit, name = next(
        ((1 << bits, name) for bits, name in ((30, "GiB"), (20, "MiB")) if size_bytes >> bits), (1024, "KiB")
    )
    return f"{size_bytes / unit:.1f} {name}"
