"""Write the field guide's contact sheet: every species, a few pictures each, with its name.

python -m ftsuite.data.field_guide.contact_sheet docs/images/field_guide_contact_sheet.png
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np

from ftsuite.data.field_guide.examples import example_id
from ftsuite.data.field_guide.guide import FieldGuide
from ftsuite.data.field_guide.pen import Image
from ftsuite.data.field_guide.render import render

_INK = (40.0, 36.0, 34.0)


def contact_sheet(seed: int = 0, size: int = 96, pictures: int = 4, columns: int = 3, first: int = 0) -> Image:
    """All species in the guide's order, (height, width, 3) uint8, under a title that says they are rendered."""
    guide = FieldGuide.load()
    label, title, gap = 18, 34, 10
    rows = -(-len(guide.species) // columns)
    cell_width, cell_height = size * pictures + gap, size + label + 4
    sheet = np.full((title + rows * cell_height + gap, columns * cell_width + gap, 3), 250, np.uint8)
    text = f"ftsuite field guide: {len(guide.species)} species, rendered (not photographs), seed {seed}"
    _write(sheet, text, gap, 23, 0.55)
    for number, species in enumerate(guide.species):
        row, column = divmod(number, columns)
        x, y = gap + column * cell_width, title + row * cell_height
        _write(sheet, f"{species.name} ({species.scientific_name})", x, y + 13, 0.38)
        for index in range(pictures):
            picture = render(example_id("train", species, first + index), seed, size)
            sheet[y + label : y + label + size, x + index * size : x + (index + 1) * size] = picture
    return sheet


def _write(sheet: Image, text: str, x: int, y: int, height: float) -> None:
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, height, _INK, 1, cv2.LINE_AA)


def main(arguments: list[str]) -> None:
    """Write the sheet to the path given, through a temporary file beside it."""
    path = Path(arguments[0] if arguments else "docs/images/field_guide_contact_sheet.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    _, packed = cv2.imencode(".png", cv2.cvtColor(contact_sheet(), cv2.COLOR_RGB2BGR), settings)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(packed.tobytes())
    os.replace(temporary, path)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
