"""`ftsuite predict RUN INPUT…`: what a run's model says of texts or pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("reference", metavar="RUN")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("--column", metavar="NAME", help="The column of a table that holds the texts or the pictures' paths.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a row an input to FILE: .csv, .jsonl or .parquet.",
)
@click.option("--force", is_flag=True, help="Replace FILE where it exists.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many classes to show, or of many answers the largest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an input; with --output one at the end.")
def predict(
    reference: str,
    inputs: Sequence[str],
    column: str | None,
    output: Path | None,
    force: bool,
    top: int,
    as_json: bool,
) -> int:
    """Answer with the model of RUN (a run folder, or `last`): to texts, or pictures, as the run has learnt.

    An INPUT is a text, or a picture or a folder of pictures; `-` reads stdin, a line an input; a file that ends in
    .txt is read as lines, and .csv, .jsonl and .parquet as tables. Paths in a file are relative to its folder. Files
    may be of any size, and the order is kept.

    \b
    ftsuite predict last "What a film." "What a bore."
    ftsuite predict last reviews.csv --column body --output predicted.csv
    cat reviews.txt | ftsuite predict last - --json

    An input that cannot be used gets a row that says why, and the command then ends with exit code 3 after all the
    others.
    """  # noqa: D301 - click wants the control character
    from ftsuite.backend import require_known_backend
    from ftsuite.cli.terminal import Terminal
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.runs.folder import resolve_run
    from ftsuite.runs.load import require_model, run_kind
    from ftsuite.runs.prediction_inputs import open_inputs
    from ftsuite.runs.prediction_outputs import check_output

    require_known_backend()
    folder = resolve_run(reference, to_predict=True)
    require_model(folder)
    sources = open_inputs(inputs, run_kind(folder), column, _stdin_lines)
    if output is not None:
        output = output.expanduser()
        check_output(output, force)
    elif force:
        raise click.UsageError("--force goes with --output only.")
    terminal = Terminal(as_json=as_json)
    with redirect_native_stderr(None):
        from ftsuite.runs.load import load_run
        from ftsuite.runs.prediction_answers import answer_inputs

        loaded = load_run(folder)
        chunks = answer_inputs(loaded, sources)
        if output is None:
            problems = _print(chunks, loaded, terminal, top)
        else:
            problems = _write(chunks, loaded, terminal, sources, output)
    return _exit_code(problems)


def _stdin_lines() -> Iterable[bytes]:
    return sys.stdin.buffer


def _print(chunks: Iterator[Any], loaded: Any, terminal: Any, top: int) -> int:
    """Show rows as they are made; returns how many inputs could not be used."""
    problems = count = 0
    names, kind = loaded.class_names, loaded.kind
    for answers in chunks:
        columns, numbers, rows, cells = _shown(answers, loaded.classifies, names, kind, top)
        for row in rows:
            terminal.event("prediction", row)
        _show_table(terminal, columns, cells, numbers)
        problems += sum(answer.probabilities is None for answer in answers)
        count += len(answers)
    _require_any(count)
    return problems


def _shown(answers: Sequence[Any], classifies: bool, names: Sequence[str], kind: str, top: int) -> tuple[Any, ...]:
    """The columns of a table, which of them are numbers, the answers as JSON, and as cells of the table."""
    from ftsuite.cli.predict_rows import answer_cells, answer_columns, json_answers, json_row, table_cells

    columns: tuple[str, ...]
    if classifies:
        columns = ("text" if kind == "text" else "picture", "prediction", "probability", "next")
        rows = [json_row(answer, names, top) for answer in answers]
        return columns, ("probability",), rows, [table_cells(answer, names, top, kind) for answer in answers]
    columns = answer_columns(names, kind)
    rows = [json_answers(answer, names) for answer in answers]
    right = [] if len(columns) < len(names) else columns[1:]
    return columns, right, rows, [answer_cells(answer, names, top, kind) for answer in answers]


def _show_table(terminal: Any, columns: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[str]) -> None:
    try:
        terminal.table(columns, cells, right=numbers)
    except SystemExit as stop:
        # Rich ends the process where its reader has gone; that is for the error boundary to do.
        if isinstance(stop.__context__, BrokenPipeError):
            raise stop.__context__ from None
        raise


def _write(chunks: Iterator[Any], loaded: Any, terminal: Any, sources: Sequence[Any], output: Path) -> int:
    """Write the file; returns how many inputs could not be used."""
    from ftsuite.runs.prediction_outputs import Rows, prediction_file

    problems = count = 0
    with (
        prediction_file(output, Rows(sources, loaded.class_names, classifies=loaded.classifies)) as file,
        terminal.progress("inputs") as progress,
    ):
        for answers in chunks:
            file.write(answers)
            problems += sum(answer.probabilities is None for answer in answers)
            count += len(answers)
            progress("Predicting", count, 0)
        _require_any(count)
    terminal.event("result", {"output": str(output), "inputs": count, "errors": problems})
    told = f", {problems:,} of them with an error" if problems else ""
    terminal.line(f"Wrote {count:,} {'row' if count == 1 else 'rows'} to {output}{told}.")
    return problems


def _require_any(count: int) -> None:
    from ftsuite.errors import DataError

    if not count:
        raise DataError("Expected at least one input. Received: none.", "Give files that hold rows, or lines on stdin.")


def _exit_code(problems: int) -> int:
    from ftsuite.errors import DataError

    return DataError.exit_code if problems else 0
