"""Every bad config of tests/golden/config_errors gives exactly the message that lies beside it.

A case is NAME.yaml with the message in NAME.txt. Lines `# --set key=value` at its top are overrides. After a
wording has been changed on purpose, `python tests/unit/test_config_errors.py` writes the messages anew: read
them before they are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import pydantic
import pytest

from ftsuite.config import load_config
from ftsuite.errors import ConfigError

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "config_errors"
CASES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


class Flip(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
    name: Literal["flip"]
    chance: float = pydantic.Field(0.5, ge=0, le=1)


class Zoom(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
    name: Literal["zoom"]
    scale: tuple[float, float]

    @pydantic.field_validator("scale")
    @classmethod
    def _ordered(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError("the lower number comes first")
        return scale


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
    size: int | None = pydantic.Field(None, ge=8)
    steps: tuple[Annotated[Flip | Zoom, pydantic.Field(discriminator="name")], ...] = ()


def options_model(task: str) -> type[pydantic.BaseModel] | None:
    if task == "plain":
        return None
    if task != "pictures":
        raise ConfigError(f"task must be one of pictures, plain. Received: {task!r}.", "Did you mean 'pictures'?")
    return Options


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def message_of(name: str) -> str:
    content = (FOLDER / f"{name}.yaml").read_bytes().decode("utf-8", errors="replace")
    overrides = [line[len("# --set ") :] for line in content.splitlines() if line.startswith("# --set ")]
    with inside(FOLDER), pytest.raises(ConfigError) as caught:
        load_config(f"./{name}.yaml", overrides, options_model=options_model)
    return f"{caught.value}\n"


@pytest.mark.parametrize("name", CASES)
def test_message_is_the_golden_one(name: str) -> None:
    assert message_of(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_every_problem_has_a_place_and_says_what_was_received(name: str) -> None:
    problems = [line for line in message_of(name).splitlines() if not line.startswith("    ")]
    if problems[0].startswith("The config has"):
        assert len(problems) - 1 == int(problems[0].split()[3])
        problems = problems[1:]
    else:
        problems = problems[:1]
    for problem in problems:
        assert problem.startswith((f"./{name}.yaml:", "bases/", "plans/", "--set ")), problem
        assert "Received: " in problem, problem


def test_no_message_lies_without_its_case() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == CASES


if __name__ == "__main__":
    for case in CASES:
        (FOLDER / f"{case}.txt").write_text(message_of(case), encoding="utf-8")
