"""The embedded data: birds that the suite draws itself, named by id and drawn when a batch needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftsuite.api import Examples

if TYPE_CHECKING:
    from ftsuite.config import DataConfig

NOTE = (
    "These pictures are rendered by ftsuite from a field guide; they are not photographs. "
    "Train on photographs with --data folder:PATH."
)


def load_field_guide(data: DataConfig, seed: int) -> Examples:
    """Ids, labels and official splits of the pictures that ``data.examples_per_class`` asks for."""
    # Imported here because the guide takes a moment to read that other sources need not wait for.
    from ftsuite.config import ExamplesPerClass
    from ftsuite.data.drawn_pictures import field_guide_input
    from ftsuite.data.field_guide import examples

    counts = (data.examples_per_class or ExamplesPerClass()).model_dump()
    drawn = examples(seed, counts)
    return Examples(
        ids=drawn.ids,
        inputs=tuple(field_guide_input(identifier, seed) for identifier in drawn.ids),
        labels=drawn.labels,
        class_names=drawn.class_names,
        content_hashes=drawn.content_hashes,
        kind="field-guide",
        splits=drawn.splits,
        notes=(NOTE,),
    )
