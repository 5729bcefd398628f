"""Checks of ``data.group_pattern``, by which ids name the groups that examples belong to."""

from __future__ import annotations

import re

from pydantic import ValidationInfo

from ftsuite.config.checks import crossed
from ftsuite.config.words import shorten


def pattern_names_groups(value: str | None, info: ValidationInfo) -> str | None:
    """`data.group_pattern` is a regular expression with a group, and nothing else names groups."""
    if value is None:
        return value
    try:
        groups = re.compile(value).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise crossed(
            f"{{name}} must be a regular expression of Python: {error}. Received: {shorten(value)}",
            "Write for instance `^(.+?)_frame`; in YAML in single quotes, which leave backslashes alone.",
        ) from error
    if not groups:
        raise crossed(
            f"{{name}} must hold a group in parentheses. Received: {shorten(value)}",
            "Put the part that names the group in parentheses, as in `^(.+?)_frame`.",
        )
    if info.data.get("group_column") is not None:
        raise crossed(
            "data.group_pattern and data.group_column must not stand together. Received: both",
            "Remove one of them.",
        )
    if info.data.get("streaming"):
        raise crossed(
            "data.group_pattern goes without data.streaming: which groups are joined by a shared text is known only "
            f"with all of them in memory. Received: {shorten(value)}",
            "Remove `streaming`, or write a column `split` that keeps each group on one side.",
        )
    return value
