"""How many planted duplicates and broken files the checks of a data set find, and how many of those found are right.

    python benchmarks/planted_duplicates.py --pictures FOLDER [--planted 100] [--seed 0]
    python benchmarks/planted_duplicates.py --texts sentiment [--planted 100]

Copies the folder of pictures (class folders, or train/ and test/ over such) or the texts of a config, plants near
duplicates, exact copies and broken files into the copy, half of them across splits, and runs the checks. Recall is the
share of planted copies that stand in one group with what they were made of. Precision is over all pairs in a group of
which one at least was planted: right where both were made of the same example, or one of the other. Pairs without a
planted example were in the data before; they are listed, to be looked at by hand (`--show`).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TypeVar

import numpy as np
from planted_faults import (
    PICTURE_EDITS,
    PROMISED_PICTURE_EDITS,
    TEXT_EDITS,
    broken_files,
    edited_picture,
    edited_text,
    same_pixels_elsewhere,
)

from ftsuite.api import Examples
from ftsuite.config import DataConfig, load_config
from ftsuite.data.audit.exact_copies import check_exact_copies
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.near_images import check_near_images
from ftsuite.data.audit.near_texts import check_near_texts
from ftsuite.data.image_files import BadFile, ImageInfo, scan_images
from ftsuite.data.sources.load import load_examples
from ftsuite.data.splits import split_examples
from ftsuite.registry import Registry

T = TypeVar("T")
Planted = dict[int, tuple[int, str]]
Figures = dict[str, tuple[float, float]]


def main() -> None:
    """Plant, check and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="folder of class folders, or of train/ and test/ over such")
    parser.add_argument("--texts", help="a config of a text task, or a table with the columns text and label")
    parser.add_argument("--planted", type=int, default=100, help="how many of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=10, help="list so many pairs that were in the data before")
    arguments = parser.parse_args()
    if not arguments.pictures and not arguments.texts:
        parser.error("name a folder by --pictures, a config by --texts, or both")
    rng = np.random.default_rng(arguments.seed)
    if arguments.pictures:
        with tempfile.TemporaryDirectory(prefix="ftsuite-planted-") as folder:
            copy = Path(shutil.copytree(arguments.pictures, Path(folder) / "pictures"))
            measure_pictures(copy, arguments.planted, arguments.show, rng)
    if arguments.texts:
        measure_texts(arguments.texts, arguments.planted, arguments.show, rng)


def measure_pictures(folder: Path, count: int, show: int, rng: np.random.Generator) -> Figures:
    """Plant broken files, exact copies and near duplicates into a folder that may be written to; find them.

    Returns:
        Recall and precision by ``broken``, ``exact``, ``near`` and ``promised``.
    """
    paths = [Path(entry.path) for entry in scan_images(sorted(folder.rglob("*"))) if isinstance(entry, ImageInfo)]
    kinds = [*PICTURE_EDITS, "exact copy", "same pixels as PNG"]
    count = min(count, len(paths) // len(kinds))  # nothing is made of the same picture twice
    figures = {"broken": _measure_broken(paths, count, rng)}
    splits = sorted({path.relative_to(folder).parts[0] for path in paths})
    splits = splits if {"train", "test"} <= set(splits) else []
    sources = iter(rng.permutation(len(paths)).tolist())
    made: dict[Path, tuple[Path, str]] = {}
    for edit in kinds:
        for number in range(count):
            source = paths[next(sources)]
            place = _other_split(source, folder, splits) if splits and number % 2 else source.parent
            target = place / f"planted-{edit.replace(' ', '-').replace('%', '')}-{number}.jpg"
            if edit == "exact copy":
                target.write_bytes(source.read_bytes())
            elif edit == "same pixels as PNG":
                target = target.with_suffix(".png")
                target.write_bytes(same_pixels_elsewhere(source))
            else:
                target.write_bytes(edited_picture(source, edit, rng))
            made[target] = (source, edit)
    examples = load_examples(DataConfig(source=f"folder:{folder}"), 0)
    where = {Path(path): position for position, path in enumerate(examples.inputs)}
    planted = {where[target]: (where[source], edit) for target, (source, edit) in made.items()}
    parts = split_examples(examples, validation_fraction=0.15, test_fraction=0.2, seed=0)
    print(f"{len(examples):,} pictures, {len(planted):,} of them planted")
    exact, seconds = _timed(lambda: check_exact_copies(examples, parts))
    figures["exact"] = _report(exact, _of(planted, kinds[-2:]), planted, "exact", seconds)
    near, seconds = _timed(lambda: check_near_images(examples, parts))
    figures["near"] = _report(near, _of(planted, PICTURE_EDITS), planted, "near", seconds)
    figures["promised"] = _report(near, _of(planted, PROMISED_PICTURE_EDITS), planted, "promised")
    _show_others(near, examples, planted, show)
    return figures


def measure_texts(config: str, count: int, show: int, rng: np.random.Generator) -> Figures:
    """Plant exact copies and near duplicates into the texts of a config; find them.

    Returns:
        Recall and precision by ``exact`` and ``near``.
    """
    if Path(config).suffix in (".csv", ".jsonl", ".parquet"):
        examples = load_examples(DataConfig(source=config), 0)
    else:
        examples = load_examples(
            load_config(config, [], options_model=Registry.discover().options_model).config.data, 0
        )
    long_enough = [at for at, text in enumerate(examples.inputs) if len(text.split()) >= 5]
    words = sorted({word for text in examples.inputs[:2000] for word in text.split() if word.isalpha()})
    sources = iter(rng.permutation(long_enough).tolist())
    inputs, labels, hashes = list(examples.inputs), examples.labels.tolist(), list(examples.content_hashes)
    planted: Planted = {}
    for edit in (*TEXT_EDITS, "exact copy"):
        for number in range(count):
            source = next(sources)
            text = inputs[source] if edit == "exact copy" else edited_text(inputs[source], edit, words, rng)
            planted[len(inputs)] = (source, edit)
            hashes.append(hashes[source] if edit == "exact copy" else f"planted {edit} {number}")
            inputs.append(text)
            labels.append(labels[source])
    ids = (*examples.ids, *(f"planted {edit} of {examples.ids[source]}" for source, edit in planted.values()))
    examples = replace(
        examples,
        ids=ids,
        inputs=tuple(inputs),
        labels=np.asarray(labels),
        content_hashes=tuple(hashes),
        splits=None,
        groups=None,
    )
    splits = rng.choice(["train", "train", "validation", "test"], size=len(examples))
    print(f"{len(examples):,} texts, {len(planted):,} of them planted")
    exact, seconds = _timed(lambda: check_exact_copies(examples, splits))
    figures = {"exact": _report(exact, _of(planted, ["exact copy"]), planted, "exact", seconds)}
    near, seconds = _timed(lambda: check_near_texts(examples, splits))
    figures["near"] = _report(near, _of(planted, TEXT_EDITS), planted, "near", seconds)
    _show_others(near, examples, planted, show)
    return figures


def _measure_broken(paths: Sequence[Path], count: int, rng: np.random.Generator) -> tuple[float, float]:
    made: dict[str, str] = {}
    for number, at in enumerate(rng.permutation(len(paths))[:count].tolist()):
        for kind, data in broken_files(paths[at].read_bytes()).items():
            target = paths[at].with_name(f"broken-{kind}-{number}.jpg")
            target.write_bytes(data)
            made[str(target)] = kind
    scanned, seconds = _timed(lambda: scan_images([*paths, *made]))
    named = {entry.path for entry in scanned if isinstance(entry, BadFile)}
    for kind in dict.fromkeys(made.values()):
        own = [path for path, of in made.items() if of == kind]
        print(f"broken files, {kind:>12}: {sum(path in named for path in own):4d} of {len(own)} named")
    print(f"broken files, whole ones named by mistake: {len(named - set(made))} of {len(paths):,}; {seconds:.1f} s")
    for path in made:
        Path(path).unlink()
    right = len(named & set(made))
    return right / max(len(made), 1), right / max(len(named), 1)


def _other_split(source: Path, folder: Path, splits: Sequence[str]) -> Path:
    parts = source.relative_to(folder).parts
    other = splits[(splits.index(parts[0]) + 1) % len(splits)]
    place = folder.joinpath(other, *parts[1:-1])
    place.mkdir(parents=True, exist_ok=True)
    return place


def _of(planted: Planted, edits: Sequence[str]) -> Planted:
    return {copy: made for copy, made in planted.items() if made[1] in edits}


def _report(
    found: Sequence[Finding], wanted: Planted, planted: Planted, title: str, seconds: float | None = None
) -> tuple[float, float]:
    pairs = _pairs(found)
    by_edit: dict[str, list[bool]] = defaultdict(list)
    for copy, (source, edit) in wanted.items():
        by_edit[edit].append((min(copy, source), max(copy, source)) in pairs)
    for edit, hits in by_edit.items():
        print(f"{title}: {edit:>20}: recall {np.mean(hits):.3f} of n = {len(hits)}")
    touched = [pair for pair in pairs if pair[0] in wanted or pair[1] in wanted]
    root = {copy: source for copy, (source, _) in planted.items()}
    right = sum(root.get(one, one) == root.get(other, other) for one, other in touched)
    recall = sum(sum(hits) for hits in by_edit.values()) / max(len(wanted), 1)
    precision = right / max(len(touched), 1)
    print(
        f"{title}: {'all':>20}: recall {recall:.3f} of n = {len(wanted)}, precision {precision:.3f} "
        f"({right} of {len(touched)} pairs with a planted one)" + ("" if seconds is None else f"; {seconds:.1f} s")
    )
    return recall, precision


def _show_others(found: Sequence[Finding], examples: Examples, planted: Planted, show: int) -> None:
    others = sorted(pair for pair in _pairs(found) if not planted.keys() & set(pair))
    print(f"pairs that were in the data before: {len(others)}")
    for one, other in others[:show]:
        if examples.kind == "text":
            print(f"  {examples.inputs[one][:110]}\n    {examples.inputs[other][:110]}")
        else:
            print(f"  {examples.ids[one]}  {examples.ids[other]}")


def _pairs(found: Sequence[Finding]) -> set[tuple[int, int]]:
    flagged = [entry for finding in found for entry in finding.flagged]
    return {pair for entry in flagged for pair in combinations(sorted(entry.positions), 2)}


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


if __name__ == "__main__":
    main()
