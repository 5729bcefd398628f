"""Which columns of a table hold what: those that the config names, else those with the usual names."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftsuite.errors import ConfigError

if TYPE_CHECKING:
    from ftsuite.config import DataConfig

USUAL_IMAGE_NAMES = ("image", "image_path", "path", "file", "filename", "file_name", "filepath", "picture")
USUAL_TEXT_NAMES = ("text", "sentence", "review", "document", "content")
USUAL_LABEL_NAMES = ("label", "class", "category", "species", "target")


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names; exactly one of `image` and `text` is not empty.

    Attributes:
        label: the class name.
        image: a picture's path.
        text: the text itself.
        group: what must stay on one side of a split; empty where none.
        time: what a split forward in time goes by; empty where none.
        notes: which columns were chosen by their usual name.
    """

    label: str
    image: str
    text: str
    group: str
    notes: tuple[str, ...] = ()
    time: str = ""


def choose_columns(names: list[str], data: DataConfig, path: Path) -> Columns:
    """Choose columns from a table's header.

    Raises:
        ConfigError: a named column is not there, or none with a usual name is there, or both a picture's and
            a text's are.
    """
    for key in ("image_column", "text_column", "label_column", "group_column", "time_column"):
        wanted = getattr(data, key)
        if wanted is not None and wanted not in names:
            raise _not_there(key, wanted, names, path)
    if data.image_column and data.text_column:
        raise ConfigError(
            "Expected either data.image_column or data.text_column. "
            f"Received both: {data.image_column!r} and {data.text_column!r}.",
            "Remove the one that does not hold what is to be learnt from.",
        )
    label = data.label_column or _usual(USUAL_LABEL_NAMES, names)
    if not label:
        raise _unnamed("label_column", USUAL_LABEL_NAMES, names, path)
    image, text = data.image_column or "", data.text_column or ""
    if not image and not text:
        image, text = _usual(USUAL_IMAGE_NAMES, names), _usual(USUAL_TEXT_NAMES, names)
        if image and text:
            raise ConfigError(
                f"Expected to see which column of {str(path)!r} to learn from. Received: pictures' paths in "
                f"{image!r} "
                f"or texts in {text!r}.",
                f"Set data.image_column: {image} or data.text_column: {text}.",
            )
    if label in (image, text):
        raise ConfigError(
            f"Expected a column of labels besides that of the {'pictures' if image else 'texts'}. Received: {label!r} "
            "for both.",
            f"Set data.label_column. The columns of {str(path)!r} are {', '.join(map(repr, names))}.",
        )
    if not image and not text:
        raise _unnamed("image_column or data.text_column", (*USUAL_IMAGE_NAMES, *USUAL_TEXT_NAMES), names, path)
    taken = [
        name
        for name, key in ((image or text, data.image_column or data.text_column), (label, data.label_column))
        if key is None
    ]
    notes = (f"Columns taken by their usual names: {', '.join(map(repr, taken))}.",) if taken else ()
    return Columns(
        label=label, image=image, text=text, group=data.group_column or "", notes=notes, time=data.time_column or ""
    )


def choose_text_column(names: list[str], wanted: str | None, path: Path) -> str:
    """The column of a table that holds texts, where labels are not needed.

    Raises:
        ConfigError: `wanted` is not there, or None and no column has a usual name.
    """
    if wanted is not None and wanted not in names:
        raise _not_there("text_column", wanted, names, path)
    chosen = wanted or _usual(USUAL_TEXT_NAMES, names) or (names[0] if len(names) == 1 else "")
    if not chosen:
        raise _unnamed("text_column", USUAL_TEXT_NAMES, names, path)
    return chosen


def _usual(usual: tuple[str, ...], names: list[str]) -> str:
    lowered = {name.strip().lower(): name for name in reversed(names)}
    return next((lowered[name] for name in usual if name in lowered), "")


def _not_there(key: str, wanted: str, names: list[str], path: Path) -> ConfigError:
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.3)
    nearest = f"; the nearest is {near[0]!r}" if near else ""
    return ConfigError(
        f"Expected data.{key} to be a column of {str(path)!r}{nearest}. Received: {wanted!r}",
        f"Its columns are {', '.join(map(repr, names))}.",
    )


def _unnamed(key: str, usual: tuple[str, ...], names: list[str], path: Path) -> ConfigError:
    return ConfigError(
        f"Expected data.{key} to be set, or a column with a usual name ({', '.join(usual)}) in "
        f"{str(path)!r}. "
        f"Received columns: {', '.join(map(repr, names))}.",
        f"Set data.{key}.",
    )
