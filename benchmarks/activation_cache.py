"""How much faster a stage trains on kept activations than through its frozen blocks, side by side in one process.

    python benchmarks/activation_cache.py bird-species --data folder:photos --train head --train "last 2"

Prints, for each stage, the examples a second of the epochs after the first one, without and with the cache, their
ratio, the seconds that computing the activations took, and the validation accuracy of both.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import click

from ftsuite.config import load_config, quoted_override
from ftsuite.registry import Registry
from ftsuite.runs.prepare import prepare
from ftsuite.runs.workload import make_trainer
from ftsuite.training.journal import Journal, read_journal


@click.command()
@click.argument("config")
@click.option("--data", "source", help="Train on this instead.")
@click.option("--train", "scopes", multiple=True, default=("head", "last 2"), help="What a stage trains.")
@click.option("--epochs", default=4, help="Of each stage.")
@click.option("--learning-rate", default=1e-3)
@click.option("--views", default=1, help="Augmented views of an example.")
@click.option("--set", "overrides", multiple=True)
def main(
    config: str,
    source: str | None,
    scopes: tuple[str, ...],
    epochs: int,
    learning_rate: float,
    views: int,
    overrides: tuple[str, ...],
) -> None:
    """Measure CONFIG with and without the cache."""
    given = [quoted_override("data.source", source)] if source else []
    for scope in scopes:
        stage = f"[{{train: {scope}, for: {epochs} epochs, learning_rate: {learning_rate}}}]"
        plan = [f"finetune.stages={stage}", "finetune.early_stopping=null", f"finetune.views={views}"]
        results = {
            mode: _train(config, [*given, *overrides, *plan, f"finetune.cache={mode}"]) for mode in ("off", "memory")
        }
        (plain, _, plain_accuracy), (cached, seconds, accuracy) = results["off"], results["memory"]
        print(
            f"{scope}: {plain:.1f} examples/s without, {cached:.1f} with the cache: {cached / plain:.1f} times; "
            f"{seconds:.1f} s to fill it with {views} views; "
            f"validation accuracy {plain_accuracy} without, {accuracy} with",
            flush=True,
        )


def _train(config: str, overrides: list[str]) -> tuple[float, float, str]:
    """Examples a second after the first epoch, seconds for the activations, and the last validation accuracy."""
    loaded = load_config(config, overrides, options_model=Registry.discover().options_model)
    with tempfile.TemporaryDirectory(prefix="ftsuite-benchmark-") as folder:
        path = Path(folder) / "journal.jsonl"
        stages = make_trainer(prepare(loaded, None), Journal(path), Path(folder) / "checkpoints").run()
        events = read_journal(path)
    rates = [event["examples_per_second"] for event in events if event["event"] == "epoch"][1:]
    seconds = sum(event["seconds"] for event in events if event["event"] == "cached")
    return statistics.median(rates), seconds, _figure(stages[-1]["validation"]["accuracy"])


def _figure(figure: dict[str, Any]) -> str:
    low, high = figure["ci95"]
    return f"{figure['value']:.3f} ({low:.3f}-{high:.3f}, n = {figure['n']})"


if __name__ == "__main__":
    main()
