"""The page of a preview: self-contained, light and dark, for a screen of any width."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import numpy as np
import PIL.Image
from markupsafe import Markup

from ftsuite.report.preview_content import Preview
from ftsuite.report.templates import page_environment, resource

_JPEG_QUALITY = 90
# Larger pictures are shown at this size: a page of 24 examples stays near 2 MB.
_MOST_PIXELS = 256


def write_preview_page(path: Path, preview: Preview) -> None:
    """Write the page, as a whole or not at all."""
    environment = page_environment()
    environment.filters["picture"] = _data_uri
    is_text = any(view.windows for example in preview.examples for view in example.views)
    text = environment.get_template("preview.html.jinja").render(
        preview=preview, is_text=is_text, style=Markup(resource("report.css"))
    )
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _data_uri(pixels: np.ndarray) -> str:
    picture = PIL.Image.fromarray(pixels)
    picture.thumbnail((_MOST_PIXELS, _MOST_PIXELS))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
