"""Files that systems and tools leave behind: no part of anybody's data."""

from __future__ import annotations

from collections import Counter

_NAMES = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "$recycle.bin", "__pycache__", "@eadir")
)


def is_junk(name: str) -> bool:
    """Whether an entry is passed over by name: hidden, a store of thumbnails, an archive's leftovers."""
    return name.startswith(".") or name.lower() in _NAMES


def junk_note(names: Counter[str]) -> str:
    """One sentence that says what was passed over."""
    total = sum(names.values())
    shown = ", ".join(f"{name!r}" + (f" ({count} times)" if count > 1 else "") for name, count in names.most_common(5))
    more = f" and {len(names) - 5} more names" if len(names) > 5 else ""
    return f"Passed over {total:,} hidden or system {'entry' if total == 1 else 'entries'}: {shown}{more}."
