"""benchmarks/planted_duplicates.py: what is planted is found, on small made pictures and on real data."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.audited import landscape


@pytest.fixture(scope="module")
def planted_duplicates(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("planted_duplicates")


def test_faults_planted_into_a_folder_are_found(
    planted_duplicates: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(40):
        folder = tmp_path / ("train", "test")[seed % 2] / f"class-{seed // 20}"
        folder.mkdir(parents=True, exist_ok=True)
        landscape(seed).save(folder / f"{seed}.jpg", quality=92)
    figures = planted_duplicates.measure_pictures(tmp_path, 4, 5, np.random.default_rng(0))
    assert figures["broken"] == figures["exact"] == figures["promised"] == (1.0, 1.0)
    assert "76 pictures, 36 of them planted" in capsys.readouterr().out


@pytest.mark.slow
def test_photos_of_like_birds(planted_duplicates: ModuleType, shared: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shared / "datasets" / "cub40", tmp_path / "pictures"))
    figures = planted_duplicates.measure_pictures(folder, 60, 0, np.random.default_rng(0))
    assert figures["broken"] == (1.0, 1.0)
    assert figures["exact"] == (1.0, 1.0)
    for kind in ("promised", "near"):
        recall, precision = figures[kind]
        assert recall >= 0.95
        assert precision >= 0.97


@pytest.mark.slow
def test_sentences_of_reviews(planted_duplicates: ModuleType) -> None:
    figures = planted_duplicates.measure_texts("sentiment", 200, 0, np.random.default_rng(0))
    assert figures["exact"] == (1.0, 1.0)
    recall, precision = figures["near"]
    assert recall >= 0.97
    assert precision >= 0.97
