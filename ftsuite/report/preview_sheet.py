"""The contact sheet of a preview: one PNG with every example a row of pictures, under the name of its class."""

from __future__ import annotations

import os
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from ftsuite.report.preview_content import Preview, PreviewExample

_PAPER, _INK, _MUTED, _MIXED = (255, 255, 255), (27, 31, 36), (89, 98, 109), (194, 84, 28)
_PICTURE, _GAP, _MARGIN = 112, 6, 20
_HEADING, _LABEL, _CAPTION = 74, 22, 46
_WIDEST = 1260
_MOST_SHARES = 2


def write_preview_sheet(path: Path, preview: Preview) -> None:
    """Write the sheet, as a whole or not at all; for previews of pictures."""
    sheet = preview_sheet(preview)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        sheet.save(partial, "PNG", optimize=True)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def preview_sheet(preview: Preview) -> PIL.Image.Image:
    """The sheet as a picture."""
    views = max(len(example.views) for example in preview.examples)
    width = views * (_PICTURE + _GAP) - _GAP
    columns = max(1, min((_WIDEST - _MARGIN) // (width + _MARGIN), len(preview.examples)))
    rows = -(-len(preview.examples) // columns)
    height = _LABEL + _PICTURE + _CAPTION
    size = (max(columns * (width + _MARGIN) + _MARGIN, 640), _HEADING + rows * (height + _GAP) + _MARGIN)
    sheet = PIL.Image.new("RGB", size, _PAPER)
    draw = PIL.ImageDraw.Draw(sheet)
    _write(draw, (_MARGIN, 16), f"{preview.job}: what the model will see", 20, size[0] - 2 * _MARGIN)
    facts = " · ".join(f"{name}: {value}" for name, value in preview.facts.items())
    _write(draw, (_MARGIN, 44), facts, 13, size[0] - 2 * _MARGIN, _MUTED)
    for number, example in enumerate(preview.examples):
        row, column = divmod(number, columns)
        place = (_MARGIN + column * (width + _MARGIN), _HEADING + row * (height + _GAP))
        _draw_example(sheet, draw, example, place, width)
    return sheet


def _draw_example(
    sheet: PIL.Image.Image, draw: PIL.ImageDraw.ImageDraw, example: PreviewExample, place: tuple[int, int], width: int
) -> None:
    left, top = place
    _write(draw, (left, top), example.label, 14, width)
    for number, view in enumerate(example.views):
        x, y = left + number * (_PICTURE + _GAP), top + _LABEL
        assert view.pixels is not None, "a sheet is of pictures"
        picture = PIL.Image.fromarray(view.pixels)
        scale = _PICTURE / max(picture.size)
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
        sheet.paste(picture, (x, y))
        _write(draw, (x, y + _PICTURE + 2), view.title, 11, _PICTURE, _MUTED)
        for line, (name, share) in enumerate(view.shares[:_MOST_SHARES] if view.is_mixed else ()):
            where = (x, y + _PICTURE + 15 + 13 * line)
            _write(draw, where, f"{100 * share:.0f} % {name}", 11, _PICTURE, _MIXED)


def _write(
    draw: PIL.ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    width: int,
    colour: tuple[int, int, int] = _INK,
) -> None:
    """Write a line, cut where it would be wider than its place."""
    font = PIL.ImageFont.load_default(size)
    # Control characters would break the line.
    shown = "".join(character if character.isprintable() else "�" for character in text)
    if draw.textlength(shown, font) > width:
        while shown and draw.textlength(shown + "…", font) > width:
            shown = shown[:-1]
        shown += "…"
    draw.text(place, shown, colour, font)
