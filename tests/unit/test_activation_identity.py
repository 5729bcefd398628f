"""What kept activations are named by, besides weights, network and examples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ftsuite.models.text_backbones import LoadedTextBackbone
from ftsuite.runs import activation_identity
from ftsuite.runs.activation_identity import _fitted, _tokenizer


class _Fits:
    seed = 3

    def fit_preprocessing(self, training: Any) -> None:
        """Learns something."""


def _prepared(vocabulary: list[str]) -> Any:
    backbone = object.__new__(LoadedTextBackbone)
    object.__setattr__(backbone, "tokenizer", SimpleNamespace(get_config=lambda: {"vocabulary": vocabulary}))
    return SimpleNamespace(backbone=backbone, data_hash="data")


def test_another_vocabulary_is_another_identity() -> None:
    assert _tokenizer(_prepared(["a", "b"])) == _tokenizer(_prepared(["a", "b"]))
    assert _tokenizer(_prepared(["a", "b"])) != _tokenizer(_prepared(["b", "a"]))
    assert _tokenizer(SimpleNamespace(backbone=None)) is None  # type: ignore[arg-type]


def test_preprocessing_that_learns_is_named_by_all_data_of_the_job() -> None:
    task: Any = _Fits()
    assert _fitted(task, _prepared([])) == [3, "data"]


def test_a_plugin_that_is_installed_anew_is_another_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    def offered(number: str) -> Any:
        return lambda **wanted: [SimpleNamespace(dist=SimpleNamespace(name="birds", version=number))]

    monkeypatch.setattr(activation_identity, "entry_points", offered("1"))
    first = activation_identity._plugin("birds")
    monkeypatch.setattr(activation_identity, "entry_points", offered("2"))
    assert activation_identity._plugin("birds") != first
