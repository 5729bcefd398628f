"""Whether kept activations give what the network gives: by compiled models, and more strictly in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ftsuite.training.activations.agreement import CacheRefusedError, Sample, compiled_twin
from ftsuite.training.activations.folder import ActivationFolder
from ftsuite.training.precision import process_settings_kept, use_precision


class OneBatch:
    """A pipeline of one batch."""

    batch_size = 4

    def __init__(self, features: np.ndarray) -> None:
        self.features, self.order, self.dataset = features, np.array([2, 0, 1, 3]), self

    def fixed_batches(self, examples: Any, view: int | None) -> OneBatch:
        return self

    def as_numpy_iterator(self) -> Any:
        return iter([self.features[:3], self.features[3:]])


class Four:
    def __len__(self) -> int:
        return 4

    def take(self, positions: Any) -> Four:
        return self


def models() -> tuple[Any, Any, Any]:
    """The whole, its trunk and its tail."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16,))
    boundary = keras.layers.Dense(64, activation="gelu")(keras.layers.Dense(64, activation="gelu")(inputs))
    head = keras.layers.Dense(3, dtype="float32")
    between = keras.Input((64,), name="boundary_0", dtype=boundary.dtype)
    trunk = keras.Model(inputs, {"boundary_0": boundary})
    trunk.compile()
    return keras.Model(inputs, head(boundary)), trunk, keras.Model({"boundary_0": between}, head(between))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_right_tail_agrees_and_a_wrong_one_does_not(precision: Any) -> None:
    features = np.random.default_rng(0).normal(size=(4, 16)).astype("float32")
    with process_settings_kept():
        use_precision(precision)
        whole, trunk, tail = models()
        pipeline: Any = OneBatch(features)
        examples: Any = Four()
        sample = Sample.take(compiled_twin(whole), pipeline, examples, None)
        assert sample.tolerance == (2e-2 if precision == "bfloat16" else 2e-3)
        np.testing.assert_allclose(sample.logits[[2, 0, 1, 3]], np.asarray(whole(features)), atol=2e-2)
        twin = compiled_twin(tail)
        sample.require_same_through([trunk], twin)
        head = tail.layers[-1]
        head.bias.assign(head.bias + 0.1)
        with pytest.raises(CacheRefusedError, match="4 examples") as refused:
            sample.require_same_through([trunk], twin)
        assert not refused.value.lacks_room


def test_the_room_is_that_of_the_limit_and_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ActivationFolder(tmp_path / "not" / "there", 10**6)
    assert folder.room_bytes() == 10**6
    monkeypatch.setattr("ftsuite.training.activations.folder.free_bytes", lambda root: 1000)
    assert folder.room_bytes() == 1000
    told: list[str] = []
    assert folder.telling(told.append).limit_bytes == folder.limit_bytes
