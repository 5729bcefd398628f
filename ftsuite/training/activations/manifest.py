"""The manifest of activations on disk: what lies in which shard, and what their bytes hash to.

`manifest.json` is `{"sha256": …, "content": {…}}`, the hash being that of the content, so that no edit goes unseen.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Literal

import pydantic

from ftsuite.errors import ArtifactError
from ftsuite.training.activations.layouts import RowLayout

MANIFEST_NAME = "manifest.json"


class Shard(pydantic.BaseModel):
    """One file: the items of some rows of one layout, side by side in C order.

    Attributes:
        layout: its place among the layouts.
        first_row: the number of arrival of its first row.
        items: how many it holds: rows, or steps of rows where the layout is ragged.
        sha256: of the file's bytes.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    layout: int
    first_row: int
    items: int
    sha256: str


class Manifest(pydantic.BaseModel):
    """What a finished folder holds.

    Attributes:
        format: of the folder.
        byte_order: of the machine that wrote it.
        layouts: of a row.
        arrived: how many rows the shards hold.
        order: `order[i]` is the number of arrival of row i.
        lengths: of each row in order of arrival; None where no layout is ragged.
        shards: by layout, and in order of arrival.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    byte_order: Literal["little", "big"] = sys.byteorder
    layouts: tuple[RowLayout, ...]
    arrived: int
    order: tuple[int, ...]
    lengths: tuple[int, ...] | None
    shards: tuple[Shard, ...]

    def file_of(self, shard: Shard) -> str:
        """The name of a shard's file: which layout, and which row it begins with."""
        return shard_name(shard.layout, shard.first_row)


def shard_name(layout: int, first_row: int) -> str:
    """The name of the file that holds the items of a layout from a row on."""
    return f"{layout:02d}-{first_row:09d}.bin"


def manifest_text(manifest: Manifest) -> str:
    """The text of `manifest.json`."""
    content = manifest.model_dump_json()
    return f'{{"sha256": "{_sha256(content)}", "content": {content}}}\n'


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.json`.

    Raises:
        ArtifactError: it is not there, was edited, or is not one that this version and machine can read.
        OSError: it cannot be read.
    """
    try:
        # A UnicodeDecodeError and a pydantic.ValidationError are ValueErrors.
        read = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
        manifest = Manifest.model_validate(read["content"])
        if read["sha256"] != _sha256(manifest.model_dump_json()):
            raise ValueError("it was edited")
        if manifest.byte_order != sys.byteorder:
            raise ValueError("it was written on a machine with another byte order")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise damaged(folder, f"no {MANIFEST_NAME}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        fault = "it is not a manifest of this version" if isinstance(error, pydantic.ValidationError) else str(error)
        raise damaged(folder, f"{MANIFEST_NAME}: {fault}") from error
    return manifest


def damaged(folder: Path, fault: str) -> ArtifactError:
    """Make the error for activations on disk that are not whole."""
    return ArtifactError(
        f"The activations in {folder} should be as they were written. Received: {fault}.",
        "Delete that folder; its activations are computed again when they are needed.",
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
