"""The JSON Schema and the reference of keys."""

from __future__ import annotations

import json
import re
from typing import Any

import pydantic
import pytest

from ftsuite.config.describe import DRAFT, json_schema, markdown_reference
from ftsuite.config.fields import walk
from ftsuite.config.schema import Config


class Inner(pydantic.BaseModel):
    depth: int = pydantic.Field(3, description="How deep.")


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    size: int = pydantic.Field(ge=8, description="How large | wide.")
    inner: Inner = pydantic.Field(Inner(), description="What is inside.")


def references(schema: Any) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema)))


def test_schema_is_closed_and_its_references_lead_somewhere() -> None:
    schema = json_schema({"pictures": Options, "plain": None})
    assert schema["$schema"] == DRAFT
    assert schema["additionalProperties"] is False
    assert schema["properties"]["task"]["anyOf"][0]["enum"] == ["pictures", "plain"]
    for reference in references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"], reference
    assert "#/$defs/pictures.options" in references(schema)
    assert "#/$defs/pictures.Inner" in references(schema)
    assert json_schema({})["properties"]["task"].get("anyOf") is None


def test_schema_requires_nothing_of_a_file_that_extends_another() -> None:
    schema = json_schema({})
    assert "required" not in schema
    alone = next(rule for rule in schema["anyOf"] if "task" in rule["required"])
    assert sorted(alone["required"]) == ["backbone", "data", "task"]
    assert alone["properties"]["data"] == {"required": ["source"]}
    assert "required" not in schema["$defs"]["DataConfig"]
    assert schema["$defs"]["StageConfig"]["required"] == ["train", "for", "learning_rate"]


def test_schema_writes_durations_as_text() -> None:
    definitions = json_schema({})["$defs"]
    patience = definitions["EarlyStoppingConfig"]["properties"]["patience"]
    assert patience["default"] == "5 epochs"
    assert re.fullmatch(patience["pattern"], "5 epochs")
    assert definitions["FinetuneConfig"]["properties"]["early_stopping"]["default"]["patience"] == "5 epochs"


@pytest.mark.parametrize(("location", "field"), list(walk(Config)), ids=lambda part: str(part)[:60])
def test_every_key_is_described(location: Any, field: Any) -> None:
    assert field.description, location
    assert field.description.endswith("."), location


def test_reference_lists_every_key_once() -> None:
    text = markdown_reference({"pictures": Options, "plain": None})
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    keys = [row.split("`")[1] for row in rows]
    assert len(keys) == len(set(keys))
    assert {"extends", "finetune.stages[].for", "options.size", "options.inner.depth"} <= set(keys)
    assert len(rows) == 1 + len(list(walk(Config))) + len(list(walk(Options)))
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
    assert "This task takes no options." in text
