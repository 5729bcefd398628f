"""Compute what frozen blocks make of each example once, and train only what follows.

While the first blocks are frozen and in inference mode, their output does not change from epoch to epoch. Stages whose
boundaries lie one behind the other are computed one from the other, from the earliest on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ftsuite.api import Examples
from ftsuite.data.cached_batches import CachedPart, CachedPipeline
from ftsuite.data.pipeline import Pipeline
from ftsuite.errors import ResourceError
from ftsuite.models.freezing import head_dropouts
from ftsuite.models.graph_cut import SplitModel, split_model
from ftsuite.training.activations.agreement import CacheRefusedError, Sample, compiled_twin
from ftsuite.training.activations.build import (
    LENGTH,
    TOKENS,
    TRUNCATED,
    Source,
    layouts_of,
    write_from_examples,
    write_from_rows,
)
from ftsuite.training.activations.keys import activation_key, architecture_hash, hash_texts
from ftsuite.training.activations.layouts import row_bytes
from ftsuite.training.activations.options import CacheOptions
from ftsuite.training.activations.store import Activations, memory_writer
from ftsuite.training.fingerprints import hash_variables
from ftsuite.training.plan import Stage
from ftsuite.training.seeds import uses_xla
from ftsuite.training.target_judge import TargetJudge
from ftsuite.training.validation import ClassificationJudge
from ftsuite.training.workload import Feed, Workload

# Of the memory that is free, so that training has the rest.
_MEMORY_SHARE = 0.3
_ROWS_AT_ONCE = 1024


class ActivationCache:
    """The activations of one training.

    Args:
        options: of the job.
        workload: what is trained.
        pipeline: that makes its batches.
        training: examples.
    """

    def __init__(self, options: CacheOptions, workload: Workload, pipeline: Pipeline, training: Examples) -> None:
        assert isinstance(workload.judge, ClassificationJudge | TargetJudge)
        self._options, self._work = options, workload
        self._judge, self._pipeline, self._training = workload.judge, pipeline, training
        self._padded_width = options.padded_width or int
        self._live = head_dropouts(workload.model)
        self._kept: dict[str, tuple[Activations, str]] = {}
        self._splits: dict[int, SplitModel | None] = {}

    def is_worthwhile(self, stage: Stage) -> bool:
        """Whether a stage can be cached, and the plan's cached stages have more epochs than there are views."""
        if self._split(stage) is None:
            return False
        cached = [other for other in self._work.stages if self._split(other) is not None]
        return self._options.mode != "auto" or sum(s.epochs for s in cached) > len(self._options.training_views)

    def feed(self, stage: Stage, whole: Feed, tell: Callable[[dict[str, Any]], None]) -> tuple[Feed, dict[str, Any]]:
        """What trains the stage on activations, and what the journal says of them.

        Raises:
            ResourceError: no room, where the config insists.
            CacheRefusedError: the activations do not give what the whole network gives, or there is no room for them.
        """
        with self._refusals():
            return self._feed(stage, whole, tell)

    def refusal(self, stage: Stage, whole: Feed) -> str | None:
        """Why a stage would train on the whole network after all, as far as a first batch tells; None for no reason.

        Raises:
            ResourceError: no room, where the config insists.
        """
        try:
            with self._refusals():
                splits = self._splits_until(stage)
                self._samples(whole, [split.trunk for _, split in splits], compiled_twin(splits[-1][1].tail))
                for _, examples, views in self._halves():
                    layouts, mean_length = layouts_of(self._source(splits[0][1], examples, views))
                    self._place(len(examples) * len(views) * row_bytes(layouts, mean_length))
        except CacheRefusedError as reason:
            return str(reason)
        return None

    def _feed(self, stage: Stage, whole: Feed, tell: Callable[[dict[str, Any]], None]) -> tuple[Feed, dict[str, Any]]:
        began = time.perf_counter()
        splits = self._splits_until(stage)
        tail = splits[-1][1].tail
        evaluator = compiled_twin(tail)
        # Before anything is computed, so that a refusal costs little.
        samples = self._samples(whole, [split.trunk for _, split in splits], evaluator)
        parts: dict[str, CachedPart] = {}
        place = ""
        rows: dict[str, Activations] = {}
        wanted: set[str] = set()
        lineage: list[Any] = []
        for other, split in splits:
            lineage.append([architecture_hash(split.trunk), hash_variables(split.trunk.weights)])
            for name, examples, views in self._halves():
                source = self._source(split, examples, views, rows.get(name))
                key = self._key(lineage, examples, views)
                kept, place = self._get(key, source, other, tell)
                rows[name] = kept
                wanted.add(key)
                parts[name] = self._part(kept, split, examples, views)
        self._release(wanted)
        for name, sample in samples.items():
            sample.require_same_from(parts[name], evaluator)
        return self._cached_feed(tail, evaluator, parts, whole), {
            "examples": len(self._training),
            "views": len(self._options.training_views),
            "size_bytes": sum(kept.size_bytes for kept in rows.values()),
            "place": place,
            "seconds": round(time.perf_counter() - began, 3),
        }

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Let nothing that is wrong with the room end a run that did not ask for kept activations."""
        try:
            yield
        except CacheRefusedError:
            self.release()
            raise
        except ResourceError as error:
            self.release()
            if self._options.mode != "auto":
                raise
            raise CacheRefusedError(f"they cannot be kept. {error.message.rstrip('.')}", lacks_room=True) from error

    def _splits_until(self, stage: Stage) -> list[tuple[Stage, SplitModel]]:
        """The cuts of the chain, each of what the one before left; their trunks are compiled."""
        found: list[tuple[Stage, SplitModel]] = []
        tail = self._work.model
        for other in self._chain(stage):
            split = split_model(tail, _variables(self._work, other), self._live)
            if split is None:
                # Its blocks are one layer with those of the stage before in the chain, and so is its boundary.
                continue
            split.trunk.compile(jit_compile=uses_xla())
            found.append((other, split))
            tail = split.tail
        return found

    def _samples(self, whole: Feed, trunks: Sequence[Any], evaluator: Any) -> dict[str, Sample]:
        """A first batch of each split, of whose training examples it is known that the cuts change nothing."""
        # Of inputs of another size the feed's own evaluator is that of the usual one.
        network = compiled_twin(self._work.model) if self._options.judges_whole else whole.evaluator
        samples = {
            name: Sample.take(network, self._pipeline, examples, views[0]) for name, examples, views in self._halves()
        }
        samples["training"].require_same_through(trunks, evaluator)
        return samples

    def _source(
        self, split: SplitModel, examples: Examples, views: tuple[int | None, ...], rows: Activations | None = None
    ) -> Source:
        return Source(split.trunk, self._pipeline, examples, views, rows, self._padded_width)

    def _halves(self) -> list[tuple[str, Examples, tuple[int | None, ...]]]:
        training = ("training", self._training, self._options.training_views)
        return [training] if self._options.judges_whole else [training, ("validation", self._judge.examples, (None,))]

    def _split(self, stage: Stage) -> SplitModel | None:
        """The whole model cut where the stage begins, or None where that cannot be."""
        if stage.number not in self._splits:
            split = split_model(self._work.model, _variables(self._work, stage), self._live)
            self._splits[stage.number] = split if split is not None and split.keeps_batch_axis else None
        return self._splits[stage.number]

    def _chain(self, stage: Stage) -> list[Stage]:
        """Stages of the plan whose boundaries lie before this one's, the earliest first, and this one.

        By the plan and never by what is there already: activations computed on another way differ in the last bit.
        """
        cached = [other for other in self._work.stages if self._split(other) is not None]
        chain = [stage]
        for other in sorted(cached, key=lambda candidate: len(candidate.trained)):
            if set(other.trained) > set(chain[0].trained):
                chain.insert(0, other)
        return chain

    def _key(self, lineage: Sequence[Any], examples: Examples, views: tuple[int | None, ...]) -> str:
        content = hash_texts([*examples.ids, *examples.content_hashes])
        return activation_key(
            {
                **self._options.identity,
                "lineage": list(lineage),
                "examples": content,
                "views": list(views),
                "views_seed": self._pipeline.seed if views != (None,) else None,
                "batch_size": self._pipeline.batch_size,
            }
        )

    def _get(
        self, key: str, source: Source, stage: Stage, tell: Callable[[dict[str, Any]], None]
    ) -> tuple[Activations, str]:
        """Activations by their key, and where they are: as they are kept already, or computed."""
        if key in self._kept:
            return self._kept[key]
        layouts, mean_length = layouts_of(source)
        rows = len(source.examples) * len(source.views)
        expected = rows * row_bytes(layouts, mean_length)
        place = self._place(expected)
        first = stage.trained[0]

        def on_rows(done: int) -> None:
            told = {"block": first, "rows": done, "of_rows": rows, "size_bytes": expected, "place": place}
            tell({"event": "caching", **told})

        on_rows(0)
        write = write_from_examples if source.rows is None else write_from_rows
        if place == "disk":
            folder = self._options.folder.telling(lambda text: tell({"event": "note", "message": text}))
            kept = folder.open_or_write(key, layouts, expected, lambda writer: write(source, writer, on_rows))
        else:
            with memory_writer(layouts) as writer:
                kept = writer.finish(write(source, writer, on_rows))
        on_rows(rows)
        self._kept[key] = (kept, place)
        return kept, place

    def _place(self, expected_bytes: int) -> str:
        mode, free = self._options.mode, int(self._options.free_memory_bytes() * _MEMORY_SHARE)
        if mode == "auto":
            if expected_bytes <= free:
                return "memory"
            room = self._options.folder.room_bytes()
            if expected_bytes <= room:
                return "disk"
            raise CacheRefusedError(
                f"they take {expected_bytes / 2**30:.1f} GiB: more than {free / 2**30:.1f} GiB, the share of the free "
                f"memory that may be used, and than {room / 2**30:.1f} GiB, the room on the disk",
                lacks_room=True,
            )
        if mode == "memory" and expected_bytes > self._options.free_memory_bytes():
            raise ResourceError(
                f"finetune.cache: memory needs {expected_bytes / 2**30:.1f} GiB. "
                f"Received: {self._options.free_memory_bytes() / 2**30:.1f} GiB that are free.",
                "Set finetune.cache to disk or to auto, or lower finetune.views.",
            )
        return mode

    def release(self) -> None:
        """Let go of everything; what is on the disk stays there."""
        self._release(set())

    def _release(self, wanted: set[str]) -> None:
        """Let go of what no stage from here on is computed from."""
        for key in [key for key in self._kept if key not in wanted]:
            self._kept.pop(key)[0].close()

    def _part(
        self, kept: Activations, split: SplitModel, examples: Examples, views: tuple[int | None, ...]
    ) -> CachedPart:
        names = set(split.names)
        signature = {
            layout.name: (np.dtype(layout.dtype), layout.shape) for layout in kept.layouts if layout.name in names
        }
        count = len(examples)
        if not any(layout.name == TOKENS for layout in kept.layouts):
            return CachedPart(kept, count, len(views), signature)
        lengths, tokens, truncated = _columns_of(kept, (LENGTH, TOKENS, TRUNCATED))
        return CachedPart(
            kept,
            count,
            len(views),
            signature,
            # Of a text before anything changes it, so the same for all of its views.
            lengths[:count].astype(np.int64),
            tokens.astype(np.int64),
            truncated,
            self._padded_width,
        )

    def _cached_feed(self, tail: Any, evaluator: Any, parts: dict[str, CachedPart], whole: Feed) -> Feed:
        cached = CachedPipeline(self._pipeline, parts["training"], parts.get("validation"))
        training = self._training

        def batches(epoch: int, first_step: int) -> Any:
            return cached.training_epoch(training, epoch, first_step)

        if self._options.judges_whole:
            return replace(whole, model=tail, batches=batches, token_counts=cached.token_counts)
        return Feed(tail, evaluator, batches, replace(self._judge, pipeline=cached), cached.token_counts)


def _columns_of(kept: Activations, names: Sequence[str]) -> list[np.ndarray]:
    """Columns of all rows, read a part at a time: with them come the activations, which are large."""
    parts = [
        [arrays[name] for name in names]
        for start in range(0, kept.count, _ROWS_AT_ONCE)
        for arrays in [kept.gather(np.arange(start, min(start + _ROWS_AT_ONCE, kept.count)))]
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _variables(work: Workload, stage: Stage) -> list[Any]:
    """What a stage must have in its tail: of adapters those that train, by which stages nest as they do by blocks."""
    blocks = work.blocks if stage.adapter_paths is None else stage.trained_part(work.blocks)
    return [variable for block in blocks if block.name in stage.trained for variable in block.variables]
