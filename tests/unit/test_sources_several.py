from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig, SourceEntry, load_config, source_names, source_text, source_weights
from ftsuite.data.sampling_order import weighted_epoch_order
from ftsuite.data.source_shares import share_notes, with_source_shares
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.pattern_groups import grouped_by_pattern
from ftsuite.data.splits import split_examples
from ftsuite.errors import ConfigError, DataError
from tests.found_pictures import note_with, picture


def load(source: list[Any], **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": source, **settings}), seed=0)


def class_folders(folder: Path, *names: str, count: int = 3) -> str:
    for name in names:
        for number in range(count):
            picture(folder / name / f"{number}.png")
    return f"folder:{folder}"


def table(path: Path, rows: list[tuple[str, ...]], *header: str) -> str:
    path.write_text("\n".join(",".join(row) for row in [header, *rows]), encoding="utf-8")
    return f"csv:{path}"


def test_classes_of_one_name_are_one_class(tmp_path: Path) -> None:
    first = class_folders(tmp_path / "one" / "birds", "crow", "jay")
    second = class_folders(tmp_path / "two" / "birds", "crow", "Jay", "wren")
    picture(tmp_path / "x.png")
    picture(tmp_path / "y.png")
    third = table(tmp_path / "more.csv", [("x.png", "wren"), ("y.png", "jay")], "file", "species")
    loaded = load([first, second, {"source": third, "label_column": "species"}])
    assert loaded.class_names == ("Jay", "crow", "jay", "wren")
    assert loaded.ids[0] == "birds:crow/0.png"
    assert loaded.ids[6] == "birds-2:Jay/0.png"
    assert loaded.ids[-1] == "more.csv:y.png"
    assert len(set(loaded.ids)) == len(loaded) == 17
    named = [
        (one.partition(":")[2].partition("/")[0], loaded.class_names[label])
        for one, label in zip(loaded.ids[:15], loaded.labels, strict=False)
    ]
    assert all(folder == label for folder, label in named)
    assert loaded.sources is not None
    assert np.bincount(loaded.sources).tolist() == [6, 9, 2]
    assert "'Jay', 'jay' differ only in case" in note_with(loaded, "differ only")
    assert "holds no example of 'Jay', 'wren'" in note_with(loaded, "The source birds holds")
    assert loaded.decoders is not None
    assert loaded.take([16, 0]).sources.tolist() == [2, 0]  # type: ignore[union-attr]


def test_numbers_stay_in_their_order_and_equal_classes_in_their_own(tmp_path: Path) -> None:
    one = table(tmp_path / "a.csv", [("a", "2"), ("b", "10")], "text", "label")
    two = table(tmp_path / "b.csv", [("c", "1"), ("d", "10")], "text", "label")
    assert load([one, two]).class_names == ("1", "2", "10")
    assert load([one, one]).class_names == ("2", "10")


def test_shared_contents_are_told(tmp_path: Path) -> None:
    one = table(tmp_path / "a.csv", [("a", "x"), ("b", "y"), ("c", "y")], "text", "label")
    two = table(tmp_path / "b.csv", [("a", "y"), ("b", "y"), ("d", "x")], "text", "label")
    loaded = load([one, two])
    assert "2 contents stand in more than one source" in note_with(loaded, "more than one source")
    assert "1 of them stand under different classes" in note_with(loaded, "different classes")
    splits = split_examples(loaded, validation_fraction=0.3, test_fraction=0.3, seed=1)
    for content in set(loaded.content_hashes):
        own = {split for split, one_of in zip(splits, loaded.content_hashes, strict=True) if one_of == content}
        assert len(own) == 1


def test_official_splits_and_groups_of_some_sources(tmp_path: Path) -> None:
    rows = [("a", "x", "train", "p"), ("b", "y", "train", ""), ("c", "x", "test", "q")]
    one = table(tmp_path / "a.csv", rows, "text", "label", "split", "who")
    two = table(tmp_path / "b.csv", [("d", "x"), ("e", "y")], "text", "label")
    loaded = load([{"source": one, "group_column": "who"}, two])
    assert loaded.splits is not None
    assert loaded.splits.tolist() == ["train", "train", "test", "", ""]
    assert loaded.groups is not None
    assert loaded.groups[0] == "p"
    assert len(set(loaded.groups)) == 5


def test_pictures_and_texts_do_not_go_together(tmp_path: Path) -> None:
    texts = table(tmp_path / "a.csv", [("a", "x"), ("b", "y")], "text", "label")
    with pytest.raises(ConfigError, match=r"birds gives image-file, a\.csv gives text"):
        load([class_folders(tmp_path / "birds", "x", "y"), texts])
    with pytest.raises(ConfigError, match="field-guide gives field-guide"):
        load([class_folders(tmp_path / "birds", "x", "y"), "field-guide"])
    with pytest.raises(DataError, match="nowhere"):
        load([texts, f"csv:{tmp_path}/nowhere.csv"])


def test_weights_in_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.yaml").write_text(
        "extends: bird-species\ndata:\n  source: [{source: 'folder:a', weight: 2}, b.csv, {source: 'tfds:mnist'}]\n"
    )
    loaded = load_config("job.yaml")
    source = loaded.config.data.source
    assert (source_weights(source), source_names(source)) == ((2.0, 1.0, 1.0), ("a", "b.csv", "mnist"))
    assert source_text(source) == "folder:a + b.csv + tfds:mnist"
    written = loaded.resolved()["data"]["source"]
    assert written[0]["source"] == f"folder:{tmp_path}/a"
    assert written[1] == f"{tmp_path}/b.csv"
    assert source_weights("folder:a") is None
    assert source_weights(("folder:a", SourceEntry(source="b"))) is None


