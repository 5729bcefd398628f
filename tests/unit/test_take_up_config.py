"""Which keys of a config may change before a run is resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftsuite.config import dump_yaml
from ftsuite.errors import ConfigError
from ftsuite.runs.begin import take_up_config


def config_of(**entry: Any) -> dict[str, Any]:
    return {"data": {"source": [{"source": "folder:/a", "weight": 1.0, "group_column": None, **entry}]}}


def test_one_of_several_sources_may_move(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(dump_yaml(config_of()))
    take_up_config(path, config_of(source="folder:/moved/a"), "resume")
    assert "/moved/a" in path.read_text()


@pytest.mark.parametrize("changed", [{"weight": 9.0}, {"group_column": "author"}])
def test_but_its_weight_and_its_columns_are_what_is_trained_on(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(dump_yaml(config_of()))
    before = path.read_text()
    with pytest.raises(ConfigError, match=f"data.source.0.{next(iter(changed))}"):
        take_up_config(path, config_of(**changed), "resume")
    assert path.read_text() == before
