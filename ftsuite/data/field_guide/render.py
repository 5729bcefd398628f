"""Pictures of birds that the suite draws itself, each a pure function of (seed, id, size).

In the spirit of FunnyBirds (Hesse, Schaub-Meyer and Roth, ICCV 2023, https://arxiv.org/abs/2308.06248): pictures
whose every part is known, here of real species drawn after their field marks. They are renderings, not
photographs, and say nothing about how well a model knows photographs.

What the picture shows apart from the bird is drawn from streams that do not know the species: habitat, perch,
light, size in the frame, things in front. The one exception is that woodpeckers cling to a trunk in half of
their pictures, since other birds cannot; a trunk stands behind other birds as well (habitat "bark").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ftsuite.data.field_guide.anatomy import Body
from ftsuite.data.field_guide.bird import blend, draw_bird
from ftsuite.data.field_guide.camera import draw_camera, take
from ftsuite.data.field_guide.examples import parse_example_id
from ftsuite.data.field_guide.guide import FieldGuide, Species
from ftsuite.data.field_guide.habitat import HABITATS
from ftsuite.data.field_guide.legs import feet
from ftsuite.data.field_guide.light import Light, develop, draw_light
from ftsuite.data.field_guide.look import draw_look
from ftsuite.data.field_guide.occlusion import draw_foreground
from ftsuite.data.field_guide.pen import Image
from ftsuite.data.field_guide.perch import PERCHES, draw_perch
from ftsuite.data.field_guide.pose import draw_pose
from ftsuite.data.field_guide.randomness import generator_for
from ftsuite.errors import DataError

SIZES = (32, 512)


def render(example_id: str, seed: int, size: int) -> Image:
    """Draw the picture with this id.

    The same arguments give the same bytes in every call, thread and process of one OpenCV release; another
    release may differ by a few grey levels at edges. Sizes differ in resolution only, not in what they show.

    Args:
        example_id: as in "train/northern-cardinal/00012".
        seed: of the data set.
        size: side of the picture in pixels, 32 to 512.

    Returns:
        (size, size, 3) uint8, red, green, blue.

    Raises:
        DataError: an id that is not one of the field guide's, or a size out of range.
    """
    size = check_size(size)
    _, species, _ = parse_example_id(example_id, _ready_guide())
    return draw_picture(species, generator_for(seed, example_id), size)


def check_size(size: object) -> int:
    """The size as an int, or a DataError where it is not one of 32 to 512."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not SIZES[0] <= size <= SIZES[1]:
        raise DataError(
            f"Expected a picture size of {SIZES[0]} to {SIZES[1]} pixels. Received: {size!r}",
            "Set options.image_size within this range, or train on photographs (data.source: folder:PATH).",
        )
    return int(size)


@dataclass(frozen=True)
class Truth:
    """What one picture shows, as it was drawn.

    Attributes:
        species: common name.
        length_share: the longer extent of the bird, bill, tail and crest included, as a share of the picture's side.
        tilt_degrees: of the body, 0 where it is level and 90 where it is upright.
        crest: how tall, 0 for none and 1 for that of a cardinal.
        marks: names of the field marks that it wears, as of `ftsuite.data.field_guide.guide.Marks`.
    """

    species: str
    length_share: float
    tilt_degrees: float
    crest: float
    marks: tuple[str, ...]


def truth(example_id: str, seed: int) -> Truth:
    """What the picture with this id shows; nothing is drawn. Marks may be hidden by the pose or by leaves.

    Raises:
        DataError: an id that is not one of the field guide's.
    """
    _, species, _ = parse_example_id(example_id, _ready_guide())
    scene = _compose(species, generator_for(seed, example_id))
    marks = draw_look(scene.wear, species).marks
    worn = tuple(name for name in type(marks).model_fields if getattr(marks, name) is not None)
    return Truth(species.name, scene.fills, math.degrees(scene.body.pose.tilt), species.shape.crest, worn)


@dataclass(frozen=True)
class _Scene:
    """What is drawn, before any pixel is: with streams of their own for the parts, so that none shifts the others."""

    light: Light
    camera: dict[str, float]
    scenery: np.random.Generator
    wear: np.random.Generator
    front: np.random.Generator
    habitat: str
    perch: str
    fills: float
    offset: np.ndarray
    slope: float
    clinging: bool
    body: Body


def _compose(species: Species, random: np.random.Generator) -> _Scene:
    light, camera = draw_light(random), draw_camera(random)
    scenery, posture, wear, front = random.spawn(4)
    habitat = tuple(HABITATS)[int(scenery.integers(len(HABITATS)))]
    perch = PERCHES[int(scenery.integers(len(PERCHES)))]
    fills = float(scenery.uniform(0.38, 0.88))
    offset = scenery.normal(0.0, 0.5, 2)
    slope = float(scenery.normal(0.0, 0.14))
    clinging = species.shape.clings and bool(posture.random() < 0.5)
    body = Body(species.shape, draw_pose(posture, species.shape, clinging=clinging))
    flat = perch in ("post", "rock", "ground") or clinging
    return _Scene(
        light, camera, scenery, wear, front, habitat, perch, fills, offset, 0.0 if flat else slope, clinging, body
    )


def draw_picture(species: Species, random: np.random.Generator, size: int) -> Image:
    """Draw a picture of a species from a stream; what `render` does once id and seed have given the stream."""
    canvas_side = size * max(2, -(-256 // size))
    scene = _compose(species, random)
    body, scenery = scene.body, scene.scenery
    background = HABITATS[scene.habitat](canvas_side // 3, scenery)
    canvas = np.asarray(cv2.resize(background, (canvas_side, canvas_side), interpolation=cv2.INTER_LINEAR))
    _frame(body, canvas_side, scene.fills, scene.offset)
    kind = "trunk" if scene.clinging else scene.perch
    mirrored = body.pose.mirrored
    draw_perch(canvas, kind, feet(body), body.scale, scene.slope, scene.habitat, scenery, mirrored=mirrored)
    look = draw_look(scene.wear, species)
    grips = scene.perch not in ("rock", "ground", "post")
    layer = draw_bird(body, look, scene.light, scene.wear, canvas_side, slope=scene.slope, grips=grips)
    if layer is not None:
        height, width = layer.mask.shape
        place = canvas[layer.y : layer.y + height, layer.x : layer.x + width]
        place[:] = blend(place, layer.image, layer.mask)
    least, greatest = body.extent()
    middle = (float(least[0] + greatest[0]) / 2, float(least[1] + greatest[1]) / 2)
    canvas = draw_foreground(canvas, scene.front, middle, body.scale)
    picture = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return take(develop(np.asarray(picture, dtype=np.uint8), scene.light), scene.camera)


def _frame(body: Body, side: int, fills: float, offset: np.ndarray) -> None:
    """Place the bird so that its longer extent fills a share of the frame, mostly inside it."""
    least, greatest = body.extent()
    span = float((greatest - least).max())
    scale = fills * side / span
    room = np.maximum(0.03 * side, (side - (greatest - least) * scale) / 2)
    corner = side / 2 + np.clip(offset, -0.9, 0.9) * room - (least + greatest) / 2 * scale
    body.place(scale, float(corner[0]), float(corner[1]) - 0.012 * side)


@lru_cache(maxsize=1)
def _ready_guide() -> FieldGuide:
    """The guide, read once; and OpenCV told to leave threading to the caller, who draws pictures side by side."""
    cv2.setNumThreads(1)
    return FieldGuide.load()
