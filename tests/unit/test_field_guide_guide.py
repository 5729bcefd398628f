"""The field guide's species: complete, distinct, and strict about what stands in the file."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pydantic
import pytest

from ftsuite.data.field_guide import FieldGuide, Species
from ftsuite.data.field_guide import guide as guide_module
from ftsuite.data.field_guide.guide import Colours, Plumage
from ftsuite.data.field_guide.look import resolve
from ftsuite.errors import DataError

_SHIPPED = Path(guide_module.__file__).with_name("species.yaml")


def test_guide_has_24_species_of_both_continents_with_look_alikes() -> None:
    guide = FieldGuide.load()
    assert len(guide.class_names) == len(set(guide.class_names)) == 24
    assert guide.class_names[0] == "Northern Cardinal"
    assert len({species.scientific_name for species in guide.species}) == 24
    assert {"North America", "Europe"} <= {species.region for species in guide.species}
    assert sum(bool(species.like) for species in guide.species) >= 12
    assert sum(len(species.plumages) > 1 for species in guide.species) >= 8


def test_every_part_has_a_colour_even_where_the_guide_leaves_it_out() -> None:
    for species in FieldGuide.load().species:
        for plumage in species.plumages.values():
            for part in Colours.model_fields:
                assert len(resolve(plumage.colours, part)) == 3


def _colours(plumage: Plumage) -> np.ndarray:
    return np.array([resolve(plumage.colours, part) for part in Colours.model_fields])


def _marks(plumage: Plumage) -> dict[str, object]:
    return plumage.marks.model_dump(exclude_none=True)


def _differ(first: Species, second: Species) -> bool:
    """Whether every plumage of one differs from every plumage of the other in a colour, a mark or the bill."""
    for one in first.plumages.values():
        for other in second.plumages.values():
            colour = np.abs(_colours(one) - _colours(other)).mean(axis=1).max() > 25
            marks = set(_marks(one)) != set(_marks(other))
            bill = abs(first.shape.bill.length - second.shape.bill.length) > 0.3
            if not (colour or marks or bill):
                return False
    return True


def test_species_differ_in_a_colour_a_mark_or_the_bill() -> None:
    pairs = combinations(FieldGuide.load().species, 2)
    assert [(one.name, other.name) for one, other in pairs if not _differ(one, other)] == []


def test_hairy_woodpecker_differs_from_downy_by_its_bill_and_clean_tail() -> None:
    species = {entry.name: entry for entry in FieldGuide.load().species}
    downy, hairy = species["Downy Woodpecker"], species["Hairy Woodpecker"]
    assert hairy.shape.bill.length > 2 * downy.shape.bill.length
    assert downy.plumages["male"].marks.tail_barring is not None
    assert hairy.plumages["male"].marks.tail_barring is None


def test_guide_is_frozen() -> None:
    with pytest.raises(pydantic.ValidationError):
        FieldGuide.load().species[0].name = "Dodo"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            'mask: {colour: "#15100f"}',
            'masque: {colour: "#15100f"}',
            "Northern Cardinal.plumages.male.marks.masque",
        ),
        (
            "scientific_name: Cardinalis cardinalis",
            "scientific_name: cardinal",
            "Northern Cardinal.scientific_name",
        ),
        ('body: "#cf1f28"', 'body: "red"', "Northern Cardinal.plumages.male.colours.body"),
        ("like: [Summer Tanager]", "like: [Dodo]", "Dodo"),
        ("name: Summer Tanager", "name: Northern Cardinal", "stands twice"),
        ("tilt_degrees: 32", "tilt_degrees: 320", "Northern Cardinal.shape.tilt_degrees"),
        ("format: 1", "format: 1\nformat: 1", "YAML"),
    ],
)
def test_wrong_entries_are_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = _SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "species.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        FieldGuide.load(path)
    assert named in caught.value.message
    assert "Received" in caught.value.message


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.yaml"):
        FieldGuide.load(tmp_path / "absent.yaml")
