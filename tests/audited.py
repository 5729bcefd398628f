"""Makers of examples and pictures for tests of the data audit, and readers of its findings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding


def texts(rows: Sequence[tuple[str, int]]) -> Examples:
    """Examples of (text, label) with the ids row-0, row-1, …"""
    return Examples(
        ids=tuple(f"row-{place}" for place in range(len(rows))),
        inputs=tuple(text for text, _ in rows),
        labels=np.asarray([label for _, label in rows], dtype=np.int64),
        class_names=tuple(f"class-{number}" for number in range(10)),
        content_hashes=tuple(hashlib.sha256(text.encode()).hexdigest() for text, _ in rows),
        kind="text",
    )


def pictures(paths: Sequence[Path], labels: Sequence[int] | None = None) -> Examples:
    """Examples of picture files, hashed by their bytes."""
    return Examples(
        ids=tuple(path.name for path in paths),
        inputs=tuple(str(path) for path in paths),
        labels=np.asarray(labels if labels is not None else [0] * len(paths), dtype=np.int64),
        class_names=("bird", "plane"),
        content_hashes=tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths),
        kind="image-file",
    )


def landscape(seed: int, height: int = 120, width: int = 150) -> Image.Image:
    """A picture with the spectrum of a photo, less of the high frequencies, and unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    falling = 1 / np.maximum(np.hypot(down, across), 1 / max(height, width))
    waves = np.fft.fft2(rng.normal(size=(3, height, width))) * falling
    values = np.real(np.fft.ifft2(waves))
    values = 128 + 45 * (values - values.mean()) / values.std()
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def by_check(found: Sequence[Finding]) -> dict[str, Finding]:
    """Findings by their names, none of them twice."""
    named = {finding.check: finding for finding in found}
    assert len(named) == len(found)
    return named


def flagged(finding: Finding) -> list[tuple[int, ...]]:
    """The positions of every group."""
    return [entry.positions for entry in finding.flagged]


def left_out(finding: Finding) -> set[int]:
    """All positions that a cleaned manifest leaves out."""
    return {position for entry in finding.flagged for position in entry.leave_out}
