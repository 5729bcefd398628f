from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from ftsuite.assets.unpack import take_members
from ftsuite.errors import ArtifactError


def packed(entries: list[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content, method)
    return stream


def take(archive: io.BytesIO, target: Path, *members: str, limit_bytes: int = 10_000) -> list[Path]:
    return take_members(archive, members or ("data/*.txt",), target, limit_bytes=limit_bytes, where="some.whl")


def refused(archive: io.BytesIO, folder: Path, received: str, *members: str, limit_bytes: int = 10_000) -> None:
    target = folder / "target"
    target.mkdir()
    with pytest.raises(ArtifactError) as caught:
        take(archive, target, *members, limit_bytes=limit_bytes)
    assert received in caught.value.message
    assert "some.whl" in caught.value.message
    assert [path for path in folder.rglob("*") if path != target] == []


def test_takes_what_matches_and_nothing_else(tmp_path: Path) -> None:
    archive = packed(
        [
            ("data/", b""),
            ("data/a.txt", b"A"),
            ("data/x/b.txt", b"B"),
            ("setup.py", b"C"),
            ("data/é.txt", b"D"),
        ]
    )
    assert take(archive, tmp_path) == [tmp_path / "a.txt", tmp_path / "é.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "é.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"A"


@pytest.mark.parametrize(
    "name",
    [
        "/data/a.txt",
        "../a.txt",
        "data/../../a.txt",
        "data/./a.txt",
        "data//a.txt",
        "C:/a.txt",
        "data\\..\\a.txt",
        "data/a\n.txt",
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    # Refused even though the member that is asked for is harmless.
    archive = packed([("data/ok.txt", b"A"), (name, b"B")])
    refused(archive, tmp_path, repr(name))


def test_a_name_cut_by_a_nul(tmp_path: Path) -> None:
    content = packed([("data/ok.txt?/../../x", b"A")]).getvalue().replace(b"ok.txt?", b"ok.txt\0")
    refused(io.BytesIO(content), tmp_path, "control character")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("data/a.txt")
    info.external_attr = (kind | 0o777) << 16
    refused(packed([(info, b"/etc/passwd")]), tmp_path, "a link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["data/a.txt", "data/A.txt"])
def test_the_same_name_twice(tmp_path: Path, second: str) -> None:
    refused(packed([("data/a.txt", b"A"), (second, b"B")]), tmp_path, "twice")


def test_the_same_base_name_twice(tmp_path: Path) -> None:
    refused(packed([("a/x.txt", b"A"), ("b/x.txt", b"B")]), tmp_path, "same base name", "*/x.txt")


def test_a_missing_member(tmp_path: Path) -> None:
    refused(packed([("data/a.txt", b"A")]), tmp_path, "no member 'data/*.csv'", "data/a.txt", "data/*.csv")


def test_more_bytes_than_allowed(tmp_path: Path) -> None:
    archive = packed([("data/a.txt", bytes(range(200))), ("data/b.txt", bytes(range(200)))])
    refused(archive, tmp_path, "400 bytes where 399 are the limit", limit_bytes=399)


def test_a_header_that_understates_the_size_does_not_unpack_more(tmp_path: Path) -> None:
    content = packed([("data/a.txt", bytes(50_000))]).getvalue()
    size = struct.pack("<I", 50_000)
    assert content.count(size) == 2
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ArtifactError):
        take(io.BytesIO(content.replace(size, struct.pack("<I", 9_000))), target)
    assert sum(path.stat().st_size for path in target.iterdir()) <= 9_000


def test_a_header_with_an_impossible_ratio(tmp_path: Path) -> None:
    content = packed([("data/a.txt", b"small")]).getvalue().replace(struct.pack("<I", 5), struct.pack("<I", 2**31))
    refused(io.BytesIO(content), tmp_path, "packed into", limit_bytes=2**40)


def test_encrypted_members(tmp_path: Path) -> None:
    content = bytearray(packed([("data/a.txt", b"A")]).getvalue())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    refused(io.BytesIO(bytes(content)), tmp_path, "encrypted")


def test_other_ways_of_packing(tmp_path: Path) -> None:
    refused(packed([("data/a.txt", b"A" * 50)], zipfile.ZIP_BZIP2), tmp_path, "method 12")


def test_damage_is_an_error_wherever_it_is(tmp_path: Path) -> None:
    content = packed([("data/a.txt", b"some text " * 20), ("data/b.txt", bytes(range(256)))]).getvalue()
    for length in range(0, len(content), 7):
        with pytest.raises(ArtifactError):
            take(io.BytesIO(content[:length]), tmp_path)
    for position in range(len(content)):
        target = tmp_path / str(position)
        target.mkdir()
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        try:
            take(io.BytesIO(bytes(damaged)), target)
        except ArtifactError:
            continue


def test_existing_files_are_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    target = tmp_path / "target"
    target.mkdir()
    (target / "a.txt").symlink_to(outside)
    with pytest.raises(FileExistsError):
        take(packed([("data/a.txt", b"A")]), target)
    assert outside.read_text() == "mine"
