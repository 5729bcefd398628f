"""The checks on features, whatever labels, groups and features they are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ftsuite.api import Examples
from ftsuite.data.audit.drift import check_drift
from ftsuite.data.audit.label_errors import check_label_errors
from ftsuite.data.audit.label_quality import label_quality
from ftsuite.data.audit.outliers import check_outliers
from ftsuite.data.audit.units import folds_of, units_of

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Case:
    """A data set of any shape."""

    examples: Examples
    splits: np.ndarray
    features: np.ndarray


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count, classes = draw(st.integers(1, 90)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = np.minimum(rng.geometric(draw(st.floats(0.2, 0.9)), count) - 1, classes - 1)
    contents = tuple(f"c{number}" for number in rng.integers(0, max(count * draw(st.integers(1, 8)) // 4, 1), count))
    groups = draw(st.sampled_from([None, tuple(f"g{number}" for number in rng.integers(0, 40, count))]))
    features = rng.normal(size=(count, draw(st.integers(1, 12)))).astype(np.float32)
    # Columns that do not vary, rows that are equal, numbers large and small.
    features *= np.float32(10.0) ** draw(st.integers(-12, 12))
    features[:, : draw(st.integers(0, 3))] = draw(st.sampled_from([0.0, 1e6]))
    features[: draw(st.integers(0, 30))] = features[0]
    names = tuple(map(str, range(count)))
    class_names = tuple(f"class {number}" for number in range(classes))
    examples = Examples(names, names, labels.astype(np.int64), class_names, contents, "image-file", groups=groups)
    return Case(examples, rng.choice(SPLITS, count), features)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_any_data_set_gives_findings_that_point_at_its_examples(case: Case) -> None:
    findings = [
        *check_label_errors(case.examples, case.splits, case.features, seed=0),
        *check_outliers(case.examples, case.splits, case.features),
        *check_drift(case.examples, case.splits, case.features, seed=0),
    ]
    for finding in findings:
        scores = [flagged.score or 0.0 for flagged in finding.flagged]
        assert np.isfinite(scores).all()
        assert scores == sorted(scores, reverse=True)
        positions = [position for flagged in finding.flagged for position in flagged.positions]
        assert len(positions) == len(set(positions))
        assert all(0 <= position < len(case.examples) for position in positions)
        assert "nan" not in finding.summary


@settings(max_examples=40, deadline=None)
@given(cases())
def test_quality_orders_every_example_and_suggests_classes_that_there_are(case: Case) -> None:
    labels = case.examples.labels
    quality = label_quality(
        case.features, labels, units_of(case.examples), 0, num_classes=len(case.examples.class_names)
    )
    assert sorted(quality.order.tolist()) == list(range(len(labels)))
    assert np.isfinite(quality.probabilities).all()
    assert ((quality.scores >= 0) & (quality.scores <= 1)).all()
    assert set(quality.suggested[quality.judged]) <= set(labels[quality.judged])
    assert (quality.suggested[~quality.judged] == labels[~quality.judged]).all()


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(2, 8))
def test_folds_keep_units_together(case: Case, folds: int) -> None:
    units = units_of(case.examples)
    found = folds_of(units, case.examples.labels, folds, 3)
    assert all(len(set(found[units == unit])) == 1 for unit in set(units))
    contents = np.asarray(case.examples.content_hashes)
    assert all(len(set(units[contents == content])) == 1 for content in set(contents))
