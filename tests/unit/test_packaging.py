"""Holds setup.cfg to the tree, so that what runs from a clone also runs from a wheel."""

from __future__ import annotations

import configparser
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import ftsuite

DATA_ENDINGS = {".yaml", ".html", ".jinja", ".css", ".js", ".md"}


@pytest.fixture(scope="module")
def setup_cfg(repository: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(repository / "setup.cfg", encoding="utf-8")
    return parser


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _packages_in_tree(repository: Path) -> set[str]:
    found = {"ftsuite_configs"}
    for init in (repository / "configs").glob("*/__init__.py"):
        found.add(f"ftsuite_configs.{init.parent.name}")
    for init in (repository / "ftsuite").rglob("__init__.py"):
        found.add(".".join(init.parent.relative_to(repository).parts))
    for init in (repository / "tasks").rglob("__init__.py"):
        found.add(".".join(init.parent.relative_to(repository / "tasks").parts))
    return found


def test_every_package_is_listed_and_exists(setup_cfg: configparser.ConfigParser, repository: Path) -> None:
    listed = _lines(setup_cfg["options"]["packages"])
    assert listed == sorted(listed)
    assert set(listed) == _packages_in_tree(repository)


def test_every_folder_with_modules_is_a_package(repository: Path) -> None:
    bare = [
        str(path.parent.relative_to(repository))
        for root in ("ftsuite", "tasks")
        for path in (repository / root).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    ]
    assert not bare


def test_every_data_file_is_shipped(setup_cfg: configparser.ConfigParser, repository: Path) -> None:
    patterns = _lines(setup_cfg["options.package_data"]["*"])
    packages = ("ftsuite", "tasks", "configs")
    files = [path for root in packages for path in (repository / root).rglob("*") if path.is_file()]
    data = [
        path
        for path in files
        if path.suffix not in (".py", ".pyc") and not any(p.endswith(".egg-info") for p in path.parts)
    ]
    left_out = [str(path) for path in data if not any(path.match(pattern) for pattern in patterns)]
    assert not left_out
    # A pattern applies to a package's own folder: a data file deeper down would be left out of the wheel.
    assert not [str(path) for path in data if not (path.parent / "__init__.py").exists()]
    assert {Path(pattern).suffix for pattern in patterns if pattern.startswith("*")} == DATA_ENDINGS


def test_a_wheel_holds_configs_and_plans(repository: Path, tmp_path: Path) -> None:
    # Found and not imported: it would put a distutils of its own in the place of Python's, for all tests after this.
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not installed")
    source = tmp_path / "source"
    for name in ("ftsuite", "tasks", "configs"):
        shutil.copytree(repository / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repository / name, source)
    build = "import setuptools.build_meta as build; build.build_wheel('dist')"
    (source / "dist").mkdir()
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = (source / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [path.relative_to(repository / "configs") for path in (repository / "configs").rglob("*.yaml")]
    assert {Path("bird-species.yaml"), Path("plans/full.yaml")} <= set(files)
    assert {f"ftsuite_configs/{path.as_posix()}" for path in files} <= names
    assert "ftsuite_configs/plans/__init__.py" in names


def test_dependencies_are_bounded_and_never_pinned(setup_cfg: configparser.ConfigParser) -> None:
    extras = setup_cfg["options.extras_require"]
    requirements = _lines(setup_cfg["options"]["install_requires"])
    for text in extras.values():
        requirements += _lines(text)
    assert all(">=" in requirement and "==" not in requirement for requirement in requirements)


def test_the_gpu_extra_takes_the_same_tensorflow(setup_cfg: configparser.ConfigParser) -> None:
    plain = next(r for r in _lines(setup_cfg["options"]["install_requires"]) if r.startswith("tensorflow >"))
    gpu = _lines(setup_cfg["options.extras_require"]["gpu"])[0]
    assert gpu.replace("tensorflow[and-cuda]", "tensorflow") == plain


def test_supported_pythons_are_said_once(setup_cfg: configparser.ConfigParser, repository: Path) -> None:
    from ftsuite.cli.doctor import SUPPORTED_PYTHON

    (low_major, low), (high_major, high) = SUPPORTED_PYTHON
    assert setup_cfg["options"]["python_requires"] == f">={low_major}.{low},<{high_major}.{high}"
    classifiers = setup_cfg["metadata"]["classifiers"]
    for minor in range(low, high):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["ruff"]["target-version"] == f"py3{low}"
    assert settings["tool"]["mypy"]["python_version"] == f"3.{low}"


def test_the_installed_distribution_is_this_one() -> None:
    assert importlib.metadata.version("ftsuite") == ftsuite.__version__
    points = importlib.metadata.entry_points(group="ftsuite.tasks")
    assert "image-classification" in points.names
    (script,) = [p for p in importlib.metadata.entry_points(group="console_scripts") if p.name == "ftsuite"]
    assert script.value == "ftsuite.cli.main:main"


def test_the_changelog_knows_this_version(repository: Path) -> None:
    assert f"## {ftsuite.__version__}" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_registry_host_is_named(repository: Path) -> None:
    hosts = ("pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js")
    named = []
    for root in ("ftsuite", "tasks", "configs", "tests"):
        for path in (repository / root).rglob("*"):
            if path.suffix in {".py", ".yaml", ".md"}:
                text = path.read_text(encoding="utf-8", errors="replace")
                named += [f"{path}: {host}" for host in hosts if host in text]
    assert not named
