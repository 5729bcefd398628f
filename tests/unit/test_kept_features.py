"""Features on the disk by content: what is computed, what is found, and what a stopped or full disk leaves."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.runs.kept_features import KeptFeatures
from ftsuite.training.activations.folder import ActivationFolder

WIDTH = 3


def examples_of(contents: str) -> Examples:
    ids = tuple(f"{number}" for number in range(len(contents)))
    return Examples(ids, tuple(contents), np.zeros(len(ids), np.int64), ("bird",), tuple(contents), "text")


def features_of(content: str) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(content.encode()).digest()[:WIDTH], np.uint8).astype(np.float32)


class Counted:
    """Computes in batches of two, from back to front, and counts."""

    def __init__(self, examples: Examples, fail_after: int | None = None) -> None:
        self.examples, self.fail_after = examples, fail_after
        self.computed: list[str] = []

    def __call__(self, positions: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(positions), 2):
            mine = positions[::-1][start : start + 2]
            if self.fail_after is not None and len(self.computed) >= self.fail_after:
                raise KeyboardInterrupt
            self.computed.extend(self.examples.inputs[at] for at in mine)
            yield mine, np.stack([features_of(self.examples.inputs[at]) for at in mine])


def kept_in(root: Path | None, identity: str = "one", tell: Callable[[str], None] = print, **more: Any) -> KeptFeatures:
    folder = None if root is None else ActivationFolder(root, more.pop("limit_bytes", 2**20))
    return KeptFeatures(folder, {"network": identity}, WIDTH, tell=tell, part_examples=more.pop("part_examples", 4))


def run(kept: KeptFeatures, contents: str, **more: Any) -> list[str]:
    examples = examples_of(contents)
    compute = Counted(examples, **more)
    told: list[tuple[int, int]] = []
    found = kept.of(examples, compute, lambda done, total: told.append((done, total)))
    assert found.dtype == np.float32
    assert found.shape == (len(contents), WIDTH)
    for row, content in zip(found, contents, strict=True):
        assert row.tolist() == features_of(content).tolist()
    assert told[-1] == (len(set(contents)),) * 2
    assert told == sorted(told)
    return compute.computed


def test_what_was_computed_once_is_found_whatever_the_order(tmp_path: Path) -> None:
    assert sorted(run(kept_in(tmp_path), "abcdefghij")) == list("abcdefghij")
    assert run(kept_in(tmp_path), "abcdefghij") == []
    assert run(kept_in(tmp_path), "jaci") == []
    assert sorted(run(kept_in(tmp_path), "xajyb")) == ["x", "y"]
    assert run(kept_in(tmp_path), "yx") == []


def test_equal_contents_are_computed_once(tmp_path: Path) -> None:
    assert sorted(run(kept_in(tmp_path), "aabacab")) == ["a", "b", "c"]


def test_another_network_finds_nothing(tmp_path: Path) -> None:
    run(kept_in(tmp_path), "abc")
    assert sorted(run(kept_in(tmp_path, "two"), "abc")) == ["a", "b", "c"]


def test_a_picture_that_another_decoder_reads_is_another_one(tmp_path: Path) -> None:
    run(kept_in(tmp_path), "ab")
    other = replace(examples_of("ab"), decoders=np.ones(2, np.uint8))
    compute = Counted(other)
    kept_in(tmp_path).of(other, compute, lambda done, total: None)
    assert sorted(compute.computed) == ["a", "b"]


def test_a_stopped_one_goes_on_at_its_last_part(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(kept_in(tmp_path), "abcdefghij", fail_after=6)
    assert sorted(run(kept_in(tmp_path), "abcdefghij")) == list("efghij")


def test_a_part_that_is_gone_or_damaged_is_computed_again(tmp_path: Path) -> None:
    run(kept_in(tmp_path), "abcdefgh")
    entries = sorted(path for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert len(entries) == 2
    shutil.rmtree(entries[0])
    assert len(run(kept_in(tmp_path), "abcdefgh")) == 4
    for path in sorted(tmp_path.rglob("*")):
        if path.is_file() and path.stat().st_size > 100 and path.suffix != ".json":
            path.write_bytes(b"\0" * path.stat().st_size)
    assert len(run(kept_in(tmp_path), "abcdefgh")) > 0


def test_no_room_computes_all_and_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []
    assert len(run(kept_in(tmp_path, tell=told.append, limit_bytes=10), "abcdefgh")) == 8
    assert len(told) == 1
    assert "not kept" in told[0]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told: list[str] = []
    assert len(run(kept_in(tmp_path / "file" / "activations", tell=told.append), "abc")) == 3
    assert len(told) == 1


def test_no_examples(tmp_path: Path) -> None:
    assert run(kept_in(tmp_path), "") == []


def test_what_memory_does_not_hold_lies_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("ftsuite.runs.kept_features.available_memory_bytes", lambda: 0)
    examples = examples_of("abcab")
    found = kept_in(None).of(examples, Counted(examples), lambda done, total: None)
    assert isinstance(found, np.memmap)
    assert found[4].tolist() == features_of("b").tolist()
    assert list((tmp_path / "home").iterdir()) == []
