"""What each stage trains on: inputs of the usual size, or of a size of its own.

Whatever the size, epochs are judged by the model and the examples as they are shipped, so that figures of stages
compare, and the weights that are kept are the best ones for the size of use.
"""

from __future__ import annotations

from dataclasses import replace

from ftsuite.training.activations.cache import ActivationCache
from ftsuite.training.plan import Stage
from ftsuite.training.workload import Feed, Workload


class SizedFeeds:
    """The feeds of whole models of one training, with the cache of each.

    Args:
        workload: what is trained.
        whole: feed of its model, at the usual size.
    """

    def __init__(self, workload: Workload, whole: Feed) -> None:
        self._work = workload
        self._feeds: dict[int | None, Feed] = {None: whole}
        self._caches: dict[int | None, ActivationCache | None] = {}

    def of(self, stage: Stage) -> tuple[Feed, ActivationCache | None]:
        """The whole model's feed for a stage, and the cache of its size; caches of other sizes let go of all.

        What a later stage needs of them again is computed again, in the same way and so to the same bits.
        """
        size = self._size(stage)
        if size not in self._feeds:
            assert size is not None
            sized = self._work.at_size[size]
            self._feeds[size] = replace(self._feeds[None], model=sized.in_front(sized.model), batches=sized.batches)
        if size not in self._caches:
            self._caches[size] = self._new_cache(size)
        for other, cache in self._caches.items():
            if other != size and cache is not None:
                cache.release()
        return self._feeds[size], self._caches[size]

    def _size(self, stage: Stage) -> int | None:
        return stage.image_size if stage.image_size in self._work.at_size else None

    def _new_cache(self, size: int | None) -> ActivationCache | None:
        """Made for the stages of that size alone: boundaries and epochs of the others do not count in it."""
        if self._work.cache is None:
            return None
        mine = replace(self._work, stages=tuple(stage for stage in self._work.stages if self._size(stage) == size))
        if size is None:
            return self._work.cache(mine)
        sized = self._work.at_size[size]
        own = replace(mine, model=sized.model, batches=sized.batches)
        return sized.cache(own) if sized.cache is not None else None
