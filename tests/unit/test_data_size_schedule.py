"""BiT's rule at its thresholds."""

from __future__ import annotations

import pytest

from ftsuite.optim.data_size_schedule import data_size_schedule


@pytest.mark.parametrize(
    ("examples", "size", "steps", "decay_steps", "mixup_alpha"),
    [
        (1, "small", 500, (150, 300, 450), 0.0),
        (19_999, "small", 500, (150, 300, 450), 0.0),
        (20_000, "medium", 10_000, (3_000, 6_000, 9_000), 0.1),
        (499_999, "medium", 10_000, (3_000, 6_000, 9_000), 0.1),
        (500_000, "large", 20_000, (6_000, 12_000, 18_000), 0.1),
    ],
)
def test_length_and_mixup_follow_from_the_examples(
    examples: int, size: str, steps: int, decay_steps: tuple[int, int, int], mixup_alpha: float
) -> None:
    rule = data_size_schedule(examples, 300, 400)
    assert (rule.size, rule.steps, rule.decay_steps, rule.mixup_alpha) == (size, steps, decay_steps, mixup_alpha)
    assert rule.learning_rate == 0.003


@pytest.mark.parametrize(
    ("height", "width", "sides"),
    [(32, 32, (160, 128)), (95, 96, (160, 128)), (96, 96, (448, 384)), (48, 192, (448, 384)), (480, 640, (448, 384))],
)
def test_resolution_follows_from_the_area(height: int, width: int, sides: tuple[int, int]) -> None:
    rule = data_size_schedule(100, height, width)
    assert (rule.resize_pixels, rule.crop_pixels) == sides


def test_other_batches_show_as_many_pictures() -> None:
    rule = data_size_schedule(1_000, 224, 224, batch_size=30)
    assert rule.steps == 8_534 and 500 * 512 <= rule.steps * 30 < 500 * 512 + 30
    assert rule.decay_steps == (2_560, 5_120, 7_681)
    assert rule.learning_rate == pytest.approx(0.003 * 30 / 512)


def test_the_rate_falls_to_a_tenth_at_each_milestone() -> None:
    rule = data_size_schedule(1_000, 224, 224)
    rates = [rule.learning_rate_at(step) for step in (0, 149, 150, 299, 300, 449, 450, 499)]
    assert rates == pytest.approx([3e-3, 3e-3, 3e-4, 3e-4, 3e-5, 3e-5, 3e-6, 3e-6])


@pytest.mark.parametrize("given", [(0, 10, 10, 512), (10, 0, 10, 512), (10, 10, -1, 512), (10, 10, 10, 0)])
def test_numbers_below_one_are_refused(given: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        data_size_schedule(*given)
