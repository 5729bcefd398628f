"""Tables whose label column holds numbers or sets of labels: read as they are, without any check of classes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.duplicates import drop_duplicates
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.classes import labels_are_values
from ftsuite.data.splits import split_examples, split_notes
from ftsuite.data.targets import with_answers_as_classes, with_label_sets, with_numbers
from ftsuite.errors import DataError
from ftsuite.runs.audit_notes import audit_notes

COUNT = 20_000


def _numbers(source: str, **wanted: object) -> tuple[object, np.ndarray]:
    with labels_are_values():
        examples = load_examples(DataConfig(source=source, **wanted), 0)  # type: ignore[arg-type]
    made = with_numbers(examples, "price")
    assert made.targets is not None
    return made, made.targets[:, 0]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_thousands_of_different_numbers_are_no_classes(form: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0, 100, COUNT)
    rows = [f"text {number}" for number in range(COUNT)]
    path = tmp_path / f"table.{form}"
    if form == "csv":
        lines = [f"{text},{value!r}" for text, value in zip(rows, values.tolist(), strict=True)]
        path.write_text("text,label\n" + "\n".join(lines), encoding="utf-8")
    elif form == "jsonl":
        lines = [f'{{"text": "{text}", "label": {value!r}}}' for text, value in zip(rows, values.tolist(), strict=True)]
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pyarrow.table({"text": rows, "label": values}), path)
    began = time.perf_counter()
    examples, read = _numbers(f"{form}:{path}")
    splits = split_examples(examples, validation_fraction=0.1, test_fraction=0.1, seed=0)  # type: ignore[arg-type]
    # Some seconds of what is linear; one step for each pair would take minutes.
    assert time.perf_counter() - began < 60
    np.testing.assert_allclose(read, values, rtol=1e-6)
    assert [note for note in examples.notes if "usual names" not in note] == []  # type: ignore[attr-defined]
    assert (*split_notes(examples, splits), *audit_notes(examples, splits)) == ()  # type: ignore[arg-type]
    # Stratified by ranges, so that all splits are alike.
    medians = [np.median(read[splits == split]) for split in ("train", "validation", "test")]
    assert np.ptp(medians) < 10


def test_numbers_in_one_split_alone_are_well(tmp_path: Path) -> None:
    rows = [f"text {number},{number / 7},{'train' if number % 5 else 'test'}" for number in range(40)]
    (tmp_path / "table.csv").write_text("text,label,split\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match="Expected every class to have training examples"):
        load_examples(DataConfig(source=f"csv:{tmp_path / 'table.csv'}"), 0)
    examples, _ = _numbers(f"csv:{tmp_path / 'table.csv'}")
    assert len(examples) == 40  # type: ignore[arg-type]


def test_numbers_of_several_sources_join(tmp_path: Path) -> None:
    for name, start in (("a", 0), ("b", 100)):
        rows = [f"{name} {number},{start + number / 4}" for number in range(20)]
        (tmp_path / f"{name}.csv").write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    data = DataConfig.model_validate_json(
        f'{{"source": [{{"source": "csv:{tmp_path}/a.csv"}}, {{"source": "csv:{tmp_path}/b.csv"}}]}}'
    )
    with labels_are_values():
        examples = with_numbers(load_examples(data, 0), "price")
    assert examples.targets is not None
    assert sorted(examples.targets[:, 0].tolist()) == sorted(
        [n / 4 for n in range(20)] + [100 + n / 4 for n in range(20)]
    )
    assert not any("holds no example" in note for note in examples.notes)


def test_measured_numbers_stay_no_classes(tmp_path: Path) -> None:
    (tmp_path / "table.jsonl").write_text('{"text": "a", "label": 0.5}\n{"text": "b", "label": 1.5}\n', "utf-8")
    with pytest.raises(DataError, match="Expected class names"):
        load_examples(DataConfig(source=f"jsonl:{tmp_path / 'table.jsonl'}"), 0)


@pytest.mark.parametrize("text", ["1e39", "-1e39", "1_000", "inf", "nan", ""])
def test_what_is_no_number_of_float32_is_refused_as_a_label(text: str) -> None:
    ids = ("a", "b")
    read = Examples(ids, ids, np.array([0, 1]), ("3", text), ids, "text")
    with pytest.raises(DataError, match="Every label must be a number"):
        with_numbers(read, "price")


def test_contents_with_two_numbers_are_dropped_as_those_of_two_classes(tmp_path: Path) -> None:
    rows = ["same,1.5", "same,1.6", "twice,2", "twice,2.0", *[f"text {n},{n}" for n in range(10, 40)]]
    (tmp_path / "table.csv").write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    examples, _ = _numbers(f"csv:{tmp_path / 'table.csv'}")
    kept = drop_duplicates(examples)  # type: ignore[arg-type]
    assert [text for text in kept.inputs if "text" not in text] == ["twice"]
    assert any("whose 1 content stands under more than one label" in note for note in kept.notes)


def test_answers_become_classes_for_who_looks_for_copies(write_here: Callable[[str, str], Path]) -> None:
    path = write_here("table.csv", "text,label\none,red|round\ntwo,round|red\nthree,none\nfour,red\n")
    with labels_are_values():
        examples = with_label_sets(load_examples(DataConfig(source=f"csv:{path}"), 0))
    told = with_answers_as_classes(examples)
    assert len(told.class_names) == 3
    assert told.labels[0] == told.labels[1]
    assert told.class_names[told.labels[0]] == "red 1, round 1"
