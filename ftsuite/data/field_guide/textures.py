"""Textures that every picture borrows from: made once a process, from fixed seeds, and never written to."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from ftsuite.data.field_guide.pen import Image

SIDE = 512


def _stream(name: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([20230823, name])))


def _frozen(image: npt.NDArray[np.float32]) -> Image:
    texture = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    texture.setflags(write=False)
    return texture


def _tiled(grid: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """A coarse grid enlarged smoothly to (SIDE, SIDE) so that it tiles: with cells of the far side around it."""
    down, across = SIDE // grid.shape[0], SIDE // grid.shape[1]
    padded = np.pad(grid, 2, mode="wrap").astype(np.float32)
    size = (SIDE + 4 * across, SIDE + 4 * down)
    large = cv2.resize(padded, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[2 * down : -2 * down, 2 * across : -2 * across], dtype=np.float32)


def _clouds(random: np.random.Generator, coarse: int, octaves: int) -> npt.NDArray[np.float32]:
    """Fractal noise of about -1 to 1, (SIDE, SIDE), that tiles."""
    total = np.zeros((SIDE, SIDE), np.float32)
    for octave in range(octaves):
        cells = coarse * 2**octave
        total += _tiled(random.uniform(-1.0, 1.0, (cells, cells))) * np.float32(0.55**octave)
    return np.asarray(total / np.float32(np.abs(total).max()))


@lru_cache(maxsize=1)
def clouds() -> Image:
    """Fractal noise about 128, (512, 512) uint8: soil, snow, bark, foliage, sky."""
    return _frozen(128 + 120 * _clouds(_stream(1), 4, 7))


@lru_cache(maxsize=1)
def feathers() -> Image:
    """Rows of small overlapping feathers as factors of 1/128, (512, 512) uint8; feathers point to -x."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    wobble = 3.0 * _clouds(_stream(2), 16, 3)
    row_height, length = SIDE / 56, SIDE / 39
    row = np.floor((y + wobble) / row_height)
    along = (x + wobble + (row % 2) * length / 2) % length / length
    across = ((y + wobble) / row_height) % 1.0 - 0.5
    tip = np.exp(-((along - 0.9 * np.abs(across * 1.9) ** 2) ** 2) / 0.02)
    fine = _clouds(_stream(3), 64, 2)
    streaky = _tiled(_stream(4).uniform(-1, 1, (SIDE // 2, SIDE // 8)))
    relief = 126 - 13 * tip + 7 * along + 5 * fine + 9 * streaky + 8 * _clouds(_stream(5), 8, 3)
    return _frozen(relief)


@lru_cache(maxsize=1)
def grain() -> Image:
    """Sensor noise about 128 with a standard deviation of 32, (1024, 1024, 3) uint8, mostly grey, some colour."""
    random = _stream(6)
    grey = random.normal(0, 26, (1024, 1024, 1))
    colour = random.normal(0, 19, (1024, 1024, 3))
    return _frozen((128 + grey + colour).astype(np.float32))


@lru_cache(maxsize=1)
def bokeh() -> Image:
    """Out-of-focus lights as brightness to add, (512, 512) uint8."""
    random = _stream(7)
    image = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(260):
        left, top, radius = (int(value) for value in random.integers((0, 0, 8), (SIDE, SIDE, 34)))
        spot = np.zeros((2 * radius + 5, 2 * radius + 5), np.float32)
        middle = (radius + 2, radius + 2)
        cv2.circle(spot, middle, radius, float(random.uniform(15, 60)), -1, cv2.LINE_AA)
        cv2.circle(spot, middle, radius, float(random.uniform(30, 80)), 2, cv2.LINE_AA)
        rows, columns = (start + np.arange(len(spot)) for start in (top, left))
        image[np.ix_(rows % SIDE, columns % SIDE)] += spot
    return _frozen(cv2.GaussianBlur(np.minimum(image, 200), (0, 0), 2.5))


def cut(
    texture: Image,
    height: int,
    width: int,
    x: float,
    y: float,
    *,
    across: float,
    down: float,
    degrees: float = 0.0,
) -> Image:
    """A piece of a texture, (height, width) uint8, at a scale and an angle.

    Args:
        texture: (512, 512) uint8; it is taken as tiling the plane.
        height: of the piece in pixels.
        width: of the piece in pixels.
        x: where to cut, 0 to 1.
        y: the same for the height.
        across: pixels over which the texture's full width is laid; smaller is finer.
        down: the same for its height.
        degrees: turned by this, anticlockwise.
    """
    angle = np.radians(degrees)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    by_x, by_y = SIDE / across, SIDE / down
    matrix = np.array([[cos * by_x, -sin * by_x, x * SIDE], [sin * by_y, cos * by_y, y * SIDE]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(texture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
