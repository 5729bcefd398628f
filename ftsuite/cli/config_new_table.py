"""What `ftsuite config new` found and chose, as a short table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftsuite.config.commented import one_line

if TYPE_CHECKING:
    from ftsuite.data.looks import Look
    from ftsuite.runs.proposal import Proposal

_SHOWN = 6


def rows_of(source: str, look: Look, made: Proposal, seconds: float | None) -> list[tuple[str, str]]:
    """The rows: what it is and what was found or chosen."""
    from ftsuite.runs.proposal.plans import hours

    noun = "pictures" if look.modality == "image" else "texts"
    rows = [
        ("data", source),
        (noun, f"{look.total:,}, {made.inputs}"),
        ("classes", _classes(look)),
        ("splits", _splits(look, made)),
    ]
    rows += [(key.replace("_", " "), name) for key, name in look.columns.items()]
    if look.bad:
        place, reason = look.bad[0]
        more = f" and {len(look.bad) - 1:,} more" if len(look.bad) > 1 else ""
        rows.append(("left out", f"{place} ({reason}){more}"))
    rows += [("think about", f"{hint.key}: {hint.value} ({hint.why})") for hint in look.hints]
    rows += [("task", made.task), ("backbone", made.backbone), ("plan", made.plan)]
    if seconds is not None:
        rows.append(("time", f"about {hours(seconds)} on this machine when it is idle; --dry-run measures it"))
    # Names of folders and columns may hold what a terminal would obey.
    return [(what, one_line(found)) for what, found in rows]


def _classes(look: Look) -> str:
    counts = look.per_class
    names = sorted(counts, key=lambda name: -counts[name])
    shown = ", ".join(f"{name} {counts[name]:,}" for name in names[:_SHOWN])
    rest = f", … {names[-1]} {counts[names[-1]]:,}" if len(names) > _SHOWN else ""
    return f"{len(names):,}: {shown}{rest}"


def _splits(look: Look, made: Proposal) -> str:
    official = [
        f"{split} {look.split_total(split):,}" for split in ("train", "validation", "test") if split in look.counts
    ]
    own = f"its own: {', '.join(official)}; " if official else ""
    sizes = made.sizes
    return f"{own}about {sizes.train:,} to train on, {sizes.validation:,} to validate, {sizes.test:,} to test"
