"""The arithmetic of benchmarks/accelerator.py; the rest of it needs an accelerator."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture(scope="module")
def accelerator(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("accelerator")


def test_a_matrix_product_counts_a_multiplication_and_an_addition(accelerator: ModuleType) -> None:
    left, right = np.ones((32, 64), "float32"), np.ones((64, 16), "float32")
    assert accelerator.forward_flops(lambda a, b: a @ b, left, right) == 2 * 32 * 64 * 16


def test_a_share_is_three_forward_passes_an_example(accelerator: ModuleType) -> None:
    # 1000 examples/s of 10 GFLOP forward are 30 TFLOP/s.
    assert accelerator.share_of_peak(1000.0, 10e9, 300e12) == pytest.approx(0.1)


def test_a_rate_leaves_out_the_first_step(accelerator: ModuleType) -> None:
    assert accelerator.examples_per_second([10.0, 11.0, 12.0], 32) == pytest.approx(32.0)
    with pytest.raises(ValueError, match="two steps"):
        accelerator.examples_per_second([10.0], 32)


@pytest.mark.parametrize(
    ("kind", "peak"),
    [("NVIDIA H100 80GB HBM3", 989.4e12), ("NVIDIA H100 PCIe", 756e12), ("NVIDIA H200", 989.4e12), ("TPU v4", 275e12)],
)
def test_the_peak_by_the_devices_name(accelerator: ModuleType, kind: str, peak: float) -> None:
    assert accelerator.peak_flops(kind) == peak


def test_no_peak_is_guessed(accelerator: ModuleType) -> None:
    assert accelerator.peak_flops("cpu") is None
