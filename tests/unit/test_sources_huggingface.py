from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.contents import read_inside, stretch_of
from ftsuite.data.sources import load_examples
from ftsuite.data.sources.unlabelled import read_texts
from ftsuite.data.sources.unlabelled_examples import load_unlabelled
from ftsuite.errors import ConfigError, DataError, ResourceError
from tests.found_pictures import note_with, picture
from tests.hugging_face_folders import IMAGE, TEXT, classes, save_dataset, save_hub_files, save_splits, table_of

FEATURES = {"image": IMAGE, "label": classes("zebra", "cat", "unused")}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))


def load(path: Path, **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": f"huggingface:{path}", **settings}), seed=0)


def pictures(folder: Path, count: int = 6) -> list[dict[str, Any]]:
    contents = [picture(folder / f"{number}.png", number).read_bytes() for number in range(count)]
    return [{"image": {"bytes": data, "path": None}, "label": n % 2} for n, data in enumerate(contents)]


def test_a_saved_dataset_is_read_in_place(tmp_path: Path) -> None:
    rows = pictures(tmp_path)
    loaded = load(save_dataset(tmp_path / "saved", table_of(rows, FEATURES), files=2))
    assert loaded.class_names == ("zebra", "cat")  # in the data set's own order, those that occur
    assert loaded.labels.tolist() == [0, 1] * 3
    assert loaded.splits is None
    assert [read_inside(one) for one in loaded.inputs] == [row["image"]["bytes"] for row in rows]
    assert {Path(stretch_of(one).file).name for one in loaded.inputs} == {
        "data-00000-of-00002.arrow",
        "data-00001-of-00002.arrow",
    }
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("training", "val", "testing"), ("train", "dev")])
@pytest.mark.parametrize("write", [save_splits, save_hub_files])
def test_names_of_splits(tmp_path: Path, names: tuple[str, ...], write: Any) -> None:
    rows = pictures(tmp_path)
    tables = {name: table_of(rows[2 * n : 2 * n + 2], FEATURES) for n, name in enumerate(names)}
    loaded = load(write(tmp_path / "saved", {**tables, "unsupervised": table_of(rows[4:], FEATURES)}))
    assert loaded.splits is not None
    expected = ["train", "train", "validation", "validation", "test", "test"][: 2 * len(names)]
    assert loaded.splits.tolist() == expected
    assert loaded.ids[:3] == ("train/000000", "train/000001", "validation/000000")
    assert "'unsupervised'" in note_with(loaded, "Left out the splits")


def test_pictures_of_parquet_files_are_copied_once(tmp_path: Path) -> None:
    rows = pictures(tmp_path)
    folder = save_hub_files(tmp_path / "hub", {"train": table_of(rows, FEATURES)}, files=2)
    loaded = load(folder)
    assert [read_inside(one) for one in loaded.inputs] == [row["image"]["bytes"] for row in rows]
    copies = sorted((tmp_path / "home" / "huggingface").glob("*.arrow"))
    assert {stretch_of(one).file for one in loaded.inputs} == {str(copy) for copy in copies}
    assert "which may be deleted" in note_with(loaded, "copies")
    times = [copy.stat().st_mtime_ns for copy in copies]
    copies[0].write_bytes(copies[0].read_bytes()[:1000])
    assert load(folder).inputs == loaded.inputs
    assert copies[1].stat().st_mtime_ns == times[1]
    one = load(folder / "data" / "train-00000-of-00002.parquet")
    assert (len(one), one.splits) == (3, None)
    again = load_examples(DataConfig(source=f"parquet:{folder}/data/train-00000-of-00002.parquet"), seed=0)
    assert again.inputs == one.inputs


def test_compressed_arrow_files_are_copied_too(tmp_path: Path) -> None:
    rows = pictures(tmp_path)
    for row in rows:
        row["image"]["bytes"] += bytes(1000)  # so that compressing pays
    folder = save_dataset(tmp_path / "saved", table_of(rows, FEATURES), compression="zstd")
    loaded = load(folder)
    assert [read_inside(one) for one in loaded.inputs] == [row["image"]["bytes"] for row in rows]
    assert all(stretch_of(one).file.startswith(str(tmp_path / "home")) for one in loaded.inputs)


def test_no_room_for_the_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_hub_files(tmp_path / "hub", {"train": table_of(pictures(tmp_path), FEATURES)})
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10, 10, 1000))
    with pytest.raises(ResourceError, match="Expected room for the pictures of 1 files"):
        load(folder)
    assert not list((tmp_path / "home").rglob("*.arrow"))


