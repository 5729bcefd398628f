"""What the commands of the pages find in their folder: made by name, in the current folder."""

from __future__ import annotations

import csv
import gzip
import importlib
import random
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import PIL.Image

from tests.tiny import save_pictures, save_tiny_preset


def _photos() -> None:
    save_pictures(Path("photos"))


def _preset() -> None:
    save_tiny_preset(Path("tiny-preset"))


def _cardinal() -> None:
    _photos()
    PIL.Image.open("photos/cardinal/000.png").save("cardinal.jpg")


def _reviews() -> None:
    words = {"good": ("fine", "warm", "bright", "moving"), "bad": ("dull", "cold", "flat", "endless")}
    chosen = random.Random(0)
    with Path("reviews.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "stars"))
        for number in range(60):
            name = ("good", "bad")[number % 2]
            rows.writerow((f"Film {number}: {chosen.choice(words[name])} and {chosen.choice(words[name])}.", name))


def _idx_files() -> None:
    """Fashion-MNIST's four files in small: stripes, as wide as the class says."""
    folder, draw = Path("fashion-mnist"), np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for prefix, per_class in (("train", 12), ("t10k", 4)):
        labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
        stripes = 200 * (np.arange(28)[None, :] // (1 + labels[:, None]) % 2)
        pictures = (stripes[:, None, :] + draw.integers(0, 56, (len(labels), 28, 28))).astype(np.uint8)
        for name, array in (("labels-idx1", labels), ("images-idx3", pictures)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))


def _installed_plugin() -> None:
    """What `pip install -e .` does for the package in the current folder, until the test ends."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = Path("installed") / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(metadata, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.path[:0] = [str(Path.cwd()), str(about.parent.resolve())]
    importlib.invalidate_caches()


GIVEN: Mapping[str, Callable[[], object]] = {
    "cardinal": _cardinal,
    "idx-files": _idx_files,
    "installed-plugin": _installed_plugin,
    "photos": _photos,
    "reviews": _reviews,
    "tiny-preset": _preset,
}
