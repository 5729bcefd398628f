from __future__ import annotations

import bz2
import gzip
import io
import os
import shutil
import stat
import tarfile
import zipfile
from collections import namedtuple
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.contents import input_bytes, is_inside, read_inside, shown_input, stretch_of
from ftsuite.data.image_files import BadFile, decode_image, read_bytes, scan_images
from ftsuite.data.sources import load_examples, zip_members
from ftsuite.errors import DataError, ResourceError
from tests.found_pictures import note_with, picture


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))


def load(path: Path | str, **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": f"archive:{path}", **settings}), seed=0)


def pictures(folder: Path, *names: str) -> dict[str, bytes]:
    """Members by name, each another picture; ``a/`` and ``b/`` with two each where none are named."""
    names = names or ("a/1.png", "a/2.png", "b/1.jpg", "b/2.png")
    return {name: picture(folder / f"{n}{Path(name).suffix or '.png'}", n).read_bytes() for n, name in enumerate(names)}


def write_zip(path: Path, members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_tar(
    path: Path, members: Mapping[str, bytes], mode: str = "w", change: Callable[[Any], None] | None = None
) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if change is not None and entry.name == list(members)[-1]:
                change(entry)
            archive.addfile(entry, io.BytesIO(content))
    return path


WRITERS = {"zip": write_zip, "tar": write_tar}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("top", ["", "birds/", "./", "one/two/"])
def test_ids_are_those_of_the_unpacked_folder(tmp_path: Path, kind: str, top: str) -> None:
    members = pictures(tmp_path / "made")
    archive = WRITERS[kind](tmp_path / f"set.{kind}", {top + name: content for name, content in members.items()})
    loaded = load(archive)
    assert loaded.ids == tuple(members)
    assert loaded.class_names == ("a", "b")
    assert [read_inside(one) for one in loaded.inputs] == list(members.values())
    assert [input_bytes(one) for one in loaded.inputs] == [len(content) for content in members.values()]
    assert input_bytes(str(archive)) == archive.stat().st_size
    assert not (tmp_path / "home").exists()
    assert all(shown_input(one) == f"{archive}!{stretch_of(one).name}" for one in loaded.inputs)


def test_a_lone_folder_of_a_split_is_no_wrapping(tmp_path: Path) -> None:
    members = pictures(tmp_path, "x/train/a/1.png", "x/train/b/1.png", "x/test/a/2.png", "x/test/b/2.png")
    loaded = load(write_zip(tmp_path / "set.zip", members))
    assert loaded.splits is not None
    assert loaded.splits.tolist() == ["train", "train", "test", "test"]
    only = {name: content for name, content in members.items() if "train" in name}
    assert load(write_zip(tmp_path / "only.zip", only)).splits is not None


@pytest.mark.parametrize("name", ["a set!.zip", "100% of it?.zip", "x!y?stored=1+2.zip", "grün.zip"])
def test_any_name_of_an_archive_or_member_is_found_again(tmp_path: Path, name: str) -> None:
    members = pictures(tmp_path, "a!b/50%?stored=9+9.png", "a!b/ü!.png", "c/1.png")
    loaded = load(write_zip(tmp_path / name, members))
    assert [read_inside(one) for one in loaded.inputs] == list(members.values())
    assert stretch_of(loaded.inputs[0]).file == str(tmp_path / name)
    assert decode_image(loaded.inputs[1]).shape == (20, 24, 3)


HOSTILE_NAMES = ["../evil.png", "a/../../evil.png", "/etc/evil.png", "..\\evil.png", "C:\\evil.png", "a/x/.."]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_entries_that_lead_out_are_refused_by_name(tmp_path: Path, kind: str, name: str) -> None:
    members = {**pictures(tmp_path), name: b"x"}
    with pytest.raises(DataError, match=r"leads out of it|an absolute path") as caught:
        load(WRITERS[kind](tmp_path / f"set.{kind}", members), bad_files="skip")
    assert "evil" in caught.value.message or "a/x/.." in caught.value.message
    assert not list(tmp_path.parent.rglob("evil*"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "is a link to 'a/1.png'"),
        (tarfile.LNKTYPE, "is a link to"),
        (tarfile.CHRTYPE, "is a device"),
        (tarfile.BLKTYPE, "is a device"),
        (tarfile.FIFOTYPE, "is a pipe"),
    ],
)
def test_links_and_devices_of_a_tar_are_refused(tmp_path: Path, kind: bytes, words: str) -> None:
    def change(entry: Any) -> None:
        entry.type, entry.linkname, entry.size = kind, "a/1.png", 0

    with pytest.raises(DataError, match=words):
        load(write_tar(tmp_path / "set.tar", {**pictures(tmp_path), "b/3.png": b""}, change=change))


def test_links_of_a_zip_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path))
    entry = zipfile.ZipInfo("b/link.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(DataError, match=r"'b/link\.png' is a link"):
        load(path)


def test_a_name_that_is_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a file and a folder at once"):
        load(write_zip(tmp_path / "set.zip", {**pictures(tmp_path), "a": b"x"}))


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_members, "LARGEST_BEFORE_RATIO_BYTES", 1 << 20)
    monkeypatch.setattr("ftsuite.data.sources.tar_cache.LARGEST_BEFORE_RATIO_BYTES", 1 << 20)
    bomb = {**pictures(tmp_path), "a/3.bmp": bytes(4 << 20)}
    with pytest.raises(DataError, match="at most 200 times"):
        load(write_zip(tmp_path / "set.zip", bomb))
    with pytest.raises(DataError, match="at most 200 times"):
        load(write_tar(tmp_path / "set.tar.gz", bomb, "w:gz"))
    assert not list((tmp_path / "home").rglob("*.tar"))


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    # The table's entry of the second file points at the first one.
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    path.write_bytes(content)
    with pytest.raises(DataError, match="shares its bytes"):
        load(path)


