"""`ftsuite predict RUN PICTURE…`: what a run's model says of pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


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
    from ftsuite.cli.terminal import Terminal
    from ftsuite.errors import DataError
    from ftsuite.quiet import redirect_native_stderr
    from ftsuite.runs.folder import resolve_run

    folder = resolve_run(reference)
    terminal = Terminal(as_json=as_json)
    paths = _expand(pictures)
    with redirect_native_stderr(None):
        from ftsuite.runs.load import load_run

        loaded = load_run(folder)
        rows = [_predict_one(loaded, path, top) for path in paths]
    for row in rows:
        terminal.event("prediction", row)
    terminal.table(
        ("picture", "prediction", "probability", "next"), [_cells(row) for row in rows], right=("probability",)
    )
    return DataError.exit_code if any("error" in row for row in rows) else 0


def _expand(pictures: Sequence[str]) -> list[Path]:
    from ftsuite.data.sources.walking import walk_files

    found: list[Path] = []
    for picture in pictures:
        path = Path(picture).expanduser()
        found.extend(walk_files(path, Counter()).files if path.is_dir() else [path])
    return found


def _predict_one(loaded: Any, path: Path, top: int) -> dict[str, Any]:
    from ftsuite.errors import DataError

    try:
        probabilities = loaded.predict([path])[0]
    except DataError as error:
        return {"input": str(path), "error": error.message}
    order = probabilities.argsort()[::-1][:top]
    ranked = [{"class": loaded.class_names[i], "probability": float(probabilities[i])} for i in order]
    return {
        "input": str(path),
        "prediction": ranked[0]["class"],
        "probability": ranked[0]["probability"],
        "top": ranked,
    }


def _cells(row: dict[str, Any]) -> tuple[str, str, str, str]:
    if "error" in row:
        return (row["input"], f"error: {row['error']}", "", "")
    rest = ", ".join(f"{item['class']} {item['probability']:.3f}" for item in row["top"][1:])
    return (row["input"], row["prediction"], f"{row['probability']:.3f}", rest)
