"""What `ftsuite task new` makes: names that can be had, and code that a reviewer would pass."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ftsuite.errors import ConfigError, ResourceError
from ftsuite.task_templates import writing
from ftsuite.task_templates.kinds import KINDS
from ftsuite.task_templates.names import LONGEST, names_of
from ftsuite.task_templates.rendering import data_folder, package_files, single_files
from ftsuite.task_templates.writing import git_author, write_package, write_single

MOST_LINES = 40
# As long as can be, so that no line of a template grows too long.
LONG_NAMES = {kind: f"{kind}-{'x' * LONGEST}"[:LONGEST] for kind in KINDS}


def _run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A package of each kind, by its kind."""
    root = tmp_path_factory.mktemp("packages")
    for kind in KINDS.values():
        names = names_of(LONG_NAMES[kind.name], {})
        write_package(root / names.task, package_files(names, kind, 'A "quoted" \\ name'), kind.write_data)
    return {kind: root / name for kind, name in LONG_NAMES.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a single file of each kind."""
    root = tmp_path_factory.mktemp("files")
    for kind in KINDS.values():
        names = names_of(kind.name, {})
        write_single(root, single_files(names, kind), data_folder(names), kind.write_data)
    return root


@pytest.fixture(scope="module")
def installed(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the packages are as pip would install them, editable."""
    site = tmp_path_factory.mktemp("site")
    for package in packages.values():
        project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n", "utf-8")
        points = project["entry-points"]["ftsuite.tasks"]
        lines = [f"{name} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[ftsuite.tasks]", *lines]), encoding="utf-8")
    return os.pathsep.join([str(site), *map(str, packages.values()), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Bird Songs", "bird-songs would do"),
        ("bird_songs", "bird-songs would do"),
        ("BirdSongs", "bird-songs would do"),
        ("bird--songs-", "bird-songs would do"),
        ("../evil", "evil would do"),
        ("3d", "bird-songs, for instance"),
        ("", "bird-songs, for instance"),
        ("ñ", "bird-songs, for instance"),
        ("a\nb", "a-b would do"),
        ("x" * (LONGEST + 1), f"{'x' * LONGEST} would do"),
        ("class", "my-class"),
        ("json", "my-json"),
        ("numpy", "my-numpy"),
        ("data", "my-data"),
        ("taken", "ftsuite list tasks"),
    ],
)
def test_names_that_cannot_be_had(name: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        names_of(name, {"taken": "somebody"})
    assert "Received: " in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize(
    ("name", "package", "class_name", "distribution"),
    [
        ("bird-songs", "bird_songs", "BirdSongs", "ftsuite-bird-songs"),
        ("b2-3d", "b2_3d", "B23d", "ftsuite-b2-3d"),
        ("image", "image", "ImageJob", "ftsuite-image"),  # ImageOptions is the family's
        ("metric", "metric", "MetricJob", "ftsuite-metric"),
        ("none", "none", "NoneJob", "ftsuite-none"),
        ("ftsuite-birds", "ftsuite_birds", "FtsuiteBirds", "ftsuite-birds"),
    ],
)
def test_what_follows_from_a_name(name: str, package: str, class_name: str, distribution: str) -> None:
    names = names_of(name, {})
    assert (names.package, names.class_name, names.distribution) == (package, class_name, distribution)


def test_the_code_passes_ruff(packages: dict[str, Path], files: Path, repository: Path) -> None:
    settings = (repository / "pyproject.toml").read_text(encoding="utf-8")
    root = files.parent
    text = settings.partition("[tool.mypy]")[0].partition("[tool.ruff]")[2].replace("[tool.ruff.", "[")
    (root / "ruff.toml").write_text(text.replace('src = [".", "tasks"]', ""), encoding="utf-8")
    chosen = ["--config", str(root / "ruff.toml"), "--no-cache", *map(str, packages.values()), str(files)]
    _run("-m", "ruff", "check", "--ignore", "D103", *chosen, cwd=root)
    _run("-m", "ruff", "format", "--check", *chosen, cwd=root)


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_reads_little(kind: str, packages: dict[str, Path]) -> None:
    names = names_of(LONG_NAMES[kind], {})
    for file in ("__init__.py", "task.py"):
        tree = ast.parse((packages[kind] / names.package / file).read_text(encoding="utf-8"))
        code = [ast.unparse(node) for node in _without_docstrings(tree).body]
        lines = [line for text in code for line in text.splitlines()]
        assert len(lines) < MOST_LINES, "\n".join(lines)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def test_specs_import_no_keras_and_configs_are_right(packages: dict[str, Path], installed: str, tmp_path: Path) -> None:
    code = f"""
import sys
from ftsuite.registry import Registry
from ftsuite.config import load_config
registry = Registry.discover()
for path in {[str(path / f"{path.name}.yaml") for path in packages.values()]}:
    loaded = load_config(path, options_model=registry.options_model)
    assert registry.spec(loaded.config.task).api_version == 1
assert not {{"keras", "tensorflow", "PIL"}} & set(sys.modules)
"""
    _run("-c", code, cwd=tmp_path, PYTHONPATH=installed)


def test_configs_name_data_that_are_there(packages: dict[str, Path], files: Path) -> None:
    for kind, package in packages.items():
        assert _source(package / f"{package.name}.yaml").exists(), kind
        assert _source(files / f"{kind}.yaml").exists(), kind


def _source(config: Path) -> Path:
    line = next(line for line in config.read_text(encoding="utf-8").splitlines() if line.startswith("  source: "))
    return config.parent / line.removeprefix("  source: ").partition(":")[2]


def test_single_files_hold_a_spec_each(files: Path) -> None:
    for kind in KINDS:
        code = (files / f"{kind.replace('-', '_')}.py").read_text(encoding="utf-8")
        assert code.count("from __future__ import annotations") == 1
        assert code.rstrip().splitlines()[-1] == ")"
        assert f'factory="{kind.replace("-", "_")}:' in code


def test_data_are_the_same_every_time(tmp_path: Path) -> None:
    for number in ("one", "two"):
        for kind in KINDS.values():
            (tmp_path / number / kind.name).mkdir(parents=True)
            kind.write_data(tmp_path / number / kind.name)
    one, two = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two")
    )
    assert one == two
    assert len(one) > 400