def test_a_member_that_says_less_than_it_holds_is_bad(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"set\.zip!a/1\.png: cannot be read \(it does not have the size"):
        load(path)
    assert len(load(path, bad_files="skip")) == 3


def test_damaged_members_are_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path), zipfile.ZIP_STORED)
    stretch = stretch_of(load(path).inputs[2])
    with open(path, "r+b") as file:
        file.seek(stretch.offset + 200)
        file.write(b"\0\1\2\3")
    with pytest.raises(DataError, match=r"set\.zip!b/1\.jpg: cannot be read \(its checksum does not fit"):
        load(path)


@pytest.mark.parametrize("name", ["set.zip", "set.tar", "set.tar.gz", "set.tar.bz2", "set.tar.xz"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_a_cut_archive_is_never_taken_for_a_whole_one(tmp_path: Path, name: str, share: float) -> None:
    members = pictures(tmp_path)
    path = tmp_path / name
    whole = write_zip(path, members) if name == "set.zip" else write_tar(path, members, f"w:{name[8:]}")
    expected = load(whole).content_hashes
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    try:
        loaded = load(path)
    except DataError as error:
        assert str(path) in error.message
    else:
        # A tar archive that is cut between two entries cannot be told but by its end; cut in its end, it is whole.
        assert loaded.content_hashes == expected or "may have been cut" in note_with(loaded, "cut")
    assert not list((tmp_path / "home").rglob("*.partial"))


def test_junk_of_a_mac_is_passed_over(tmp_path: Path) -> None:
    members = {
        **pictures(tmp_path), "__MACOSX/a/._1.png": b"x", ".DS_Store": b"x", "a/.DS_Store": b"x", "a/Thumbs.db": b"x",
    }  # fmt: skip
    loaded = load(write_zip(tmp_path / "set.zip", members))
    assert len(loaded) == 4
    assert "Passed over" in note_with(loaded, "hidden or system")


def test_names_in_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    members = pictures(tmp_path, "grün/1.png", "grün/2.png", "blau/1.png")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    # As other programs write: UTF-8 without saying so, and code page 437.
    content = path.read_bytes()
    without = bytearray(content)
    for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        at = -1
        while (at := without.find(mark, at + 1)) >= 0:
            without[at + offset] &= ~0x08 & 0xFF
    path.write_bytes(without)
    assert load(path).class_names == ("blau", "grün")
    path.write_bytes(bytes(without).replace("ü".encode(), b"\x81x"))
    loaded = load(path)
    assert loaded.class_names == ("blau", "grüxn")
    assert "code page 437, such as 'grüxn/1.png'" in note_with(loaded, "encoding")
    tar = tmp_path / "set.tar"
    with tarfile.open(tar, "w", encoding="latin-1", format=tarfile.GNU_FORMAT) as archive_of_tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive_of_tar.addfile(entry, io.BytesIO(data))
    with pytest.raises(DataError, match="has a name that is not UTF-8"):
        load(tar)


def test_backslashes_of_old_programs_are_separators(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in pictures(tmp_path).items():
            entry = zipfile.ZipInfo("x")
            entry.filename, entry.create_system = f"birds\\{name}".replace("/", "\\"), 0
            archive.writestr(entry, content)
    assert load(path).ids == ("a/1.png", "a/2.png", "b/1.jpg", "b/2.png")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="4 of 4 files are encrypted") as caught:
        load(path)
    assert "folder:PATH" in caught.value.advice


def test_what_is_no_archive_that_is_read(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", pictures(tmp_path))
    cases = {
        "text.zip": (b"hello", "which is something else"),
        "empty.tar": (b"", "which is empty"),
        "birds.tar": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
        "table.tar.gz": (gzip.compress(b"text,label\n" * 100), "holds something else"),
        "table.tar.bz2": (bz2.compress(b"text,label\n" * 100), "holds something else"),
        "zeros.tar": (bytes(10240), "holds no file"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=words):
            load(tmp_path / name)
    with pytest.raises(DataError, match=r"holds another archive: 'inner\.zip'"):
        load(write_zip(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()}))
    with pytest.raises(DataError, match="is a ZIP archive"):
        load(write_zip(tmp_path / "deep.zip", {**pictures(tmp_path), "a/inner.zip": inner.read_bytes()}))
    with pytest.raises(DataError, match="holds no file"):
        load(write_zip(tmp_path / "none.zip", {}))
    with pytest.raises(DataError, match="zip method 12"):
        load(write_zip(tmp_path / "bz.zip", pictures(tmp_path), zipfile.ZIP_BZIP2))
    with pytest.raises(DataError, match="exists") as caught:
        load(tmp_path / "inne.zip")
    assert "inner.zip" in caught.value.advice


def test_a_compressed_tar_is_uncompressed_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar.gz", pictures(tmp_path), "w:gz")
    told: list[str] = []
    source = DataConfig(source=str(path))
    first = load_examples(source, 0, lambda label, done, total: told.append(label))
    assert any(label.startswith("Measuring set.tar.gz") for label in told)
    assert any("MiB, into the cache" in label for label in told)
    assert "uncompressed copy" in note_with(first, "uncompressed")
    told.clear()
    assert load_examples(source, 0, lambda label, done, total: told.append(label)).inputs == first.inputs
    assert not any("Measuring" in label for label in told)
    copies = list((tmp_path / "home" / "archives").glob("*.tar"))
    copies[0].write_bytes(copies[0].read_bytes()[:1000])
    assert load(path).inputs == first.inputs
    copies[0].unlink()
    assert load(path).inputs == first.inputs
    write_tar(path, pictures(tmp_path / "other", "a/1.png", "b/9.png"), "w:gz")
    os.utime(path, ns=(1, 1))
    assert load(path).ids == ("a/1.png", "b/9.png")


def test_no_room_for_the_uncompressed_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tar(tmp_path / "set.tar.gz", pictures(tmp_path), "w:gz")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 10, 1000))
    with pytest.raises(ResourceError, match=r"Expected room for set\.tar\.gz"):
        load(path)
    assert not list((tmp_path / "home").rglob("*.tar"))


def test_an_archive_that_changes_or_goes_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", pictures(tmp_path), zipfile.ZIP_STORED)
    inputs = load(path).inputs
    assert all(is_inside(one) for one in inputs)
    path.write_bytes(path.read_bytes()[:300])
    bad = scan_images(list(inputs))
    assert all(isinstance(entry, BadFile) for entry in bad[1:])
    path.unlink()
    gone = read_bytes(inputs[0])
    assert isinstance(gone, BadFile)
    assert gone.path == f"{path}!a/1.png"
    assert "No such file" in gone.reason
    with pytest.raises(DataError, match=r"set\.zip!a/1\.png"):
        decode_image(inputs[0])


def test_files_that_stand_twice(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", pictures(tmp_path))
    newer = picture(tmp_path / "newer.png", 99).read_bytes()
    with tarfile.open(path, "a") as archive:
        entry = tarfile.TarInfo("a/1.png")
        entry.size = len(newer)
        archive.addfile(entry, io.BytesIO(newer))
    loaded = load(path)
    assert len(loaded) == 4
    assert read_inside(loaded.inputs[0]) == newer
    assert "more than once" in note_with(loaded, "more than once")
