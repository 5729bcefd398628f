"""Whatever happened to a file, a source gives examples or an error that a user can read; it never crashes."""

from __future__ import annotations

import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.errors import ConfigError, DataError
from tests.found_pictures import picture
from tests.hugging_face_folders import IMAGE, TEXT, classes, save_dataset, table_of

_TRIALS = 60
_HEAD_BYTES = 600


def zip_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(file.parents[1]))
    return folder / "a.zip", "archive:a.zip"


def tar_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    with tarfile.open(folder / "a.tar", "w") as archive:
        archive.add(files[0].parents[1], "set")
    return folder / "a.tar", "archive:a.tar"


def tar_xz_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    with tarfile.open(folder / "a.tar.xz", "w:xz") as archive:
        archive.add(files[0].parents[1], "set")
    return folder / "a.tar.xz", "archive:a.tar.xz"


def _table(files: list[Path]) -> object:
    rows = [
        {"image": {"bytes": file.read_bytes(), "path": None}, "label": number % 2, "group": str(number)}
        for number, file in enumerate(files)
    ]
    return table_of(rows, {"image": IMAGE, "label": classes("a", "b"), "group": TEXT})


def arrow_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    save_dataset(folder / "saved", _table(files))
    return folder / "saved" / "data-00000-of-00001.arrow", "huggingface:saved"


def parquet_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    pq.write_table(_table(files), folder / "a.parquet")
    return folder / "a.parquet", "parquet:a.parquet"


def state_file(folder: Path, files: list[Path]) -> tuple[Path, str]:
    save_dataset(folder / "saved", _table(files))
    return folder / "saved" / "state.json", "huggingface:saved"


@pytest.mark.parametrize("write", [zip_file, tar_file, tar_xz_file, arrow_file, parquet_file, state_file])
def test_damaged_files_are_named(
    write: Callable[[Path, list[Path]], tuple[Path, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    files = [picture(tmp_path / "set" / name / f"{number}.png", number) for number, name in enumerate("aabb")]
    path, source = write(tmp_path, files)
    whole = path.read_bytes()
    draws = random.Random(7)
    for trial in range(_TRIALS):
        path.write_bytes(damaged(whole, draws))
        data = DataConfig(source=source, bad_files="skip" if trial % 2 else "error")
        try:
            assert len(load_examples(data, seed=0)) <= len(files)
        except (DataError, ConfigError) as error:
            assert "Received" in error.message


def damaged(whole: bytes, draws: random.Random) -> bytes:
    """Bytes changed, left out or put in between; mostly near the ends, where structure stands."""
    content = bytearray(whole)
    for _ in range(draws.choice((1, 2, 5))):
        near = draws.randrange(min(_HEAD_BYTES, len(content)))
        place = draws.choice((draws.randrange(len(content)), near, len(content) - 1 - near))
        kind = draws.random()
        if kind < 0.6:
            content[place] = draws.choice((0, 255, content[place] ^ 1, draws.randrange(256)))
        elif kind < 0.8:
            del content[place : place + draws.randrange(1, 64)]
        else:
            content[place:place] = draws.randbytes(draws.randrange(1, 16))
    return bytes(content) or b"\0"
