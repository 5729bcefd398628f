"""The camera: focus, motion, sensor noise and the compression of the file."""

from __future__ import annotations

import cv2
import numpy as np

from ftsuite.data.field_guide.pen import Image
from ftsuite.data.field_guide.textures import grain


def draw_camera(random: np.random.Generator) -> dict[str, float]:
    """Blur (in pictures' sides), motion, noise and JPEG quality by chance."""
    return {
        "blur": float(abs(random.normal(0.0, 0.0035))),
        "motion": float(max(0.0, random.normal(-0.012, 0.012))),
        "motion_angle": float(random.uniform(0, 180)),
        "noise": float(random.gamma(2.0, 0.055)),
        "quality": float(random.uniform(40, 95)),
        "x": float(random.random()),
        "y": float(random.random()),
    }


def take(picture: Image, camera: dict[str, float]) -> Image:
    """A picture, (size, size, 3) uint8, as the camera gives it back."""
    size = picture.shape[0]
    if camera["blur"] * size > 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), camera["blur"] * size))
    length = int(camera["motion"] * size)
    if length >= 2:
        picture = np.asarray(cv2.filter2D(picture, -1, _motion_kernel(length, camera["motion_angle"])))
    noise = grain()
    room = noise.shape[0] - size
    left, top = int(camera["x"] * room), int(camera["y"] * room)
    strength = camera["noise"]
    speckle = noise[top : top + size, left : left + size]
    noisy = cv2.addWeighted(picture, 1.0, speckle, strength, -128.0 * strength)
    _, packed = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(camera["quality"])])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)


def _motion_kernel(length: int, degrees: float) -> np.ndarray:
    side = 2 * (length // 2) + 3
    kernel = np.zeros((side, side), np.float32)
    middle = side // 2
    reach = length / 2
    step = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]) * reach * 16
    ends = [(int(middle * 16 + sign * step[0]), int(middle * 16 + sign * step[1])) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return kernel / max(float(kernel.sum()), 1e-6)
