"""Writes what Hugging Face's datasets writes, with pyarrow alone: the library itself is too much for a test run.

`tests/unit/test_sources_huggingface.py` compares it with the library where that is installed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
IMAGE = {"_type": "Image"}
TEXT = {"dtype": "string", "_type": "Value"}


def classes(*names: str) -> dict[str, Any]:
    return {"names": list(names), "_type": "ClassLabel"}


def table_of(rows: Sequence[Mapping[str, Any]], features: Mapping[str, Any]) -> pa.Table:
    types = {"Image": PICTURE, "ClassLabel": pa.int64(), "Value": pa.string()}
    fields = [pa.field(name, types[feature["_type"]]) for name, feature in features.items()]
    schema = pa.schema(fields, {"huggingface": json.dumps({"info": {"features": dict(features)}})})
    return pa.Table.from_pylist([dict(row) for row in rows], schema)


def save_dataset(folder: Path, table: pa.Table, files: int = 1, **options: Any) -> Path:
    """What ``Dataset.save_to_disk`` writes."""
    folder.mkdir(parents=True)
    names = [f"data-{number:05d}-of-{files:05d}.arrow" for number in range(files)]
    step = -(-len(table) // files)
    for number, name in enumerate(names):
        settings = pa.ipc.IpcWriteOptions(**options)
        with (
            pa.OSFile(str(folder / name), "wb") as sink,
            pa.ipc.new_stream(sink, table.schema, options=settings) as out,
        ):
            out.write_table(table.slice(number * step, step), 2)
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2))
    state = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": "0" * 16,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (folder / "state.json").write_text(json.dumps(state, indent=2))
    return folder


def save_splits(folder: Path, tables: Mapping[str, pa.Table], files: int = 1) -> Path:
    """What ``DatasetDict.save_to_disk`` writes."""
    for split, table in tables.items():
        save_dataset(folder / split, table, files)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(tables)}))
    return folder


def save_hub_files(folder: Path, tables: Mapping[str, pa.Table], files: int = 1) -> Path:
    """Parquet files as the hub stores them."""
    (folder / "data").mkdir(parents=True)
    for split, table in tables.items():
        step = -(-len(table) // files)
        for number in range(files):
            part = table.slice(number * step, step)
            pq.write_table(part, folder / "data" / f"{split}-{number:05d}-of-{files:05d}.parquet", row_group_size=2)
    return folder
