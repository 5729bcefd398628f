"""The keys of ``data``: source, columns, splits, what is left out, and how often each class is shown."""

from __future__ import annotations

from ftsuite.config.commented import Entry
from ftsuite.data.looks import Look
from ftsuite.data.sources.found import listed
from ftsuite.runs.proposal.sizes import LARGE, Machine, Sizes

# The largest class may have so many times the examples of the smallest one, as of `headline: auto`.
EVEN = 3.0
# Above it a small class shown as often as a large one would be the same few examples over and over.
EXTREME = 20.0
_SHOWN = 3


def data_entries(look: Look, sizes: Sizes, source: str, why: str, machine: Machine) -> tuple[Entry, ...]:
    """The section ``data``.

    Args:
        look: at the source.
        sizes: of the splits.
        source: as the config shall name it.
        why: about how it is named.
        machine: that trains.
    """
    return (
        Entry("source", source, why),
        *_columns(look),
        Entry("batch_size", *_batch_size(sizes, machine)),
        *_splits(look, sizes),
        *_left_out(look),
        *_sampling(look),
        *(Entry(hint.key, hint.value, hint.why, is_suggestion=True) for hint in look.hints),
    )


def is_uneven(look: Look) -> bool:
    """Whether classes are of unlike size."""
    return look.imbalance > EVEN


def _columns(look: Look) -> list[Entry]:
    entries = []
    for key, name in look.columns.items():
        why = "taken by its usual name"
        if name in look.columns_by_content:
            why = "taken by what stands in it"
        if key == "label_column" and look.other_labels:
            why += f"; {listed(list(look.other_labels), _SHOWN)} could be the classes as well"
        entries.append(Entry(key, name, why))
    return entries


def _batch_size(sizes: Sizes, machine: Machine) -> tuple[int, str]:
    few = f"{sizes.train:,} examples to train on"
    if sizes.train < 64:
        return 4 if sizes.train < 16 else 8, f"{few}: small batches, for enough steps an epoch"
    if sizes.train < 1000:
        return 16, f"{few}: more steps an epoch than with 32"
    if machine.has_accelerator and sizes.train >= 10_000:
        return 64, f"{few}, and a GPU"
    return 32, few


def _splits(look: Look, sizes: Sizes) -> list[Entry]:
    entries = []
    named = [split for split in ("train", "validation", "test") if look.split_total(split)]
    official = f"the source has its own {', '.join(named)}; " if named else ""
    many = ", a small share of many" if look.total >= LARGE else ""
    if sizes.test_fraction is not None:
        few = "; too few for a sure figure: --folds 5 tests on all of them in turn" if sizes.test < 100 else ""
        why = f"{official}about {sizes.test:,} to test on{many}{few}"
        entries.append(Entry("test_fraction", sizes.test_fraction, why))
    if sizes.validation_fraction is not None:
        why = f"about {sizes.validation:,} of the rest to choose the best epoch by{many}"
        if not entries and named:
            why = f"{official}{why}"
        entries.append(Entry("validation_fraction", sizes.validation_fraction, why))
    if look.shared:
        contents = "content stands" if look.shared == 1 else "contents stand"
        why = f"{look.shared:,} {contents} in several of the source's own splits: what is tested must not be learnt"
        entries.append(Entry("overlap", "drop-from-training", why))
    return entries


def _left_out(look: Look) -> list[Entry]:
    if not look.skips:
        return []
    reasons = []
    if look.bad:
        shown = "; ".join(f"{place} {reason}" for place, reason in look.bad[:_SHOWN])
        more = f"; and {len(look.bad) - _SHOWN:,} more" if len(look.bad) > _SHOWN else ""
        reasons.append(f"{len(look.bad):,} cannot be used: {shown}{more}")
    if look.empty:
        reasons.append(f"no example of {listed(list(look.empty), _SHOWN)}")
    return [Entry("bad_files", "skip", f"leave out what is unusable ({'; '.join(reasons)}); `error` would stop")]


def _sampling(look: Look) -> list[Entry]:
    if not is_uneven(look) or look.modality != "image":
        return []
    counts = look.trainable
    large, small = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    unlike = f"{counts[large]:,} of {large!r} and {counts[small]:,} of {small!r}"
    if look.imbalance > EXTREME:
        why = (
            f"{unlike}: small classes are shown more often, though not as often as large ones, which would be too much"
        )
        return [Entry("sampling", "square-root", why)]
    why = f"{unlike}: each class is shown as often as the others, augmented another way each time"
    return [Entry("sampling", "balanced", why)]
