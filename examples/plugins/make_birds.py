"""Draws birds, and writes what each picture shows into a table: data for the examples beside this file.

Usage: python make_birds.py FOLDER [--per-species 30]

The pictures are those of the suite's field guide: rendered, not photographs. In `birds.csv` stand, for each picture,
how long the bird is in percent of the picture's side, how far its body is tilted in degrees, and its traits.
"""

import argparse
import csv
from pathlib import Path

from PIL import Image

from ftsuite.data.field_guide import FieldGuide, example_id, render, truth

PIXELS = 224
TRAITS = (
    *("mask", "eyebrow", "eye_stripe", "eye_ring", "moustache", "bib", "collar"),
    *("wing_bars", "back_streaks", "under_streaks"),
)


def main() -> None:
    """Write the pictures and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-species", type=int, default=30, help="pictures of each of 24 species")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    names = [example_id("train", one, i) for one in FieldGuide.load().species for i in range(wanted.per_species)]
    with (wanted.folder / "birds.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "length_percent", "tilt_degrees", "traits"])
        for name in names:
            picture, shown = f"{name.removeprefix('train/').replace('/', '-')}.png", truth(name, seed=0)
            Image.fromarray(render(name, seed=0, size=PIXELS)).save(wanted.folder / picture)
            traits = [*(["crest"] if shown.crest >= 0.5 else []), *(mark for mark in TRAITS if mark in shown.marks)]
            row = [picture, round(100 * shown.length_share, 1), round(shown.tilt_degrees, 1)]
            table.writerow([*row, "|".join(traits) or "none"])
    print(f"{len(names)} pictures and {wanted.folder / 'birds.csv'}")


if __name__ == "__main__":
    main()
