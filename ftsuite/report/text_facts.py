"""What the journal and the metrics tell of the text pipeline: speed, padding, and what was cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ftsuite.report.journal import Epoch
from ftsuite.report.record import RunRecord


def pipeline_facts(record: RunRecord) -> list[tuple[str, str]]:
    """Rows of a name and a value; empty where nothing was tokenised."""
    epochs = record.journal.epochs
    rows = []
    speed = _mean(epochs, lambda epoch: epoch.tokens_per_second)
    if speed is not None:
        rows.append(("Tokens a second in training", f"{speed:,.0f}"))
    padding = _mean(epochs, lambda epoch: epoch.padding_share)
    if padding is not None:
        rows.append(("Padding in training batches", _share(padding)))
    training = _mean(epochs, lambda epoch: epoch.truncated_share)
    shares = {} if training is None else {"train": training}
    told = record.metrics.get("truncation")
    if isinstance(told, dict):
        shares |= {name: float(share) for name, share in told.items()}
    if shares:
        cut = ", ".join(f"{_share(share)} of {name}" for name, share in shares.items())
        rows.append(("Texts longer than the model reads", cut))
    return rows


def _mean(epochs: Sequence[Epoch], value_of: Callable[[Epoch], float]) -> float | None:
    """The mean over the epochs, weighted by how long each took; None where none recorded it."""
    pairs = [(value_of(epoch), epoch.seconds) for epoch in epochs if math.isfinite(value_of(epoch))]
    if not pairs:
        return None
    weights = [seconds if math.isfinite(seconds) and seconds > 0 else 0.0 for _, seconds in pairs]
    if not any(weights):
        weights = [1.0] * len(pairs)
    return sum(value * weight for (value, _), weight in zip(pairs, weights, strict=True)) / sum(weights)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
