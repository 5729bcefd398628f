from __future__ import annotations

from pathlib import Path

import pytest

from ftsuite.data.whole_files import read_whole


@pytest.mark.parametrize("size", [0, 1, 5, 3_000_000])
@pytest.mark.parametrize("wrong_by", [0, -1, 1, -5, 1000])
def test_all_of_a_file_is_read_whatever_its_size_was_thought_to_be(tmp_path: Path, size: int, wrong_by: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    path = tmp_path / "a"
    path.write_bytes(content)
    assert read_whole(str(path), max(size + wrong_by, 0)) == content


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="Linux only")
def test_files_that_are_made_as_they_are_read_say_that_they_are_empty() -> None:
    assert Path("/proc/version").stat().st_size == 0
    assert read_whole("/proc/version", 0) == Path("/proc/version").read_bytes() != b""


def test_what_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_whole(str(tmp_path / "gone"), 5)
    with pytest.raises(OSError):
        read_whole(str(tmp_path), 5)
