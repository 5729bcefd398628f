"""Relative paths of a config, made absolute so that a resolved config means the same from anywhere."""

from __future__ import annotations

import os
from typing import Any

from ftsuite.config.source import SourceReference, parse_source


def absolute(path: str) -> str:
    """An absolute path without ``..``; ``~`` is the home folder."""
    return os.path.abspath(os.path.expanduser(path))


def absolute_source(text: str) -> str:
    """A ``data.source`` with its path absolute; what names no local path stays as it is."""
    reference = parse_source(text)
    if not reference.is_local:
        return text
    return str(SourceReference(reference.kind, absolute(reference.value)))


def is_preset_folder(name: str) -> bool:
    """Whether a ``backbone.name`` is the folder of a local preset: it has a slash and no ``scheme://``."""
    return "://" not in name and ("/" in name or name in (".", "..", "~"))


def with_absolute_paths(data: dict[str, Any]) -> dict[str, Any]:
    """Plain data of a config with every local path absolute."""
    section = dict(data["data"])
    section["source"] = absolute_source(section["source"])
    for key in ("data_dir", "manual_dir"):
        # A manual_dir may also be a bucket, as in gs://bucket/folder.
        if section[key] is not None and "://" not in section[key]:
            section[key] = absolute(section[key])
    backbone = dict(data["backbone"])
    if is_preset_folder(backbone["name"]):
        backbone["name"] = absolute(backbone["name"])
    if section["manifest"] is not None:
        section["manifest"] = absolute(section["manifest"])
    return {**data, "data": section, "backbone": backbone}
