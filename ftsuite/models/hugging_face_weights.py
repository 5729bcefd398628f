"""The weights of a Hugging Face folder in the one form that keras-hub's converter reads exactly."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from ftsuite.errors import ArtifactError

WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"

_WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
_POSITIONS = "embeddings.position_embeddings.weight"
_TOKEN_TYPES = "embeddings.token_type_embeddings.weight"
# Before every name, where the converter insists on it; a model saved without its head has no such prefix.
_PREFIXES = {"roberta": "roberta.", "distilbert": "distilbert.", "albert": "albert."}
# The converter wants the pooler, which masked-language models and averaged encoders are often saved without.
_POOLERS = {"bert": "pooler.dense", "albert": "pooler"}


@contextmanager
def convertible(folder: Path, model_type: str) -> Iterator[Path]:
    """The folder itself, or for a while a copy of its weights with what keras-hub's converter is lacking.

    The copy has the prefix that the converter wants, a pooler of zeros (the suite leaves the pooler out of its model),
    and RoBERTa's one segment embedding, which the converter leaves out, added to the positions.

    Args:
        folder: with config.json and model.safetensors, in one file or several.
        model_type: of its config.

    Raises:
        ArtifactError: if it holds no such file.
    """
    if not (folder / WEIGHTS_FILE).is_file() and not (folder / INDEX_FILE).is_file():
        raise ArtifactError(
            f"The folder {folder} must hold {WEIGHTS_FILE}.",
            "Save the model again with `save_pretrained(folder, safe_serialization=True)`; files that are pickles are "
            "never read.",
        )
    files = _files(folder)
    names = {name for names in files.values() for name in names}
    prefix = next((name.removesuffix(_WORD_EMBEDDINGS) for name in names if name.endswith(_WORD_EMBEDDINGS)), "")
    wanted = _PREFIXES.get(model_type, prefix)
    pooler = _POOLERS.get(model_type)
    lacks_pooler = pooler is not None and f"{prefix}{pooler}.weight" not in names
    adds_segment = model_type == "roberta" and f"{prefix}{_TOKEN_TYPES}" in names
    if prefix == wanted and not lacks_pooler and not adds_segment:
        yield folder
        return
    tensors: dict[str, Any] = {}
    for file in files:
        for name, tensor in safetensors.numpy.load_file(folder / file).items():
            if name.startswith(prefix):
                tensors[wanted + name.removeprefix(prefix)] = tensor
    if lacks_pooler:
        width = tensors[wanted + _WORD_EMBEDDINGS].shape[1]
        width = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("hidden_size", width)
        tensors[f"{wanted}{pooler}.weight"] = np.zeros((width, width), np.float32)
        tensors[f"{wanted}{pooler}.bias"] = np.zeros(width, np.float32)
    if adds_segment:
        tensors[wanted + _POSITIONS] = tensors[wanted + _POSITIONS] + tensors[wanted + _TOKEN_TYPES][0]
    with tempfile.TemporaryDirectory() as scratch:
        safetensors.numpy.save_file(tensors, Path(scratch) / WEIGHTS_FILE)
        (Path(scratch) / "config.json").write_bytes((folder / "config.json").read_bytes())
        yield Path(scratch)


def _files(folder: Path) -> dict[str, list[str]]:
    """The names in each file of weights."""
    if (folder / INDEX_FILE).is_file():
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        found: dict[str, list[str]] = {}
        for name, file in index["weight_map"].items():
            # Only files of this folder: an index could name any path.
            found.setdefault(Path(str(file)).name, []).append(str(name))
        return found
    with safetensors.safe_open(folder / WEIGHTS_FILE, framework="np") as opened:
        return {WEIGHTS_FILE: list(opened.keys())}
