from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import safetensors.numpy

from ftsuite.assets.convert import convert
from ftsuite.errors import ArtifactError
from tests.unit.asset_wheels import make_asset, make_wheel, zip_bytes
from tests.unit.test_torch_pickle import NUMBERS, PLAIN, legacy_file


def converted(tmp_path: Path, content: bytes, step: dict[str, object], name: str = "member.bin") -> Path:
    target = tmp_path / "target"
    target.mkdir()
    member = tmp_path / name
    member.write_bytes(content)
    asset = make_asset(make_wheel(tmp_path / "wheels", {"a": b""}), convert=step)
    convert(asset, [member], target)
    return target


def test_torch_to_safetensors_keeps_names_and_bits(tmp_path: Path) -> None:
    target = converted(tmp_path, legacy_file(PLAIN, {"7": NUMBERS}), {"step": "torch-to-safetensors"})
    tensors = safetensors.numpy.load_file(target / "weights.safetensors")
    assert list(tensors) == ["a"]
    np.testing.assert_array_equal(tensors["a"], NUMBERS.reshape(2, 3))


def test_unzip_takes_named_members_alone(tmp_path: Path) -> None:
    content = zip_bytes({"config.json": b"{}", "model.safetensors": b"m", "run.py": b"no"})
    target = converted(tmp_path, content, {"step": "unzip", "members": ["config.json", "model.*"]})
    assert sorted(path.name for path in target.iterdir()) == ["config.json", "model.safetensors"]


def test_select_rows_keeps_text_with_newlines_and_quotes(tmp_path: Path) -> None:
    content = 'text,label,source\n"a ""b""\nc, é",1,x\nother,0,y\n,0,x\n'.encode()
    step = {"step": "select-rows", "column": "source", "value": "x", "keep_columns": ["text", "label"]}
    table = pyarrow.parquet.read_table(converted(tmp_path, content, step) / "examples.parquet")
    assert table.to_pydict() == {"text": ['a "b"\nc, é', ""], "label": [1, 0]}


@pytest.mark.parametrize(
    ("content", "value", "received"),
    [(b"text,source\na,x\n", "x", "label"), (b"text,label,source\na,1,x\n", "z", "none"), (b"", "x", "CSV")],
)
def test_select_rows_of_another_table(tmp_path: Path, content: bytes, value: str, received: str) -> None:
    step = {"step": "select-rows", "column": "source", "value": value, "keep_columns": ["text", "label"]}
    with pytest.raises(ArtifactError, match=received):
        converted(tmp_path, content, step)


def test_a_conversion_needs_one_member(tmp_path: Path) -> None:
    asset = make_asset(make_wheel(tmp_path / "wheels", {"a": b""}), convert={"step": "torch-to-safetensors"})
    with pytest.raises(ArtifactError, match="one member"):
        convert(asset, [], tmp_path)