def test_paths_in_place_of_bytes(tmp_path: Path) -> None:
    picture(tmp_path / "saved" / "pictures" / "0.png")
    picture(tmp_path / "saved" / "pictures" / "1.png")
    rows = [{"image": {"bytes": None, "path": f"pictures/{n}.png"}, "label": n} for n in range(2)]
    for name in ("data-00000-of-00001.arrow", "state.json", "dataset_info.json"):
        save_dataset(tmp_path / name, table_of(rows, FEATURES))
        shutil.copy(tmp_path / name / name, tmp_path / "saved" / name)
    loaded = load(tmp_path / "saved")
    assert loaded.inputs == tuple(str(tmp_path / "saved" / "pictures" / f"{n}.png") for n in range(2))
    table = pa.table({"image": ["pictures/0.png", "pictures/1.png"], "label": ["a", "b"]})
    pq.write_table(table, tmp_path / "saved" / "set.parquet")
    assert load(tmp_path / "saved" / "set.parquet").inputs == loaded.inputs


def test_a_path_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    picture(tmp_path / "private.png")
    for number in range(3):
        picture(tmp_path / "saved" / f"{number}.png", seed=number)
    named = ["0.png", "1.png", "2.png", "../private.png", str(tmp_path / "private.png")]
    (tmp_path / "saved").mkdir(exist_ok=True)
    pq.write_table(pa.table({"image": named, "label": list("abaab")}), tmp_path / "saved" / "set.parquet")
    with pytest.raises(DataError, match="2 of 5"):
        load(tmp_path / "saved" / "set.parquet")


def test_rows_that_cannot_be_used(tmp_path: Path) -> None:
    rows = pictures(tmp_path, 8)
    rows[0]["label"] = -1
    rows[1]["label"] = None
    rows[2]["image"] = None
    rows[3]["image"]["bytes"] = b"no picture"
    folder = save_dataset(tmp_path / "saved", table_of(rows, FEATURES))
    with pytest.raises(DataError, match="4 of 8") as caught:
        load(folder)
    for words in ("row 1: has no label", "row 2: has no label", "row 3: is empty in column 'image'", "arrow!000003: "):
        assert words in caught.value.message
    loaded = load(folder, bad_files="skip")
    assert loaded.ids == tuple(f"row/00000{number}" for number in (4, 5, 6, 7))


def test_columns_are_chosen_by_their_kinds_or_by_name(tmp_path: Path) -> None:
    rows = [{**row, "coarse": "x", "caption": "y"} for row in pictures(tmp_path)]
    features = {"img": IMAGE, "fine": classes("a", "b"), "coarse": TEXT, "caption": TEXT}
    table = table_of([{"img": r["image"], "fine": r["label"], "coarse": r["coarse"]} for r in rows], features)
    folder = save_dataset(tmp_path / "saved", table)
    assert load(folder).class_names == ("a", "b")
    with pytest.raises(ConfigError, match="nearest is 'coarse'"):
        load(folder, label_column="coars")
    with pytest.raises(DataError, match="Expected pictures in column 'fine'"):
        load(folder, image_column="fine", label_column="coarse")
    two = {"img": IMAGE, "fine": classes("a"), "coarse": classes("b")}
    both = save_dataset(tmp_path / "both", table_of([], two))
    with pytest.raises(ConfigError, match=r"data\.label_column to be set"):
        load(both)


def test_texts_with_groups_and_a_column_of_splits(tmp_path: Path) -> None:
    rows = [
        {"text": f"text {n}", "label": "ab"[n % 2], "who": f"p{n // 2}", "split": "test" if n > 5 else "train"}
        for n in range(8)
    ]
    folder = save_dataset(tmp_path / "saved", table_of(rows, dict.fromkeys(rows[0], TEXT)))
    loaded = load(folder, group_column="who")
    assert loaded.splits is not None
    assert loaded.splits.tolist() == ["train"] * 6 + ["test"] * 2
    assert loaded.groups == tuple(f"p{n // 2}" for n in range(8))
    assert loaded.kind == "text"


