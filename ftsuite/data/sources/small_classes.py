"""Classes of too few groups: what is learnt of them cannot be told from what is known of single groups."""

from __future__ import annotations

from collections import Counter

from ftsuite.data.sources.found import Found, listed

FEWEST_GROUPS = 10


def leave_out_small_classes(found: Found, group_word: str) -> None:
    """Leave out, with a note, classes of fewer than `FEWEST_GROUPS` groups.

    Of two groups one split of three stays empty, and the figure of a class of a handful of them is noise that
    weighs as much in macro F1 as any other class's.

    Args:
        found: rows with groups; its rows, class names and notes are changed.
        group_word: what a group is called, in the plural.
    """
    groups = {(row.label, row.group) for row in found.rows}
    counts = Counter(label for label, _ in groups)
    small = [name for name in found.class_names if counts[name] < FEWEST_GROUPS]
    if not small:
        return
    kept = [row for row in found.rows if counts[row.label] >= FEWEST_GROUPS]
    found.notes.append(
        f"Left out {len(found.rows) - len(kept):,} examples of classes with fewer than {FEWEST_GROUPS} {group_word}, "
        f"too few to share out between training, validation and test: {listed(small)}."
    )
    found.rows[:] = kept
    found.class_names[:] = [name for name in found.class_names if name not in small]
