"""The plots of an audit: sizes of pictures, lengths of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ftsuite.report.svg import FAINT, INK, TRAIN, VALIDATION, drawing_style, to_svg

_SIZE_INCHES = (5.2, 3.3)


def sizes_plot(points: Sequence[Sequence[int]], image_size: int | None) -> Markup:
    """Width against height of pictures, with the square that the model sees.

    Args:
        points: ``(width, height)`` pixels of each.
        image_size: pixels of the model's input; None where that is not known.
    """
    with drawing_style():
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        sizes = np.asarray(points, dtype=float)
        axes.plot(sizes[:, 0], sizes[:, 1], linestyle="none", marker="o", markersize=4, color=TRAIN, alpha=0.45)
        largest = float(sizes.max())
        if image_size is not None:
            largest = max(largest, float(image_size))
            axes.plot([image_size, image_size, 0], [0, image_size, image_size], color=VALIDATION, linewidth=1.5)
            axes.annotate(
                f"the model's {image_size}", (image_size, 0), (4, 4), textcoords="offset points", color=INK, fontsize=10
            )
        axes.set_xlim(0, largest * 1.05)
        axes.set_ylim(0, largest * 1.05)
        axes.set_xlabel("width in pixels")
        axes.set_ylabel("height in pixels")
        return to_svg(figure, "plot-sizes", "Width against height of the pictures")


def lengths_plot(edges: Sequence[int], counts: Sequence[int]) -> Markup:
    """How many texts have how many words, on a logarithmic scale of words.

    Args:
        edges: ``(k + 1,)`` words.
        counts: ``(k,)`` texts from one edge to below the next.
    """
    with drawing_style():
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.add_subplot()
        left, widths = np.asarray(edges[:-1], dtype=float), np.diff(np.asarray(edges, dtype=float))
        axes.bar(left, counts, width=widths, align="edge", color=TRAIN, alpha=0.75, edgecolor=FAINT, linewidth=0.4)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(False, which="minor")
        axes.set_xlabel("words")
        axes.set_ylabel("texts")
        return to_svg(figure, "plot-lengths", "How many texts have how many words")
