"""Records: what `ftsuite data prepare` writes is what the source gave, whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.config import Config, DataConfig
from ftsuite.data.columns import StringColumn
from ftsuite.data.image_files import BadFile, decode_image, read_bytes, scan_images
from ftsuite.data.records import Records, open_records, write
from ftsuite.data.records.layout import HEAD, INDEX
from ftsuite.data.records.verify import verify_records
from ftsuite.data.records.write import WritingJob, write_records
from ftsuite.data.sources import load_examples
from ftsuite.data.split_file import matching_splits, write_split
from ftsuite.data.splits import split_examples
from ftsuite.errors import ArtifactError, ConfigError, DataError, FtsuiteError, ResourceError
from ftsuite.runs import prepare_data as prepare_module
from ftsuite.runs.prepare_data import prepare_data
from tests.found_pictures import picture

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of five pictures in several formats, of which one needs Pillow and one is there twice."""
    folder = tmp_path / "photos"
    for name in ("cat", "dög"):
        for number, ending in enumerate(("png", "jpg", "png", "gif", "jpg")):
            picture(folder / name / f"{number}.{ending}", seed=number + 10 * len(name.encode()))
    (folder / "cat" / "again.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    return folder


def loaded(source: str) -> Examples:
    return load_examples(DataConfig(source=source), 0)


def config_of(source: str, **data: Any) -> Config:
    return Config(task="image-classification", data={"source": source, **data}, backbone={"name": "x"})


def prepared(photos: Path, out: Path, **options: Any) -> Records:
    prepare_data(config_of(f"folder:{photos}"), out, **{"shards": 3, **options})
    return open_records(out)


def test_records_give_the_examples_of_their_source(photos: Path, tmp_path: Path) -> None:
    records = prepared(photos, tmp_path / "out" / "records")
    source, found = loaded(f"folder:{photos}"), loaded(str(tmp_path / "out" / "records"))
    for name in ("ids", "content_hashes", "class_names", "kind", "notes", "groups", "splits"):
        assert getattr(found, name) == getattr(source, name), name
    for name in ("labels", "decoders"):
        assert getattr(found, name).tolist() == getattr(source, name).tolist()
        assert getattr(found, name).dtype == getattr(source, name).dtype
    assert set(found.decoders.tolist()) == {0, 1}
    for path, row in zip(source.inputs, range(len(records)), strict=True):
        assert records.contents(row) == Path(path).read_bytes()
    assert records.many([4, 0, 4]) == [records.contents(row) for row in (4, 0, 4)]
    # Nothing is left of the making, and a second opening is the same object.
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["records"]
    assert open_records(tmp_path / "out" / "records") is records


def test_every_tool_reads_the_shards_as_tensorflow_examples(photos: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    records = prepared(photos, tmp_path / "records")
    paths = [str(records.folder / shard.name) for shard in records.head.shards]
    examples = [tf.train.Example.FromString(raw) for raw in tf.data.TFRecordDataset(paths).as_numpy_iterator()]
    features = [example.features.feature for example in examples]
    assert [one["id"].bytes_list.value[0].decode() for one in features] == list(records.index.ids)
    assert [one["label"].int64_list.value[0] for one in features] == records.index.label.tolist()
    assert [one["class"].bytes_list.value[0].decode() for one in features] == ["cat"] * 6 + ["dög"] * 5
    assert [one["image"].bytes_list.value[0] for one in features] == records.many(range(len(records)))


def test_a_record_is_read_by_its_name_as_a_file_is_by_its_path(photos: Path, tmp_path: Path) -> None:
    prepared(photos, tmp_path / "rec#ords")
    source, found = loaded(f"folder:{photos}"), loaded(f"records:{tmp_path / 'rec#ords'}")
    for path, name in zip(source.inputs, found.inputs, strict=True):
        assert read_bytes(name) == Path(path).read_bytes()
        np.testing.assert_array_equal(decode_image(Path(name)), decode_image(path))
    assert [info.sha256 for info in scan_images(list(found.inputs))] == list(source.content_hashes)
    for wrong in (f"record:{tmp_path}/rec#ords#99", f"record:{tmp_path}/none#0"):
        assert isinstance(read_bytes(wrong), BadFile)
    assert isinstance(read_bytes("record:photo.jpg"), BadFile), "no name of a record, and no such file"


def test_batches_are_those_of_the_folder(photos: Path, tmp_path: Path) -> None:
    from ftsuite.data.image import read_image
    from ftsuite.data.pipeline import Pipeline

    def preprocess(element: Any, training: bool, key: Any) -> Any:
        import tensorflow as tf

        noise = tf.random.stateless_uniform((20, 24, 3), key) if training else 0.0
        return (
            tf.ensure_shape(
                tf.cast(read_image(element["input"], element["decoder"], element.get("contents")), tf.float32),
                (20, 24, 3),
            )
            + noise
        )

    prepared(photos, tmp_path / "records")
    pipeline = Pipeline(preprocess, lambda features, targets, key: (features, targets), 2, 3, 7)

    def batches(source: str) -> list[np.ndarray]:
        examples = loaded(source).take(np.arange(1, 11))
        epoch = [np.asarray(part) for batch in pipeline.training_epoch(examples, 2) for part in batch]
        return [*epoch, *(np.asarray(batch) for batch in pipeline.evaluation(examples).dataset)]

    own, theirs = batches(f"folder:{photos}"), batches(f"records:{tmp_path / 'records'}")
    assert len(own) == len(theirs) == 3 * 3 + 4
    for one, other in zip(own, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_split_is_that_of_the_folder(photos: Path, tmp_path: Path) -> None:
    prepared(photos, tmp_path / "records")
    source, found = loaded(f"folder:{photos}"), loaded(f"records:{tmp_path / 'records'}")

    def split(examples: Examples) -> np.ndarray:
        return split_examples(examples, validation_fraction=0.2, test_fraction=0.2, seed=3)

    assert split(found).tolist() == split(source).tolist()
    write_split(tmp_path / "split.json", source, split(source))
    assert matching_splits(tmp_path / "split.json", found).tolist() == split(source).tolist()


def test_smaller_pictures_keep_the_split_and_say_so(photos: Path, tmp_path: Path) -> None:
    prepared(photos, tmp_path / "small", image_size=10)
    source, found = loaded(f"folder:{photos}"), loaded(f"records:{tmp_path / 'small'}")
    assert found.ids == source.ids
    assert not set(found.content_hashes) & set(source.content_hashes), "no cache may take one for the other"
    assert {decode_image(path).shape for path in source.inputs} == {(20, 24, 3)}
    assert {decode_image(name).shape for name in found.inputs} == {(10, 12, 3)}
    assert found.decoders.tolist() == [0] * 11
    decided = split_examples(source, validation_fraction=0.15, test_fraction=0.2, seed=0)
    assert found.splits.tolist() == decided.tolist()
    assert "shorter side has more than 10 pixels" in found.notes[-1]
    assert "seed 0" in found.notes[-1]
    kept = prepared(photos, tmp_path / "kept", image_size=20)
    assert kept.many(range(11)) == [Path(path).read_bytes() for path in source.inputs], "none has more than 20"


def test_drawings_become_pictures_with_the_same_pixels(tmp_path: Path) -> None:
    from ftsuite.data.drawn_pictures import draw_input

    config = config_of("field-guide", examples_per_class={"train": 1, "validation": 1, "test": 1})
    source = load_examples(config.data, 0).take([0, 40, 71])
    write_records(WritingJob(source, "field-guide", 1, splits=source.splits), tmp_path / "birds")
    found = loaded(f"records:{tmp_path / 'birds'}")
    assert found.kind == "field-guide", "they stay drawings, and reports say so"
    assert found.content_hashes == source.content_hashes
    assert found.splits.tolist() == source.splits.tolist()
    for at in (0, 2):
        np.testing.assert_array_equal(decode_image(found.inputs[at]), draw_input(source.inputs[at]))
        np.testing.assert_array_equal(draw_input(found.inputs[at]), draw_input(source.inputs[at]))


def test_texts_groups_and_official_splits_are_kept(tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    rows = [
        f'"text {n} ü\n",{"good" if n % 2 else "bad"},{"train" if n < 9 else "test"},user {n % 4}' for n in range(12)
    ]
    table.write_text("text,label,split,user\n" + "\n".join(rows), encoding="utf-8")
    config = config_of(f"csv:{table}", group_column="user")
    prepare_data(config, tmp_path / "records", shards=2)
    source, found = load_examples(config.data, 0), loaded(f"records:{tmp_path / 'records'}")
    assert found.inputs == source.inputs
    assert found.inputs[::-3] == source.inputs[::-3]
    assert found.groups == source.groups
    assert found.splits.tolist() == source.splits.tolist()
    assert found.decoders is None
    with pytest.raises(ConfigError, match="goes with pictures"):
        prepare_data(config, tmp_path / "small", image_size=64)


@pytest.mark.parametrize("place", [100, -20])
def test_a_changed_byte_is_found_and_named(photos: Path, tmp_path: Path, place: int) -> None:
    records = prepared(photos, tmp_path / "records", shards=1)
    shard = records.folder / records.head.shards[0].name
    data = bytearray(shard.read_bytes())
    at = int(records.index.offset[2]) + 30 if place > 0 else len(data) + place
    data[at] ^= 1
    shard.write_bytes(bytes(data))
    row = 2 if place > 0 else 10
    with pytest.raises(DataError, match=f"(?s){records.index.ids[row]}.*row {row}"):
        records.contents(row)
    assert records.contents(0), "the others are as they were"
    (bad,) = [entry for entry in scan_images(list(loaded(str(records.folder)).inputs)) if isinstance(entry, BadFile)]
    assert bad.path.endswith(f"#{row}")
    with pytest.raises(ArtifactError, match="holds other bytes"):
        verify_records(records.folder)


def test_what_is_missing_or_cut_is_refused(photos: Path, tmp_path: Path) -> None:
    def broken(change: Any, error: type[FtsuiteError], words: str) -> None:
        folder = prepared(photos, tmp_path / f"records {words}").folder
        verify_records(folder)
        change(folder)
        from ftsuite.data.records import reader

        reader._open.clear()
        with pytest.raises(error, match=words):
            open_records(folder)

    broken(lambda folder: (folder / HEAD).unlink(), DataError, "holds no records.json")
    broken(lambda folder: (folder / HEAD).write_text("{"), ArtifactError, "torn")
    broken(lambda folder: (folder / HEAD).write_text('{"format": 9}'), ArtifactError, "format 9")
    broken(lambda folder: (folder / INDEX).unlink(), ArtifactError, "index.parquet")
    broken(lambda folder: next(folder.glob("*00001-of*")).unlink(), ArtifactError, "No such file")
    broken(lambda folder: os.truncate(next(folder.glob("*00001-of*")), 100), ArtifactError, "Received: 100")

    def other_index(folder: Path) -> None:
        data = bytearray((folder / INDEX).read_bytes())
        data[50] ^= 1
        (folder / INDEX).write_bytes(bytes(data))

    broken(other_index, ArtifactError, "index that was written")
    for missing in (tmp_path / "nowhere", photos):
        with pytest.raises(DataError, match="folder of records"):
            loaded(f"records:{missing}")


def test_nothing_is_written_over_or_into_the_data(photos: Path, tmp_path: Path) -> None:
    records = prepared(photos, tmp_path / "records")
    before = {path: path.read_bytes() for path in records.folder.iterdir()}
    for there in (records.folder, photos):
        with pytest.raises(ConfigError, match="not there yet"):
            prepared(photos, there)
    with pytest.raises(ConfigError, match="outside the data"):
        prepared(photos, photos / "cat" / "records")
    assert {path: path.read_bytes() for path in records.folder.iterdir()} == before
    assert sorted(path.name for path in photos.iterdir()) == ["cat", "dög"]


class KilledError(BaseException):
    """Stands for kill -9: nothing catches it."""


def test_a_killed_start_leaves_nothing_whole_and_the_next_one_goes_on(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = write.write_shard, []

    def dying(folder: Path, number: int, *rest: Any, **options: Any) -> Any:
        if number == 2 and not written:
            (folder / ".records-00002-of-00003.tfrecord.tmp").write_bytes(b"half")
            written.append(number)
            raise KilledError
        return real(folder, number, *rest, **options)

    monkeypatch.setattr(write, "write_shard", dying)
    out = tmp_path / "records"
    with pytest.raises(KilledError):
        prepared(photos, out)
    assert not out.exists()
    with pytest.raises(DataError):
        open_records(tmp_path / ".records.preparing")
    made = prepare_data(config_of(f"folder:{photos}"), out, shards=3)
    assert made.shards_kept == 2
    assert not (tmp_path / ".records.preparing").exists()
    straight = prepared(photos, tmp_path / "straight")
    for path in straight.folder.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_another_job_has_begun_is_not_taken_up(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(folder: Path, head: Any) -> Any:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(write, "finish_records", dying)
        with pytest.raises(KilledError):
            prepared(photos, tmp_path / "records")
    (photos / "cat" / "0.png").unlink()
    made = prepare_data(config_of(f"folder:{photos}"), tmp_path / "records", shards=3)
    assert made.shards_kept == 0
    assert len(open_records(tmp_path / "records")) == 10


def test_a_picture_that_changes_meanwhile_is_named(photos: Path, tmp_path: Path) -> None:
    examples = loaded(f"folder:{photos}")
    (photos / "cat" / "1.jpg").write_bytes((photos / "cat" / "4.jpg").read_bytes())
    with pytest.raises(DataError, match=r"cat.1\.jpg, which was changed"):
        write_records(WritingJob(examples, "x", 1), tmp_path / "records")


def test_too_little_room_is_told_before_anything_is_written(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("Usage", (), {"free": 10})()
    monkeypatch.setattr(prepare_module.shutil, "disk_usage", lambda path: free)
    with pytest.raises(ResourceError, match=r"needs about .* MiB"):
        prepared(photos, tmp_path / "records")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_two_at_once_do_not_mix(photos: Path, tmp_path: Path) -> None:
    import filelock

    (tmp_path / ".records.preparing").mkdir()
    with filelock.FileLock(tmp_path / ".records.preparing" / ".lock"), pytest.raises(ConfigError, match="only one"):
        prepared(photos, tmp_path / "records")


def test_records_can_be_prepared_from_records(photos: Path, tmp_path: Path) -> None:
    first = prepared(photos, tmp_path / "first")
    prepare_data(config_of(f"records:{first.folder}"), tmp_path / "second", shards=1)
    second = open_records(tmp_path / "second")
    assert second.many(range(11)) == first.many(range(11))
    assert json.loads((second.folder / HEAD).read_text())["source"] == f"records:{first.folder}"


def test_more_shards_than_examples_are_not_made(photos: Path, tmp_path: Path) -> None:
    assert len(prepared(photos, tmp_path / "records", shards=500).head.shards) == 11
    one = prepare_data(config_of(f"folder:{photos}"), tmp_path / "one", shard_bytes=10**9)
    assert len(one.head.shards) == 1


def test_a_column_of_other_rows_names_the_same_records(photos: Path, tmp_path: Path) -> None:
    prepared(photos, tmp_path / "records")
    examples = loaded(f"records:{tmp_path / 'records'}")
    taken = examples.take([7, 2]).take([1])
    assert taken.inputs[0] == examples.inputs[2]
    assert taken.inputs.contents(np.asarray([0])) == examples.inputs.contents(np.asarray([2]))
    assert isinstance(replace(taken).ids, StringColumn)


def test_a_record_damaged_while_a_run_reads_it_is_named(photos: Path, tmp_path: Path) -> None:
    from ftsuite.data.pipeline import Pipeline
    from ftsuite.data.text_stream import find_failure

    records = prepared(photos, tmp_path / "records", shards=1)
    examples = loaded(f"records:{records.folder}")
    shard = records.folder / records.head.shards[0].name
    data = bytearray(shard.read_bytes())
    data[int(records.index.offset[3]) + 5] ^= 4
    shard.write_bytes(bytes(data))
    pipeline = Pipeline(lambda element, training, key: element["contents"], lambda *batch: batch[:2], 2, 3, 7)
    assert find_failure(examples.inputs) is None
    with pytest.raises(Exception, match="not those that were written"):
        list(pipeline.evaluation(examples).dataset)
    failure = find_failure(examples.take([0, 1]).inputs)
    assert failure is not None
    assert repr(examples.ids[3]) in failure.message
