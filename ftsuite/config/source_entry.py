"""Several sources together: one entry of the list that ``data.source`` may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from ftsuite.config import checks
from ftsuite.config.section import Section
from ftsuite.config.source import parse_source

_OWN = "Of this source; null for that of `data`."

OptionalName = Annotated[str | None, Field(min_length=1)]


class SourceEntry(Section):
    """One of several sources: where it is, how much of an epoch it is, and its own columns."""

    source: str = Field(description="Where the examples are, in any form of `data.source`.")
    weight: float | None = Field(
        None,
        gt=0,
        description="How much of what an epoch shows is of this source, in proportion to the weights of the others: "
        "with 2 and 1 two of three training examples, however many each source has. Where any source has a weight, one "
        "without has 1; where none has, every example is shown once. Validation and test are left as they are.",
    )
    image_column: OptionalName = Field(None, description=f"Column with the path of the picture. {_OWN}")
    text_column: OptionalName = Field(None, description=f"Column with the text. {_OWN}")
    label_column: OptionalName = Field(None, description=f"Column with the name of the class. {_OWN}")
    group_column: OptionalName = Field(None, description=f"Column of what must not be on both sides. {_OWN}")
    data_dir: OptionalName = Field(None, description=f"Folder of prepared TensorFlow data sets. {_OWN}")
    manual_dir: OptionalName = Field(None, description=f"Folder of archives fetched by hand. {_OWN}")

    _source = field_validator("source")(checks.source_has_known_form)
    _bound = field_validator("image_column", "text_column", "label_column", "group_column", "data_dir", "manual_dir")(
        checks.key_fits_source
    )


def _kind(value: Any) -> str:
    return "text" if isinstance(value, str) else "several"


def _entry_kind(value: Any) -> str:
    return "text" if isinstance(value, str) else "entry"


Known = Annotated[str, AfterValidator(checks.source_has_known_form)]
# Told apart by hand: what is wrong is said of the alternative that was meant, and not of each.
Entry = Annotated[Annotated[Known, Tag("text")] | Annotated[SourceEntry, Tag("entry")], Discriminator(_entry_kind)]
Entries = Annotated[tuple[Entry, ...], Field(min_length=1, max_length=100)]
DataSource = Annotated[Annotated[Known, Tag("text")] | Annotated[Entries, Tag("several")], Discriminator(_kind)]


def entries_of(source: str | Sequence[str | SourceEntry]) -> tuple[SourceEntry, ...]:
    """All sources of a ``data.source``, one or several, as entries."""
    if isinstance(source, str):
        return (SourceEntry.model_construct(source=source),)
    return tuple(SourceEntry.model_construct(source=one) if isinstance(one, str) else one for one in source)


def source_weights(source: str | Sequence[str | SourceEntry]) -> tuple[float, ...] | None:
    """The weight of each source; None where none has one."""
    weights = [entry.weight for entry in entries_of(source)]
    return None if all(weight is None for weight in weights) else tuple(1.0 if w is None else w for w in weights)


def source_text(source: str | Sequence[str | SourceEntry]) -> str:
    """A ``data.source`` in one line, for messages and records."""
    return " + ".join(entry.source for entry in entries_of(source))


def source_names(source: str | Sequence[str | SourceEntry]) -> tuple[str, ...]:
    """A short name for each source, unlike the others': the last part of its path, or its own name."""
    names: list[str] = []
    for entry in entries_of(source):
        reference = parse_source(entry.source.strip())
        name = reference.value.strip().rstrip("/").rpartition("/")[2] or reference.kind
        same, number = name, 1
        while name in names:
            number += 1
            name = f"{same}-{number}"
        names.append(name)
    return tuple(names)
