"""Every augmentation of single pictures that is registered here, by its options."""

from __future__ import annotations

from collections.abc import Mapping

from ftsuite.api import Options
from ftsuite.data.augmentations.geometric import GEOMETRIC
from ftsuite.data.augmentations.operation import Operation
from ftsuite.data.augmentations.pixels import PIXELS
from ftsuite.data.augmentations.trivial_augment import TRIVIAL_AUGMENT

OPERATIONS: Mapping[type[Options], Operation] = {**GEOMETRIC, **PIXELS, **TRIVIAL_AUGMENT}
