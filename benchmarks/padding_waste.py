"""How much of what a text model reads is padding: batches of like length beside batches padded to a fixed length.

    python benchmarks/padding_waste.py [CONFIG] [--length 512]

Builds the training split of a config (by default ``sentiment-imdb``: IMDb reviews), makes one epoch of its batches as
training does, and counts tokens and cells. No model is trained.
"""

from __future__ import annotations

import argparse
import time

from ftsuite.config import load_config
from ftsuite.registry import Registry
from ftsuite.runs.prepare import prepare


def main() -> None:
    """Count one epoch and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="sentiment-imdb")
    parser.add_argument("--length", type=int, default=512, help="tokens of the fixed length, and most of a text")
    arguments = parser.parse_args()
    overrides = [f"options.max_length={arguments.length}"]
    loaded = load_config(arguments.config, overrides, options_model=Registry.discover().options_model)
    prepared = prepare(loaded, None)
    pipeline, training = prepared.pipeline, prepared.parts["train"]
    began = time.perf_counter()
    steps = sum(1 for _ in pipeline.training_epoch(training, 0))
    seconds = time.perf_counter() - began
    counts = pipeline.token_counts(steps)
    assert counts is not None, "a text task counts its tokens"
    fixed_cells = counts.texts * arguments.length
    fixed_share = 1 - counts.tokens / fixed_cells
    print(f"{counts.texts:,} texts in {steps:,} batches of {pipeline.batch_size}, {counts.tokens:,} tokens")
    print(f"padding, batches of like length: {counts.padding_share:.1%} of {counts.cells:,} cells")
    print(f"padding, every text to {arguments.length} tokens: {fixed_share:.1%} of {fixed_cells:,} cells")
    print(f"texts longer than the model reads: {counts.truncated_share:.1%}")
    print(f"reading, tokenising and batching took {seconds:.1f} s: {counts.tokens / seconds:,.0f} tokens/s")


if __name__ == "__main__":
    main()
