"""Loading: values, layers, origins, overrides, resolving and writing back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pydantic
import pytest

from ftsuite.config import Config, ExamplesPerClass, dump_yaml, load_config, quoted_override, shipped_configs
from ftsuite.config import locate as locate_module
from ftsuite.errors import ConfigError

MINIMAL = "task: pictures\ndata: {source: field-guide}\nbackbone: {name: some_model}\n"
Write = Callable[[str, str], Path]


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
    size: int = 32
    scale: tuple[float, float] = (0.5, 1.0)


@pytest.fixture
def write(write_here: Write) -> Write:
    return write_here


def test_minimal_config_takes_the_documented_defaults(write: Write) -> None:
    loaded = load_config(write("birds.yaml", MINIMAL))
    config = loaded.config
    assert loaded.name == "birds"
    assert (config.seed, config.deterministic, config.data.batch_size) == (0, None, 32)
    assert (config.data.validation_fraction, config.data.test_fraction) == (0.15, 0.2)
    assert config.data.examples_per_class == ExamplesPerClass(train=30, validation=10, test=25)
    assert [str(stage.train) for stage in config.finetune.stages] == ["head", "last 2", "all"]
    assert [str(stage.duration) for stage in config.finetune.stages] == ["5 epochs", "5 epochs", "10 epochs"]
    assert str(config.finetune.stages[2].warmup) == "10%"
    assert config.finetune.early_stopping is not None
    assert config.finetune.early_stopping.metric == "log_loss"


def test_config_is_frozen(write: Write) -> None:
    config = load_config(write("birds.yaml", MINIMAL)).config
    with pytest.raises(pydantic.ValidationError):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(pydantic.ValidationError):
        config.data.batch_size = 3  # type: ignore[misc]


def test_yaml_1_2_scalars(write: Write) -> None:
    text = MINIMAL + "options: {a: 3e-4, b: no, c: 0o17, d: 017, e: 1_000, f: 2001-01-01, g: ~, h: .5e3, i: 1:30}\n"
    options = load_config(write("birds.yaml", text)).config.options
    numbers = {"a": 3e-4, "c": 15, "d": 17, "g": None, "h": 500.0}
    texts = {"b": "no", "e": "1_000", "f": "2001-01-01", "i": "1:30"}
    assert options == {**numbers, **texts}
    assert isinstance(options["a"], float)


def test_quoted_numbers_are_text_and_aliases_repeat_values(write: Write) -> None:
    text = MINIMAL + "options: {a: '3', b: \"3\", c: &size [1, 2], d: *size}\n"
    assert load_config(write("birds.yaml", text)).config.options == {
        "a": "3",
        "b": "3",
        "c": [1, 2],
        "d": [1, 2],
    }


def test_whole_number_is_good_for_a_number(write: Write) -> None:
    config = load_config(write("birds.yaml", MINIMAL + "head: {dropout: 0}\n")).config
    assert config.head.dropout == 0.0
    assert isinstance(config.head.dropout, float)


@pytest.mark.parametrize("encode", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n")])
def test_byte_order_mark_and_crlf_are_fine(tmp_path: Path, encode: Callable[[str], str]) -> None:
    path = tmp_path / "birds.yaml"
    path.write_bytes(encode(MINIMAL + "seed: 3\n").encode())
    loaded = load_config(path)
    assert loaded.config.seed == 3
    assert loaded.origins["seed"].line == 4


def test_extends_merges_maps_and_replaces_lists(write: Write) -> None:
    base = MINIMAL + "seed: 5\nfinetune:\n  label_smoothing: 0.3\n  optimizer: {weight_decay: 0.1, beta_1: 0.8}\n"
    base += "  stages:\n    - {train: head, for: 1 epoch, learning_rate: 1e-3}\n"
    base += "    - {train: all, for: 2 epochs, learning_rate: 1e-4}\n"
    write("bases/base.yaml", base)
    child = "extends: bases/base.yaml\nfinetune:\n  optimizer: {beta_1: 0.7}\n  early_stopping: null\n"
    child += "  stages:\n    - {train: last 3, for: 7 steps, learning_rate: 2}\n"
    write("child.yaml", child)
    loaded = load_config("child.yaml")
    finetune = loaded.config.finetune
    assert (finetune.label_smoothing, finetune.optimizer.weight_decay, finetune.optimizer.beta_1) == (
        0.3,
        0.1,
        0.7,
    )
    assert finetune.early_stopping is None
    assert [str(stage.train) for stage in finetune.stages] == ["last 3"]
    assert str(loaded.origins["seed"]) == "bases/base.yaml:4"
    assert loaded.origins["seed"].kind == "extended"
    assert str(loaded.origins["finetune.optimizer.beta_1"]) == "child.yaml:3"
    assert "extends" not in loaded.resolved()


def test_extends_takes_paths_relative_to_the_file_and_shipped_names(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = write("elsewhere/base.yaml", MINIMAL + "seed: 9\n")
    monkeypatch.setattr(locate_module, "shipped_configs", lambda: {"shipped": base})
    write("deep/one.yaml", "extends: ../elsewhere/base.yaml\n")
    write("deep/two.yaml", "extends: shipped\n")
    assert load_config("deep/one.yaml").config.seed == 9
    assert load_config("deep/two.yaml").config.seed == 9


def test_overrides_win_and_the_last_of_them_most(write: Write) -> None:
    write("birds.yaml", MINIMAL + "seed: 1\n")
    loaded = load_config("birds.yaml", ["seed=2", "seed=3", "data.batch_size=16"])
    assert (loaded.config.seed, loaded.config.data.batch_size) == (3, 16)
    assert str(loaded.origins["seed"]) == "--set seed=3"


def test_override_parses_its_value_as_yaml(write: Write) -> None:
    write("birds.yaml", MINIMAL + "finetune: {early_stopping: null}\n")
    overrides = [
        "finetune.stages=[{train: head, for: 3 epochs, learning_rate: 1e-3}]",
        "finetune.stages.0.learning_rate=2e-3",
        "finetune.early_stopping.patience=4 epochs",
        "finetune.optimizer.clip_norm=null",
        "summary=a: b".replace(": ", ":"),
    ]
    config = load_config("birds.yaml", overrides).config
    assert [stage.learning_rate for stage in config.finetune.stages] == [2e-3]
    assert config.finetune.early_stopping is not None
    assert str(config.finetune.early_stopping.patience) == "4 epochs"
    assert config.finetune.optimizer.clip_norm is None
    assert config.summary == "a:b"


def test_override_reaches_into_the_default_plan(write: Write) -> None:
    write("birds.yaml", MINIMAL)
    loaded = load_config("birds.yaml", ["finetune.stages.1.learning_rate=1e-2"])
    assert [stage.learning_rate for stage in loaded.config.finetune.stages] == [1e-3, 1e-2, 1e-4]
    assert loaded.origins["finetune.stages.1.learning_rate"].kind == "set"
    assert loaded.origins["finetune.stages.0.learning_rate"].kind == "default"


@pytest.mark.parametrize("value", ["folder:a b", "no", "3", "x: y # z", "'\"", "", "ä\n\t"])
def test_quoted_override_keeps_any_text(write: Write, value: str) -> None:
    write("birds.yaml", MINIMAL)
    assert load_config("birds.yaml", [quoted_override("summary", value)]).config.summary == value


def test_origins_cover_exactly_the_resolved_values(write: Write) -> None:
    write("birds.yaml", MINIMAL + "options:\n  scale: [0.1, 0.2]\n")
    loaded = load_config("birds.yaml", options_model=lambda task: Options)
    assert loaded.origins["options.scale"].line == 5
    assert loaded.origins["options.size"].kind == "default"
    assert str(loaded.origins["data.source"]) == "birds.yaml:2"
    assert loaded.origins["data.examples_per_class.train"].kind == "default"
    assert "finetune.stages.2.warmup" in loaded.origins
    assert loaded.resolved()["options"] == {"size": 32, "scale": [0.1, 0.2]}


def test_options_are_validated_by_the_model_of_the_task(write: Write) -> None:
    write("birds.yaml", MINIMAL + "options: {size: 48}\n")
    asked: list[str] = []

    def options_model(task: str) -> type[pydantic.BaseModel]:
        asked.append(task)
        return Options

    loaded = load_config("birds.yaml", options_model=options_model)
    assert asked == ["pictures"]
    assert loaded.options == Options(size=48)
    assert load_config("birds.yaml").options is None


def test_other_source_leaves_out_what_belongs_to_the_old_one(write: Write) -> None:
    write("birds.yaml", MINIMAL.replace("guide}", "guide, examples_per_class: {train: 3}}"))
    loaded = load_config("birds.yaml", ["data.source=folder:photos"])
    assert loaded.config.data.examples_per_class is None
    assert len(loaded.notes) == 1
    assert "data.examples_per_class (birds.yaml:2)" in loaded.notes[0]
    assert load_config("birds.yaml").notes == ()
    with pytest.raises(ConfigError, match="goes with the source `field-guide`"):
        load_config("birds.yaml", ["data.source=folder:photos", "data.examples_per_class.test=3"])


def test_other_source_in_an_extending_file_does_the_same(write: Write) -> None:
    write("base.yaml", MINIMAL.replace("field-guide", "csv:a.csv, label_column: species"))
    write("child.yaml", "extends: ./base.yaml\ndata: {source: 'folder:photos'}\n")
    loaded = load_config("child.yaml")
    assert loaded.config.data.label_column is None
    assert len(loaded.notes) == 1


def test_resolved_paths_are_absolute(write: Write, tmp_path: Path) -> None:
    text = MINIMAL.replace("field-guide", "{source}").replace("some_model", "{name}")
    for source, expected in [
        ("folder:../photos", f"folder:{tmp_path.parent}/photos"),
        ("csv:/a/b.csv", "csv:/a/b.csv"),
        ("photos", f"{tmp_path}/photos"),
        ("folder:~/photos", f"folder:{Path.home()}/photos"),
        ("tfds:caltech_birds2011:0.1.1", "tfds:caltech_birds2011:0.1.1"),
        ("asset:cub40", "asset:cub40"),
        ("field-guide", "field-guide"),
    ]:
        write("birds.yaml", text.replace("{source}", f"'{source}'").replace("{name}", "some_model"))
        loaded = load_config("birds.yaml")
        assert loaded.config.data.source == source
        assert loaded.resolved()["data"]["source"] == expected
    for name, expected in [
        ("some_model", "some_model"),
        ("./presets/mine", f"{tmp_path}/presets/mine"),
        ("kaggle://keras/resnet/x", "kaggle://keras/resnet/x"),
    ]:
        write("birds.yaml", text.replace("{source}", "field-guide").replace("{name}", name))
        assert load_config("birds.yaml").resolved()["backbone"]["name"] == expected


def test_resolved_config_repeats_itself(write: Write) -> None:
    write("base.yaml", MINIMAL.replace("field-guide", "folder:photos"))
    write("child.yaml", "extends: ./base.yaml\nsummary: 'yes'\noptions: {size: 40}\n")
    first = load_config("child.yaml", ["finetune.stages.0.for=1 epoch"], options_model=lambda task: Options)
    write("again.yaml", dump_yaml(first.resolved()))
    again = load_config("again.yaml", options_model=lambda task: Options)
    assert again.resolved() == first.resolved()
    assert again.options == first.options
    assert dump_yaml(again.resolved()) == dump_yaml(first.resolved())
    assert Config.model_validate(first.resolved()) == again.config


def test_unreadable_file_is_a_config_error(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("birds.yaml", MINIMAL)

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ConfigError, match=r"birds\.yaml: the config cannot be read\. Received: Permission denied"):
        load_config(path)


def test_folder_is_a_config_error_that_names_its_configs(write: Write, tmp_path: Path) -> None:
    write("birds.yaml", MINIMAL)
    with pytest.raises(ConfigError, match=r"Received: a folder\nIt holds `birds.yaml`"):
        load_config(tmp_path)


@pytest.mark.parametrize("reference", ["", " ", "a\0.yaml", "x" * 5000 + ".yaml", "\udc80.yaml", "no/such.yaml"])
def test_strange_references_are_config_errors(write: Write, reference: str) -> None:
    with pytest.raises(ConfigError, match="Received: "):
        load_config(reference)


def test_large_file_is_refused_without_being_read_whole() -> None:
    with pytest.raises(ConfigError, match="at most 1048576 bytes"):
        load_config("/dev/zero")


def test_aliases_cannot_blow_up(write: Write) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    write("bomb.yaml", "\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="at most 20000 values"):
        load_config("bomb.yaml")


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 300 + "1" + "}" * 300, "- " * 2000])
def test_deep_nesting_is_a_config_error(write: Write, text: str) -> None:
    write("deep.yaml", f"a: {text}" if text[0] != "-" else text)
    with pytest.raises(ConfigError):
        load_config("deep.yaml")


def test_unknown_name_gives_the_nearest(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("bird-species.yaml", MINIMAL)
    monkeypatch.setattr(locate_module, "shipped_configs", lambda: {"bird-species": path})
    with pytest.raises(ConfigError, match="Did you mean `bird-species`"):
        load_config("bird-specie")
    with pytest.raises(ConfigError, match="`bird-species` without a path"):
        load_config("configs/bird-species.yaml")
    assert load_config("bird-species").name == "bird-species"


def test_shipped_configs_are_found_and_say_what_they_are() -> None:
    pytest.importorskip("ftsuite_configs")
    from ftsuite.config import shipped_summaries

    assert set(shipped_summaries()) == set(shipped_configs())
    assert all(shipped_summaries().values())


def test_import_is_light() -> None:
    code = "import ftsuite.config, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"keras", "tensorflow", "numpy", "rich", "click"} & set(modules)
