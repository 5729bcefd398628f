"""What a job says of its kept activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ftsuite.training.activations.folder import ActivationFolder


@dataclass(frozen=True)
class CacheOptions:
    """What a job says of its cache.

    Attributes:
        mode: ``auto``, ``memory`` or ``disk``.
        views: augmented views of each training example; 1 for one that is not augmented.
        augments: whether training changes examples at random at all.
        folder: for what is kept on the disk.
        free_memory_bytes: asked when a place is chosen.
        identity: everything besides weights, network and examples that activations depend on.
        padded_width: of texts: the width of a batch whose longest row has so many tokens.
        judges_whole: whether validation examples go through the whole network, because they have another size.
    """

    mode: str
    views: int
    augments: bool
    folder: ActivationFolder
    free_memory_bytes: Callable[[], int]
    identity: dict[str, Any]
    padded_width: Callable[[int], int] | None = None
    judges_whole: bool = False

    @property
    def training_views(self) -> tuple[int | None, ...]:
        """The views that are kept, as `Pipeline.fixed_batches` names them."""
        if not self.augments:
            return (0,)
        return (None,) if self.views == 1 else tuple(range(self.views))
