"""A kept scan is what a new one would find, or there is none."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ftsuite.data import scan_cache
from ftsuite.data.image_files import BadFile, ImageInfo, scan_images
from tests.found_pictures import picture


def scan_kept(paths: list[str], progress: Any = None) -> list[ImageInfo | BadFile]:
    return list(scan_cache.scan_kept(paths, progress))


LONG_AGO = time.time_ns() - 10**12


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FTSUITE_SCANS", raising=False)
    monkeypatch.setattr(scan_cache, "LEAST_FILES", 1)


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were really scanned."""
    names: list[str] = []

    def noted(paths: Any, progress: Any = None) -> list[ImageInfo | BadFile]:
        names.extend(Path(path).name for path in paths)
        return scan_images(paths)

    monkeypatch.setattr(scan_cache, "scan_images", noted)
    return names


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    found = [picture(tmp_path / "pictures" / name) for name in ("a.png", "b.jpg", "ü c.gif")]
    for path in found:
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return list(map(str, found))


def test_what_did_not_change_is_not_read_again(paths: list[str], scanned: list[str]) -> None:
    told: list[tuple[str, int, int]] = []
    first = scan_kept(paths)
    assert first == scan_images(paths)
    scanned.clear()
    assert scan_kept(paths[::-1], lambda *progress: told.append(progress)) == first[::-1]
    assert scanned == []
    assert told == [("Reading pictures", 3, 3)]


def test_whatever_changed_is_read_again(paths: list[str], scanned: list[str]) -> None:
    scan_kept(paths)
    first, second, third = map(Path, paths)
    status = first.stat()
    # Other bytes of the same length and time, moved into place: another inode.
    other = first.with_name("other")
    data = bytearray(first.read_bytes())
    other.write_bytes(data)
    os.utime(other, ns=(status.st_mtime_ns, status.st_mtime_ns))
    other.replace(first)
    second.write_bytes(second.read_bytes() + b"\xff\xd9")
    os.utime(third, ns=(LONG_AGO, LONG_AGO + 1))
    scanned.clear()
    assert scan_kept(paths) == scan_images(paths)
    assert scanned == ["a.png", "b.jpg", "ü c.gif"]


def test_what_was_changed_just_now_and_what_is_bad_is_not_kept(paths: list[str], scanned: list[str]) -> None:
    os.utime(paths[0])
    Path(paths[1]).write_bytes(b"no picture")
    os.utime(paths[1], ns=(LONG_AGO, LONG_AGO))
    missing = str(Path(paths[0]).with_name("missing.png"))
    for _ in range(2):
        scanned.clear()
        found = scan_kept([*paths, missing])
    assert scanned == ["a.png", "b.jpg", "missing.png"]
    assert isinstance(found[1], BadFile)
    assert isinstance(found[3], BadFile)


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100, None])
def test_a_damaged_cache_is_begun_anew(
    paths: list[str], scanned: list[str], tmp_path: Path, damage: bytes | None
) -> None:
    expected = scan_kept(paths)
    database = tmp_path / "home" / "scans.sqlite"
    whole = database.read_bytes()
    database.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert scan_kept(paths) == expected
    scanned.clear()
    assert scan_kept(paths) == expected
    assert scanned == []


def test_another_rule_or_pillow_scans_anew(
    paths: list[str], scanned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan_kept(paths)
    monkeypatch.setattr(scan_cache, "_RULES", 2)
    scanned.clear()
    scan_kept(paths)
    assert len(scanned) == 3


def test_without_a_place_for_it_everything_is_scanned(
    paths: list[str], scanned: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert scan_kept(paths) == scan_images(paths)
    assert len(scanned) == 6
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FTSUITE_SCANS", "off")
    scan_kept(paths)
    assert not (tmp_path / "home").exists()


def test_a_few_files_are_not_worth_it(paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_cache, "LEAST_FILES", 4)
    scan_kept(paths)
    assert not (tmp_path / "home").exists()
