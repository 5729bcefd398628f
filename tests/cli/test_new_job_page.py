"""docs/new-job.md: its commands work in their order, and print what it shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftsuite.cli.main import cli
from tests.unit.looked_at import pictures, sentences, table

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "new-job.md").read_text(encoding="utf-8")
TRAINS = ("run", "predict")


def _commands() -> Iterator[tuple[dict[str, str], list[str], list[str]]]:
    """The environment, the arguments and the shown output of each command, in order."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *shown = part.splitlines()
            words = shlex.split(line)
            variables = dict(word.split("=", 1) for word in words[: words.index("ftsuite")])
            yield variables, words[words.index("ftsuite") + 1 :], shown


def _holds(printed: str, shown: list[str]) -> bool:
    """Whether the shown lines are printed, one after the other; an ellipsis stands for any others."""
    lines = iter([line.rstrip() for line in printed.splitlines()])
    return all(line == "…" or line in lines for line in shown)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "photos", {"boletus": 120, "chanterelle": 90, "fly agaric": 25}, size=(64, 48))
    topics = ("billing", "delivery", "praise")
    rows = [
        [text, topics[i % 3], f"c{i // 4}", f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}"]
        for i, text in enumerate(sentences(400))
    ]
    table(tmp_path / "letters.csv", ["letter", "topic", "customer", "day"], rows)
    return tmp_path


def test_commands_print_what_the_page_shows(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is chosen depends on the machine: the page is of a laptop.
    from ftsuite.runs import proposal

    monkeypatch.setattr(proposal, "this_machine", lambda: proposal.Machine(4, False))
    called = 0
    for variables, arguments, shown in _commands():
        if arguments[0] not in TRAINS:
            result = CliRunner(env=variables).invoke(cli, arguments)
            assert result.exit_code == 0, result.output
            assert _holds(result.stdout, shown), result.stdout
            called += 1
    assert called == 6
    written = [(here / name).read_text(encoding="utf-8") for name in ("photos.yaml", "letters.yaml")]
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        assert any(_holds(text, block.splitlines()) for text in written), block


@pytest.mark.slow
def test_the_page_trains_a_model(here: Path) -> None:
    from tests.tiny import save_tiny_preset

    preset = str(save_tiny_preset(here / "tiny"))
    stages = "finetune.stages=[{train: head, for: 1 epochs, learning_rate: 0.003}]"
    settings = ("options.image_size=32", "data.sample=40", "evaluation.bootstrap_samples=100", stages)
    quick = ["--backbone", preset, *(word for setting in settings for word in ("--set", setting))]
    for _, arguments, _ in _commands():
        if "photos" not in " ".join(arguments) or arguments[:2] == ["config", "check"]:
            continue
        if arguments[0] == "run":
            arguments = [*arguments, *quick]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output
    assert (here / "runs/photos/report.html").is_file()
    assert result.stdout.split()  # of predict
