"""`ftsuite data prepare` as a user types it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from ftsuite.cli.data_prepare import ByteSize
from ftsuite.cli.main import cli
from ftsuite.data.records import is_records_folder
from tests.found_pictures import picture

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs


def prepare(*arguments: str) -> int:
    """The exit code of the command, in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["data", "prepare", "bird-species", *arguments])
    return int(ended.value.code or 0)


def test_prepare_refuse_and_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    for name in ("cat", "dog"):
        for number in range(3):
            picture(tmp_path / "photos" / name / f"{number}.jpg", seed=number + len(name) * (name == "cat"))
    try:
        assert prepare("--data", "folder:photos", "--shards", "2", "--json") == 0
    finally:
        signal.signal(signal.SIGTERM, handler)
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["event"], result["examples"], result["shards"]) == ("result", 6, 2)
    out = tmp_path / "records" / "bird-species"
    assert Path(result["folder"]) == out
    assert is_records_folder(out)
    assert prepare("--data", "folder:photos") == 2
    assert "not there yet" in capsys.readouterr().err
    assert prepare("--data", f"records:{out}", "--verify") == 0
    assert "6 records in 2 shards" in capsys.readouterr().out
    shard = next(out.glob("*.tfrecord"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    assert prepare("--out", str(out), "--verify") == 5
    assert "holds other bytes" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "size"), [("256MB", 256_000_000), ("1.5 GiB", 3 * 2**29), ("10kb", 10_000), (7, 7)])
def test_sizes(text: str | int, size: int) -> None:
    assert ByteSize().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "256", "0MB", "-1MB", "1TB", "MB", "0.0001KB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    import click

    with pytest.raises(click.BadParameter, match="such as 256MB"):
        ByteSize().convert(text, None, None)