def test_folders_that_are_not_whole_or_not_clear(tmp_path: Path) -> None:
    table = table_of(pictures(tmp_path), FEATURES)
    saved = save_splits(tmp_path / "saved", {"train": table, "test": table}, files=2)
    hub = save_hub_files(tmp_path / "hub", {"train": table}, files=3)

    def fails(path: Path, words: str, kind: type[Exception] = DataError) -> None:
        with pytest.raises(kind, match=words):
            load(path)

    fails(tmp_path, "which holds 2: 'hub', 'saved/test|which holds")
    fails(tmp_path / "sav", "exists")
    (tmp_path / "nothing").mkdir()
    fails(tmp_path / "nothing", "holds neither")
    (hub / "data" / "train-00001-of-00003.parquet").unlink()
    fails(hub, "Expected all 3 files of 'train'.*without '00001'")
    (hub / "data" / "train-00001-of-00003.parquet").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    fails(hub, "Git LFS pointer")
    whole = (saved / "train" / "data-00001-of-00002.arrow").read_bytes()
    for content in (b"", whole[:100], whole[: len(whole) // 2]):
        (saved / "train" / "data-00001-of-00002.arrow").write_bytes(content)
        fails(saved, "whole Arrow or Parquet file.*data-00001")
    (saved / "train" / "data-00001-of-00002.arrow").unlink()
    fails(saved, r"without 'data-00001-of-00002\.arrow'")
    for content in ("", "[]", '{"_data_files": [{"filename": "../x.arrow"}]}', '{"_data_files": []}', "{"):
        (saved / "train" / "state.json").write_text(content)
        fails(saved, r"Expected state\.json")
    (saved / "dataset_dict.json").write_text('{"splits": ["../train"]}')
    fails(saved, r"state\.json|train")
    (saved / "dataset_dict.json").write_text('{"splits": ["train"]}')
    state = {"_data_files": [{"filename": "data-00000-of-00002.arrow"}], "_indices_data_files": [{"filename": "i"}]}
    (saved / "train" / "state.json").write_text(json.dumps(state))
    fails(saved, "indices choose")
    fails(save_splits(tmp_path / "tested", {"test": table}), "Expected a train split")


def test_the_stand_in_is_what_the_library_writes(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = pictures(tmp_path)
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["zebra", "cat"])})
    real = datasets.Dataset.from_list(rows, features=features)
    datasets.disable_progress_bars()
    real.save_to_disk(str(tmp_path / "real"), num_shards=2)
    datasets.DatasetDict({"train": real, "test": real}).save_to_disk(str(tmp_path / "real_dict"))
    ours = table_of(rows, {"image": IMAGE, "label": classes("zebra", "cat")})
    save_dataset(tmp_path / "ours", ours, files=2)
    save_splits(tmp_path / "ours_dict", {"train": ours, "test": ours})
    for name in ("", "_dict"):
        files = [
            {str(p.relative_to(tmp_path / f"{w}{name}")) for p in (tmp_path / f"{w}{name}").rglob("*")}
            for w in ("real", "ours")
        ]
        assert files[0] == files[1]
        first, second = load(tmp_path / f"real{name}"), load(tmp_path / f"ours{name}")
        assert (first.ids, first.content_hashes, first.class_names) == (
            second.ids,
            second.content_hashes,
            second.class_names,
        )
    state, own = (json.loads((tmp_path / name / "state.json").read_text()) for name in ("real", "ours"))
    assert state.keys() == own.keys()
    schemas = []
    for name in ("real", "ours"):
        with pa.memory_map(str(tmp_path / name / "data-00000-of-00002.arrow")) as mapped:
            schemas.append(pa.ipc.open_stream(mapped).schema)
    assert schemas[0].equals(schemas[1])
    assert (
        json.loads(schemas[0].metadata[b"huggingface"])["info"]["features"]
        == json.loads(schemas[1].metadata[b"huggingface"])["info"]["features"]
    )
    real.to_parquet(str(tmp_path / "real.parquet"))
    assert load(tmp_path / "real.parquet").content_hashes == load(tmp_path / "ours").content_hashes


def test_texts_without_labels(tmp_path: Path) -> None:
    tables = {
        split: table_of([{"body": f"{split} {n}"} for n in range(2)], {"body": TEXT}) for split in ("train", "test")
    }
    saved = save_splits(tmp_path / "saved", tables)
    assert read_texts(saved, "huggingface") == ("train 0", "train 1", "test 0", "test 1")
    assert read_texts(saved / "test", "huggingface", "body") == ("test 0", "test 1")
    loaded = load_unlabelled(DataConfig(source=f"huggingface:{saved}"), seed=0)
    assert (loaded.class_names, len(loaded)) == (("text",), 4)
    with pytest.raises(ConfigError, match=r"data\.text_column"):
        read_texts(saved, "huggingface", "text")