def test_own_data_take_the_place_of_generated_ones(tmp_path: Path) -> None:
    names, kind = names_of("age", {}), KINDS["image-regression"]
    config = package_files(names, kind, "", "csv:/a b/my: table.csv")["age.yaml"]
    read = YAML(typ="safe", pure=True).load(config)
    assert read["data"] == {"source": "csv:/a b/my: table.csv", "batch_size": 16}
    assert read["options"]["number"] == "number"


def test_metadata_survive_any_author() -> None:
    names = names_of("birds", {})
    for author in ('A "b" \\ c', "Ж\x7fé", ""):
        project = tomllib.loads(package_files(names, KINDS["bare"], author)["pyproject.toml"])["project"]
        assert project.get("authors", [{"name": ""}]) == [{"name": author}]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "birds").write_text("mine", encoding="utf-8")
    (tmp_path / "birds.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="needs places where nothing is yet"):
        write_package(tmp_path / "birds", {}, lambda folder: None)
    with pytest.raises(ConfigError, match=r"birds.yaml"):
        write_single(tmp_path, {"birds.py": "", "birds.yaml": ""}, "data", None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["birds", "birds.yaml"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ResourceError, match="No space left on device"):
        write_package(tmp_path / "out" / "birds", {"a.py": ""}, fail)
    assert not list((tmp_path / "out").iterdir())


def test_places_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="which is a file"):
        write_package(tmp_path / "file" / "birds", {}, lambda folder: None)

    def refuse(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(writing.tempfile, "mkdtemp", refuse)
    with pytest.raises(ResourceError, match="Permission denied"):
        write_package(tmp_path / "birds", {}, lambda folder: None)


def test_the_author_is_who_git_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").write_text('[user]\n  name = "Ada  L."\n', encoding="utf-8")
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    assert git_author() == "Ada L."
    monkeypatch.setenv("PATH", "")
    assert git_author() == ""


@pytest.mark.slow
def test_the_code_passes_mypy(packages: dict[str, Path], files: Path, repository: Path, tmp_path: Path) -> None:
    roots = [str(path / names_of(path.name, {}).package) for path in packages.values()]
    singles = [str(path) for path in files.glob("*.py")]
    settings = [f"--config-file={repository / 'pyproject.toml'}", f"--cache-dir={tmp_path}"]
    _run("-m", "mypy", *settings, *roots, *singles, cwd=repository)


@pytest.mark.slow
def test_the_test_is_collected(packages: dict[str, Path], installed: str) -> None:
    if importlib.util.find_spec("ftsuite.testing") is None:
        pytest.skip("there is no harness yet")
    for package in packages.values():
        done = _run("-m", "pytest", "--collect-only", "-q", str(package), cwd=package, PYTHONPATH=installed)
        assert "1 test collected" in done.stdout
