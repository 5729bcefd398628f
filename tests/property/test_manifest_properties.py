"""A manifest that the audit writes keeps what it says, whatever ids and classes are called."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Collected, Examples
from ftsuite.data.audit.cleaned import cleaned_manifest
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.data.sources.manifest import apply_manifest

# A file's name may hold anything but a NUL; what is not UTF-8 is a bad file.
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)


@given(
    ids=st.lists(names, min_size=6, max_size=10, unique=True),
    classes=st.lists(names, min_size=2, max_size=3, unique_by=lambda name: name.casefold()),
    bad=st.lists(names, max_size=3, unique=True),
    left=st.sets(st.integers(2, 9)),
)
@settings(max_examples=60, deadline=None)
def test_from_findings_to_a_manifest_to_examples(
    ids: list[str], classes: list[str], bad: list[str], left: set[int]
) -> None:
    labels = np.arange(len(ids)) % len(classes)
    hashes = tuple(hashlib.sha256(f"{at}".encode()).hexdigest() for at in range(len(ids)))
    bad_files = tuple((name, f"/{name}", 'is empty, or "so"\nit seems') for name in bad if name not in ids)
    examples = Examples(
        tuple(ids), tuple(ids), labels, tuple(classes), hashes, "image-file", collected=Collected(bad_files)
    )
    # Two examples of each class stay, so that there is a job with one of them relabelled as well.
    gone = tuple(sorted(at for at in left if 2 * len(classes) <= at < len(ids)))
    flagged = (Flagged(tuple(range(len(ids))), 'Copies, "all"\nof them.', 1.0, leave_out=gone),)
    suggestion = (Flagged((0,), "Odd.", 0.5, suggested_class=classes[1]),)
    findings = [
        Finding("exact-copies-within-splits", "warning", "Copies.", flagged=flagged),
        Finding("label-errors", "warning", "Labels.", flagged=suggestion),
    ]
    text, count = cleaned_manifest(examples, findings, bad_files)
    assert count == len(gone) + len(bad_files)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.csv"
        path.write_text(text, encoding="utf-8", newline="")
        kept = apply_manifest(examples, path)
        assert kept.ids == tuple(name for at, name in enumerate(ids) if at not in gone)
        assert [kept.class_names[label] for label in kept.labels] == [
            classes[labels[at]] for at in range(len(ids)) if at not in gone
        ], "a suggestion alone changes nothing"
        relabelled = text.replace(",keep,", ",relabel,", 1)
        path.write_text(relabelled, encoding="utf-8", newline="")
        # The first kept row is that of the suggestion, as bad files are left out.
        first = apply_manifest(examples, path)
        assert first.class_names[first.labels[0]] == classes[1]
