from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftsuite import assets
from ftsuite.assets import entries
from ftsuite.cli.assets import assets as command
from ftsuite.errors import ArtifactError, ConfigError


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an asset in an otherwise empty catalogue, whose wheel lies in the downloads folder."""
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    assets.downloads_folder().mkdir(parents=True)
    wheel = assets.downloads_folder() / "fake_set-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fake_set/table.csv", "text,label\n")
    made = assets.Asset.model_validate(
        {
            "name": "fake-set",
            "kind": "dataset",
            "summary": "made for a test",
            "source": "pypi:fake-set",
            "version": "1.0.0",
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "size_bytes": 2_400_000,
            "unpacked_bytes": 100,
            "licence": "MIT",
            "terms": "none",
            "members": ["fake_set/table.csv"],
            "convert": {"step": "keep"},
        }
    )
    for module in (entries, assets):
        monkeypatch.setattr(module, "catalogue", lambda: {made.name: made})
    return made.name


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_shows_the_shipped_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path))
    lines = run("list").splitlines()
    assert lines[0].split() == ["name", "kind", "download", "licence", "cached"]
    assert lines[1].split() == ["efficientnet_lite0_imagenet", "weights", "17", "MB", "Apache-2.0", "no"]
    assert lines[-1] == f"Cache: {tmp_path}"
    objects = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [entry["name"] for entry in objects] == list(assets.catalogue())
    assert objects[0]["state"] == "no" and objects[0]["size_bytes"] == 17364911


def test_pull_list_verify_and_mend(fake: str) -> None:
    assert "no" in run("list").split()
    assert run("verify") == ""  # nothing is cached, so nothing is damaged
    pulled = Path(run("pull", fake).strip().partition(": ")[2])
    assert (pulled / "table.csv").read_text() == "text,label\n"
    assert "yes" in run("list").split()
    assert run("verify") == f"{fake}: whole\n"
    (pulled / "table.csv").write_text("text,lable\n")
    with pytest.raises(ArtifactError) as caught:
        run("verify", fake)
    assert caught.value.exit_code == 5
    assert f"pull --force {fake}" in caught.value.advice
    (pulled / "table.csv").write_text("")
    assert "damaged" in run("list").split()
    run("pull", "--all", "--force")
    assert run("verify", fake) == f"{fake}: whole\n"


def test_verify_by_name_of_what_is_not_cached(fake: str) -> None:
    with pytest.raises(ArtifactError, match="1 not so: fake-set"):
        run("verify", fake)


def test_unknown_name_is_told_before_any_download(fake: str) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'fake-set'"):
        run("pull", fake, "fake-sett")
    assert not (assets.home() / "assets").exists()


@pytest.mark.parametrize("arguments", [["pull"], ["pull", "--all", "fake-set"]])
def test_pull_wants_names_or_all(fake: str, arguments: list[str]) -> None:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2 and "--all" in result.stderr
