from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from ftsuite import assets
from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.asset import READERS
from ftsuite.data.sources.asset_tables import read_reviews
from ftsuite.errors import ArtifactError, ConfigError, DataError, ResourceError
from tests.found_pictures import note_with


def load(name: str) -> Examples:
    try:
        return load_examples(DataConfig(source=f"asset:{name}"), seed=0)
    except ResourceError as error:
        pytest.skip(f"needs {name}: {error}")


def reviews(folder: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "examples.parquet")
    return folder


def test_every_data_set_of_the_catalogue_has_a_reader() -> None:
    assert set(READERS) == {name for name, entry in assets.catalogue().items() if entry.kind == "dataset"}


def test_rotten_tomatoes() -> None:
    examples = load("rotten-tomatoes")
    assert examples.kind == "text"
    assert examples.class_names == ("negative", "positive")
    assert np.bincount(examples.labels).tolist() == [4265, 4265]
    assert len(set(examples.inputs)) == len(set(examples.ids)) == 8530
    assert examples.groups is None
    assert examples.splits is None
    assert examples.content_hashes[5] == hashlib.sha256(examples.inputs[5].encode()).hexdigest()
    (place,) = [at for at, text in enumerate(examples.inputs) if text == "horrible"]
    assert examples.class_names[examples.labels[place]] == "negative"


def test_imdb_reviews() -> None:
    examples = load("imdb-reviews")
    assert np.bincount(examples.labels).tolist() == [12500, 12500]
    assert len(set(examples.inputs)) == len(set(examples.content_hashes)) == 24904
    assert len(set(examples.ids)) == 25000
    assert note_with(examples, "repeat").startswith("96 of 25,000")


def test_ids_do_not_depend_on_where_rows_stand(tmp_path: Path) -> None:
    rows = [{"text": text, "label": label} for text, label in (("bad", 0), ("fine", 1), ("bad", 0))]
    found = read_reviews(reviews(tmp_path, rows))
    assert [(row.input, row.label) for row in found.rows] == [
        ("bad", "negative"),
        ("fine", "positive"),
        ("bad", "negative"),
    ]
    turned = read_reviews(reviews(tmp_path, rows[::-1]))
    assert {row.id for row in found.rows} == {row.id for row in turned.rows}
    assert len({row.id for row in found.rows}) == 3


@pytest.mark.parametrize(
    "row", [{"text": "x", "label": 2}, {"text": " ", "label": 1}, {"text": "x", "label": True}, {"sentence": "x"}]
)
def test_unexpected_rows(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="row 1"):
        read_reviews(reviews(tmp_path, [row]))


@pytest.mark.parametrize("content", [None, b"PAR1 but torn"])
def test_a_missing_or_torn_table(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "examples.parquet").write_bytes(content)
    with pytest.raises(DataError):
        read_reviews(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rotten-tomatos", "the nearest is 'rotten-tomatoes'. Received: 'rotten-tomatos'."),
        ("minilm_l6_en", "Received: 'minilm_l6_en', which is weights and no data set."),
        ("zzzzz", "icd10cm-diagnoses, imdb-reviews, licence-texts, rotten-tomatoes. Received"),
    ],
)
def test_other_names_are_refused(name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_examples(DataConfig(source=f"asset:{name}"), 0)
    assert words in caught.value.message


def test_progress_is_passed_on_and_damage_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def ensure(name: str, *, progress: Any = None) -> Path:
        progress(f"{name}: download", 1, 2)
        raise ArtifactError("torn")

    monkeypatch.setattr(assets, "ensure", ensure)
    with pytest.raises(ArtifactError, match="torn"):
        load_examples(DataConfig(source="asset:imdb-reviews"), 0, lambda *news: seen.append(news))
    assert seen == [("imdb-reviews: download", 1, 2)]
