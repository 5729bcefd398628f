"""From a matplotlib figure to SVG that lives in a page: coloured by the page's CSS, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import matplotlib
import matplotlib.style
from markupsafe import Markup
from matplotlib.figure import Figure

# matplotlib knows no CSS: each of these colours stands for a custom property and is exchanged for it.
INK = "#010203"
FAINT = "#010204"
TRAIN = "#010205"
VALIDATION = "#010206"
PAPER = "#010207"
_PROPERTIES: Mapping[str, str] = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    TRAIN: "var(--train)",
    VALIDATION: "var(--validation)",
    PAPER: "var(--paper)",
}
_SETTINGS: Mapping[str, object] = {
    "svg.fonttype": "none",  # text stays text: the reader's own font, selectable, small
    "svg.hashsalt": "ftsuite",  # the same figure gives the same bytes
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 12.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "figure.facecolor": "none",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw with these settings, whatever the user's matplotlibrc says, and leave no trace of them."""
    with matplotlib.style.context(["default", dict(_SETTINGS)]):
        yield


def to_svg(figure: Figure, name: str, alt: str) -> Markup:
    """Turn a figure into an inline `<svg>`, safe to put into HTML.

    Args:
        figure: drawn within `drawing_style`, in the colours of this module.
        name: of letters and hyphens; keeps this picture's element ids apart from the others'.
        alt: what the picture shows, for those who do not see it.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for color, css in _PROPERTIES.items():
        text = text.replace(color, css)
    head = Markup('<svg class="plot" role="img" aria-label="{}"').format(alt)
    # The picture takes the width that the page gives it; the viewBox keeps its proportions.
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    return Markup(text.replace("<svg", str(head), 1))
