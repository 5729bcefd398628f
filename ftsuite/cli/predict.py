"""`ftsuite predict RUN PICTURE…`: what a run's model says of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

_BATCH = 32


@click.command()
@click.argument("reference", metavar="RUN")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")
@click.option("--top", type=click.IntRange(min=1), default=3, show_default=True, help="How many classes to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture.")
def predict(reference: str, pictures: Sequence[str], top: int, as_json: bool) -> int:
    """Classify pictures with the model of RUN (a run folder, or `last`).

    A folder stands for the pictures in it. A picture that cannot be read gets a row that says why, and the
    command then ends with exit code 3 after all the others.
    """
    from ftsuite.backend import require_known_backend
    from ftsuite.cli.terminal import Terminal
    from ftsuite.errors import DataError
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.runs.folder import resolve_run

    require_known_backend()
    folder = resolve_run(reference)
    terminal = Terminal(as_json=as_json)
    paths = _expand(pictures)
    with redirect_native_stderr(None):
        from ftsuite.runs.load import load_run

        loaded = load_run(folder)
        rows = [
            row for start in range(0, len(paths), _BATCH) for row in _rows(loaded, paths[start : start + _BATCH], top)
        ]
    for row in rows:
        terminal.event("prediction", row)
    terminal.table(
        ("picture", "prediction", "probability", "next"), [_cells(row) for row in rows], right=("probability",)
    )
    return DataError.exit_code if any("error" in row for row in rows) else 0


def _expand(pictures: Sequence[str]) -> list[Path]:
    from ftsuite.data.sources.walking import walk_files
    from ftsuite.errors import DataError

    found: list[Path] = []
    for picture in pictures:
        path = Path(picture).expanduser()
        inside = walk_files(path, Counter()).files if path.is_dir() else [path]
        if not inside:
            raise DataError(f"The folder {path} must hold pictures. Received: none.", "Name another folder or a file.")
        found.extend(inside)
    return found


def _rows(loaded: Any, paths: Sequence[Path], top: int) -> list[dict[str, Any]]:
    """One row a picture; those that can be read go through the model together."""
    from ftsuite.errors import DataError
    from ftsuite.runs.load import read_pixels

    rows: list[dict[str, Any]] = []
    readable: list[Any] = []
    for path in paths:
        row: dict[str, Any] = {"input": str(path)}
        try:
            readable.append(read_pixels(path))
        except DataError as error:
            row["error"] = error.message
        rows.append(row)
    answers = iter(loaded.predict(readable))
    for row in rows:
        if "error" not in row:
            row.update(_ranked(loaded.class_names, next(answers), top))
    return rows


def _ranked(class_names: Sequence[str], probabilities: Any, top: int) -> dict[str, Any]:
    order = probabilities.argsort()[::-1][:top]
    ranked = [{"class": class_names[i], "probability": float(probabilities[i])} for i in order]
    return {"prediction": ranked[0]["class"], "probability": ranked[0]["probability"], "top": ranked}


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    if "error" in row:
        return (row["input"], f"error: {row['error']}", "", "")
    rest = ", ".join(f"{item['class']} {item['probability']:.3f}" for item in row["top"][1:])
    return (row["input"], row["prediction"], f"{row['probability']:.3f}", rest)
