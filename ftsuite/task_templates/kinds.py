"""The kinds of tasks that there are templates for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ftsuite.task_templates import example_data


@dataclass(frozen=True)
class Kind:
    """One kind of task.

    Attributes:
        name: for `--kind`.
        help: one line on what it is for.
        summary: what the made task says of itself.
        data_words: what its generated data are.
        source: of these data, as ``folder:PATH`` with the folder that holds them in the place of PATH.
        write_data: writes them into a folder that is there.
        modality: ``image`` or ``text``.
        classifies: whether it answers with one class of several.
    """

    name: str
    help: str
    summary: str
    data_words: str
    source: str
    write_data: Callable[[Path], None]
    modality: str = "image"
    classifies: bool = True

    def template(self, part: str) -> str:
        """The name of its template for a part: ``spec``, ``task`` or ``config``."""
        return f"{self.name.replace('-', '_')}.{part}.jinja"


_ALL = (
    Kind(
        "image-classification",
        "a picture to one class of several",
        "Pictures to one class each.",
        "120 pictures of circles, squares and triangles, a folder each",
        "folder:PATH",
        example_data.write_shapes,
    ),
    Kind(
        "text-classification",
        "a text to one class of several",
        "Texts to one class each.",
        "a table of 120 short requests to a shop, of three topics",
        "csv:PATH/texts.csv",
        example_data.write_texts,
        modality="text",
    ),
    Kind(
        "image-regression",
        "a number from a picture",
        "A number from a picture.",
        "120 pictures of discs, and a table of their diameters",
        "csv:PATH/discs.csv",
        example_data.write_discs,
        classifies=False,
    ),
    Kind(
        "multi-label",
        "all labels that apply to a picture",
        "All labels that apply to a picture.",
        "120 pictures that hold none, some or all of three shapes, and a table of which",
        "csv:PATH/shapes.csv",
        example_data.write_shape_sets,
        classifies=False,
    ),
    Kind(
        "bare",
        "anything else: every method written out, on the example of pictures to classes",
        "Pictures to one class each, by a model of its own.",
        "120 pictures of circles, squares and triangles, a folder each",
        "folder:PATH",
        example_data.write_shapes,
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
