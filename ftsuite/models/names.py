"""Names of backbones that the catalogue holds. Imports no Keras, so that they can be listed at once."""

from __future__ import annotations

CATALOGUE_BACKBONES = tuple(f"efficientnet_lite{number}_imagenet" for number in range(3))
CATALOGUE_TEXT_BACKBONES = ("minilm_l6_en",)
