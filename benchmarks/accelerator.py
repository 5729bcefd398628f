"""Examples a second of full fine-tuning on a GPU or TPU, and their share of the chip's bfloat16 peak.

    KERAS_BACKEND=jax python benchmarks/accelerator.py bird-species --data folder:photos --set data.batch_size=256

Needs a machine with an accelerator that JAX finds (`pip install "jax[cuda12]"` or `"jax[cuda13]"`), ftsuite with
tensorflow-cpu (tf.data feeds on every backend), and the config's weights in the cache (`ftsuite assets pull`, or
`ftsuite assets pack` where the machine has no network).

It trains the plan's stage with the most parameters, and prints two rates: with everything that feeds the device, and of
the device alone, which is given one batch over and over. Where the first is far lower, the pictures or texts are what
limits. The share of the peak is that of the second.

How operations are counted: XLA counts those of one forward pass of the training model, as the network is written and
before anything is fused (`Lowered.cost_analysis`). The way back costs twice the way forth, once for the gradients of
activations and once for those of weights (Kaplan et al., 2020, section 2.1, https://arxiv.org/abs/2001.08361), so a
step of everything counts three forward passes. What gradient checkpointing computes again does not count: it is the
share of what the training needs, the model FLOPs utilization of Chowdhery et al., 2022
(https://arxiv.org/abs/2204.02311). A stage that freezes blocks needs less than is counted; the plan's last stage
should train all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FORWARD_PASSES_A_STEP = 3
# Dense bfloat16 operations a second, from the makers' data sheets (SXM form where there are several).
PEAK_FLOPS = {
    "H200": 989.4e12,
    "H200 NVL": 835e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989.4e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5p": 459e12,
}


def peak_flops(device_kind: str) -> float | None:
    """The bfloat16 peak of a device by the name that JAX gives it; None for one that is not in the table."""
    names = sorted((name for name in PEAK_FLOPS if name.lower() in device_kind.lower()), key=len)
    return PEAK_FLOPS[names[-1]] if names else None


def forward_flops(function: Callable[..., Any], *arguments: Any) -> float:
    """Operations of one call of a JAX function, a multiplication and an addition counted as two."""
    import jax

    analysis = jax.jit(function).lower(*arguments).cost_analysis()
    return float(analysis["flops"])


def share_of_peak(examples_per_second: float, forward_flops_per_example: float, peak: float) -> float:
    """The share of the peak that training at this rate uses."""
    return examples_per_second * FORWARD_PASSES_A_STEP * forward_flops_per_example / peak


def examples_per_second(step_ends_seconds: list[float], examples_per_step: int) -> float:
    """The rate between the first and the last of the moments at which steps ended; the first step compiles."""
    if len(step_ends_seconds) < 2:
        raise ValueError(f"A rate needs two steps or more. Received: {len(step_ends_seconds)}.")
    elapsed = step_ends_seconds[-1] - step_ends_seconds[0]
    return (len(step_ends_seconds) - 1) * examples_per_step / elapsed


@click.command()
@click.argument("config")
@click.option("--data", "source", help="Train on this instead.")
@click.option("--steps", default=50, help="Timed steps.")
@click.option("--set", "overrides", multiple=True)
def main(config: str, source: str | None, steps: int, overrides: tuple[str, ...]) -> None:
    """Measure one config."""
    import jax
    import keras

    from ftsuite.config import load_config, quoted_override
    from ftsuite.registry import Registry
    from ftsuite.runs.prepare import prepare
    from ftsuite.runs.workload import make_trainer
    from ftsuite.training.journal import Journal

    if keras.backend.backend() != "jax":
        raise click.UsageError("Set KERAS_BACKEND=jax.")
    changed = ["finetune.cache=off", *overrides, *([quoted_override("data.source", source)] if source else [])]
    loaded = load_config(config, changed, options_model=Registry.discover().options_model)
    prepared = prepare(loaded, None)
    folder = Path(tempfile.mkdtemp(prefix="ftsuite-accelerator-"))
    trainer = make_trainer(prepared, Journal(folder / "journal.jsonl"), folder / "checkpoints")
    stage = max(prepared.stages, key=lambda each: each.parameters(prepared.trained_blocks))
    trainer.enter(stage)
    batch_size = trainer.workload.examples_per_step
    batch = next(iter(trainer.feed.batches(0, 0).take(1)))
    features = keras.tree.map_structure(lambda value: jax.numpy.asarray(value.numpy()), batch[0])
    model = prepared.model.training
    flops = forward_flops(lambda inputs: model(inputs, training=False), features) / batch_size
    fed = _rate(trainer.feed.model, trainer.feed.batches(0, 0).repeat(), steps, batch_size)
    alone = _rate(trainer.feed.model, trainer.feed.batches(0, 0).take(1).cache().repeat(), steps, batch_size)
    device = jax.devices()[0].device_kind
    peak = peak_flops(device)
    print(f"device                       {device}, {prepared.computing.precision}, batches of {batch_size}")
    print(f"stage                        {stage.name}, blocks {', '.join(stage.trained)}")
    print(f"forward pass                 {flops / 1e9:.3f} GFLOP an example, as XLA counts")
    print(f"examples a second, fed       {fed:,.1f}")
    print(f"examples a second, device    {alone:,.1f}")
    if peak is None:
        print("share of the bfloat16 peak   unknown: the device is not in PEAK_FLOPS")
    else:
        print(f"share of the bfloat16 peak   {share_of_peak(alone, flops, peak):.1%} of {peak / 1e12:,.0f} TFLOP/s")


def _rate(model: Any, batches: Any, steps: int, batch_size: int) -> float:
    """Time `fit` twice, so that compiling and the wait at its end are not in the rate."""
    model.fit(batches.take(3), epochs=1, verbose=0, shuffle=False)
    ends = []
    for count in (2, steps + 2):
        began = time.perf_counter()
        # `fit` returns the epoch's loss as a number, so it waits for the last step.
        model.fit(batches.take(count), epochs=1, verbose=0, shuffle=False)
        ends.append(time.perf_counter() - began)
    return examples_per_second([0.0, (ends[1] - ends[0]) / steps], batch_size)


if __name__ == "__main__":
    main()
