"""The field guide: what each species looks like, read from `species.yaml` and checked.

Every class is frozen and refuses unknown keys, so that a slip in the guide is named with the species
and the field it is in instead of quietly drawing a different bird. Nothing here draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import ruamel.yaml

from ftsuite.errors import DataError

Rgb = tuple[float, float, float]


def _parse_colour(value: object) -> object:
    """'#c8202a' to (200.0, 32.0, 42.0); anything else is left for pydantic to refuse."""
    if isinstance(value, str) and len(value) == 7 and value.startswith("#"):
        try:
            return tuple(float(int(value[at : at + 2], 16)) for at in (1, 3, 5))
        except ValueError:
            pass
    if isinstance(value, str):
        raise ValueError('expected a colour as a quoted "#rrggbb"')
    return value


Colour = Annotated[Rgb, pydantic.BeforeValidator(_parse_colour)]
Factor = Annotated[float, pydantic.Field(ge=0.0, le=4.0)]


class _Frozen(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class Mark(_Frozen):
    """One field mark: its colour, its size relative to the usual one, and how many there are of it."""

    colour: Colour
    size: Factor = 1.0
    count: Annotated[int, pydantic.Field(ge=1, le=120)] = 1


class Bill(_Frozen):
    """Bill in head radii: `length` from the face to the tip, `depth` at the base."""

    form: Literal["cone", "needle", "stout", "chisel", "hooked"]
    length: Factor
    depth: Factor


class Shape(_Frozen):
    """Proportions relative to a middling songbird (1.0), the same for every plumage of a species."""

    bill: Bill
    head: Factor = 1.0
    girth: Factor = 1.0
    neck: Factor = 1.0
    eye: Factor = 1.0
    crest: Factor = 0.0
    wing: Factor = 1.0
    leg: Factor = 1.0
    tail: Factor = 1.0
    tail_width: Factor = 1.0
    tail_form: Literal["square", "notched", "rounded", "graduated", "forked", "pointed"] = "square"
    tilt_degrees: Annotated[float, pydantic.Field(ge=-60.0, le=90.0)] = 25.0
    clings: bool = False


class Colours(_Frozen):
    """Plumage colours by body part; a part that is not given takes the colour of its neighbour."""

    body: Colour
    crown: Colour | None = None
    face: Colour | None = None
    nape: Colour | None = None
    throat: Colour | None = None
    breast: Colour | None = None
    flanks: Colour | None = None
    belly: Colour | None = None
    vent: Colour | None = None
    back: Colour | None = None
    rump: Colour | None = None
    wing: Colour | None = None
    flight: Colour | None = None
    tail: Colour | None = None
    bill: Colour
    bill_lower: Colour | None = None
    legs: Colour
    eye: Colour = (22.0, 16.0, 14.0)


FALLS_BACK_ON = {
    "crown": "body", "face": "crown", "nape": "crown", "throat": "face", "breast": "body",
    "flanks": "breast", "belly": "breast", "vent": "belly", "back": "body", "rump": "back",
    "wing": "back", "flight": "wing", "tail": "flight", "bill_lower": "bill",
}  # fmt: skip


class Marks(_Frozen):
    """The field marks that a plumage may carry; the names are those of printed field guides."""

    forehead: Mark | None = None
    mask: Mark | None = None
    mask_edge: Mark | None = None
    eye_stripe: Mark | None = None
    eyebrow: Mark | None = None
    eye_ring: Mark | None = None
    cheek: Mark | None = None
    cheek_spot: Mark | None = None
    moustache: Mark | None = None
    bib: Mark | None = None
    collar: Mark | None = None
    nape_spot: Mark | None = None
    breast_band: Mark | None = None
    breast_stripe: Mark | None = None
    breast_edge: Mark | None = None
    breast_spots: Mark | None = None
    under_streaks: Mark | None = None
    back_streaks: Mark | None = None
    back_stripe: Mark | None = None
    all_spots: Mark | None = None
    wing_bars: Mark | None = None
    wing_spots: Mark | None = None
    wing_edges: Mark | None = None
    wing_barring: Mark | None = None
    wing_tips: Mark | None = None
    tail_sides: Mark | None = None
    tail_tip: Mark | None = None
    tail_barring: Mark | None = None


class Plumage(_Frozen):
    """One plumage (male, female, breeding, …); `share` is how often it is drawn, relative to the others."""

    share: Annotated[float, pydantic.Field(gt=0.0, le=1.0)] = 1.0
    gloss: Factor = 0.0
    colours: Colours
    marks: Marks = Marks()


class Species(_Frozen):
    """One species: names, where it lives, its field marks in words, its shape and its plumages."""

    name: Annotated[str, pydantic.Field(min_length=1)]
    scientific_name: Annotated[str, pydantic.Field(pattern=r"^[A-Z][a-z]+ [a-z]+$")]
    region: Literal["North America", "Europe", "North America and Europe"]
    field_marks: Annotated[str, pydantic.Field(min_length=20)]
    like: tuple[str, ...] = ()
    shape: Shape
    plumages: Annotated[dict[str, Plumage], pydantic.Field(min_length=1)]

    @property
    def slug(self) -> str:
        """The name as it stands in example ids: 'Northern Cardinal' is 'northern-cardinal'."""
        return self.name.lower().replace("'", "").replace(" ", "-")


class FieldGuide(_Frozen):
    """All the species, in the fixed order that the integer labels follow."""

    format: Literal[1]
    species: Annotated[tuple[Species, ...], pydantic.Field(min_length=2)]

    @pydantic.model_validator(mode="after")
    def _check_names(self) -> FieldGuide:
        names = [species.name for species in self.species]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} stands twice in the guide")
        for species in self.species:
            for other in species.like:
                if other not in names:
                    raise ValueError(f"{species.name!r} is said to be like {other!r}, which is not in the guide")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """Common names, in label order."""
        return tuple(species.name for species in self.species)

    @cached_property
    def by_slug(self) -> dict[str, Species]:
        """Species by the name that stands in example ids."""
        return {species.slug: species for species in self.species}

    @classmethod
    def load(cls, path: Path | None = None) -> FieldGuide:
        """The guide that ships with ftsuite, or the one at `path`.

        Raises:
            DataError: the file cannot be read, or an entry is wrong; species and field are named.
        """
        return _load(path or Path(__file__).with_name("species.yaml"))


@lru_cache(maxsize=8)
def _load(path: Path) -> FieldGuide:
    try:
        content = ruamel.yaml.YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ruamel.yaml.error.YAMLError) as error:
        raise DataError(
            f"The field guide could not be read as YAML. Received: {path}: {error}",
            "Mend the file at the place named, or install ftsuite again if it is the one that ships with it.",
        ) from error
    try:
        return FieldGuide.model_validate(content)
    except pydantic.ValidationError as error:
        lines = [f"  {_place(content, entry['loc'])}: {entry['msg']}" for entry in error.errors()]
        raise DataError(
            "The field guide has entries that are not as expected. Received: " + str(path) + "\n" + "\n".join(lines),
            "Every key and its meaning stand in ftsuite/data/field_guide/guide.py.",
        ) from error


def _place(content: Any, location: tuple[int | str, ...]) -> str:
    """Where an error is, with the species' name in place of its number: 'Blue Jay.shape.bill.length'."""
    parts = list(location)
    if len(parts) >= 2 and parts[0] == "species" and isinstance(parts[1], int) and isinstance(content, Mapping):
        entry = content["species"][parts[1]]
        name = entry.get("name") if isinstance(entry, Mapping) else None
        parts[:2] = [str(name) if name else f"species {parts[1] + 1}"]
    return ".".join(str(part) for part in parts) or "the guide"