def examples_of(counts: list[int]) -> Examples:
    sources = np.repeat(np.arange(len(counts), dtype=np.int16), counts)
    ids = tuple(map(str, range(len(sources))))
    return Examples(ids, ids, sources.astype(np.int64) % 2, ("a", "b"), ids, "text", sources=sources)


@pytest.mark.parametrize("counts", [[10, 90], [97, 3], [50, 50]])
def test_each_source_has_its_share_of_every_epoch(counts: list[int]) -> None:
    weighted = with_source_shares(examples_of(counts), (3, 1))
    assert weighted.sample_weights is not None
    assert weighted.sources is not None
    assert weighted.sample_weights.mean() == pytest.approx(1)
    for epoch in range(3):
        order = weighted_epoch_order(weighted.sample_weights, 5, epoch)
        shown = np.bincount(weighted.sources[order], minlength=2)
        assert len(order) == 100
        assert abs(shown[0] - 75) <= 5  # which examples are rounded up is drawn, and adds up to a little
        times = np.bincount(order, minlength=100)
        expected = weighted.sample_weights * 100 / weighted.sample_weights.sum()
        assert np.all((times == np.floor(expected + 1e-6)) | (times == np.ceil(expected - 1e-6)))
    assert "75%" in share_notes(weighted, ("one", "two"), (3, 1))[0]
    assert with_source_shares(examples_of(counts), None).sample_weights is None


def test_a_source_without_training_examples_leaves_its_share() -> None:
    weighted = with_source_shares(examples_of([0, 4, 4]), (5, 1, 3))
    assert weighted.sample_weights is not None
    assert weighted.sample_weights.tolist() == pytest.approx([0.5] * 4 + [1.5] * 4)
    (note,) = share_notes(weighted, ("a", "b", "c"), (5, 1, 3))
    assert "a nothing (no training examples), b 25%" in note


def test_batches_follow_the_weights_and_augment_repeats_another_way() -> None:
    import tensorflow as tf

    from ftsuite.data.pipeline import Pipeline

    def preprocess(element: Any, training: bool, key: Any) -> Any:
        number = tf.strings.to_number(element["input"])
        return tf.stack([number, tf.random.stateless_uniform((), key)])

    weighted = with_source_shares(examples_of([4, 60]), (1, 1))
    pipeline = Pipeline(preprocess, lambda features, targets, key: (features, targets), 2, 8, seed=3)
    features = np.concatenate([batch[0].numpy() for batch in pipeline.training_epoch(weighted, 0)])
    shown = Counter(features[:, 0].astype(int).tolist())
    assert sum(shown[number] for number in range(4)) == 32
    assert len({tuple(row) for row in features.tolist()}) == 64
    resumed = np.concatenate([batch[0].numpy() for batch in pipeline.training_epoch(weighted, 0, first_step=3)])
    assert np.array_equal(resumed, features[24:])
    positions = np.concatenate([pipeline.batch_positions(weighted, 0, step) for step in range(8)])
    assert np.array_equal(positions, features[:, 0])


def test_sources_of_one_class_or_of_tests_alone(tmp_path: Path) -> None:
    more = class_folders(tmp_path / "more", "crow")
    tests = class_folders(tmp_path / "held" / "test", "crow", "jay").removesuffix("/test")
    rows = table(tmp_path / "a.csv", [("more/crow/0.png", "jay")], "file", "label")
    loaded = load([class_folders(tmp_path / "birds", "crow", "jay"), more, tests, rows])
    assert loaded.class_names == ("crow", "jay")
    assert loaded.splits is not None
    assert Counter(loaded.splits.tolist()) == {"": 10, "test": 6}
    assert "holds no example of 'jay'" in note_with(loaded, "source more")
    with pytest.raises(DataError, match="at least two classes"):
        load([more, more])
    with pytest.raises(DataError, match="stand in other splits only: 'jay'"):
        load([more, tests])
    with pytest.raises(DataError, match="holds 'crow' alone"):
        load_examples(DataConfig(source=more), seed=0)
    with pytest.raises(DataError, match="Expected train/"):
        load_examples(DataConfig(source=tests), seed=0)


def test_a_pattern_of_groups_is_searched_behind_the_name_of_the_source(tmp_path: Path) -> None:
    for source in ("a", "b"):
        for patient in ("p1", "p2"):
            picture(tmp_path / source / ["crow", "jay"][patient == "p2"] / f"{patient}_{source}.png", seed=ord(source))
    loaded = load([f"folder:{tmp_path / 'a'}", f"folder:{tmp_path / 'b'}"])
    grouped = grouped_by_pattern(loaded, r"^\w+/(p\d)_", ("a", "b"))
    assert grouped.groups == ("p1", "p2", "p1", "p2")


def test_times_with_and_without_a_zone_have_no_order_among_sources(tmp_path: Path) -> None:
    local = [(f"text {n}", ["x", "y"][n % 2], f"2024-01-0{n + 1}T12:00") for n in range(4)]
    zoned = [(f"other {n}", ["x", "y"][n % 2], f"2024-01-0{n + 1}T12:00+09:00") for n in range(4)]
    header = ("text", "label", "when")
    first, second = (table(tmp_path / f"{n}.csv", rows, *header) for n, rows in enumerate((local, zoned)))
    with pytest.raises(ConfigError, match="times of one form in every source"):
        load([first, second], time_column="when")
    assert load([first, first], time_column="when").times is not None
