"""One small labelled set, written in every form that a source may have, gives the same examples."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from tests.found_pictures import picture
from tests.hugging_face_folders import IMAGE, TEXT, classes, save_dataset, save_hub_files, save_splits, table_of

# TensorFlow and its data sets warn of their own affairs.
pytestmark = pytest.mark.filterwarnings("default")

CLASSES = ("blue jay", "crow", "goldfinch")
SPLITS = {"train": 4, "validation": 1, "test": 2}
ENDINGS = (".png", ".jpg", ".webp", ".gif")

Rows = list[tuple[str, str, Path]]
Write = Callable[[Path, Rows], str]


def folder(place: Path, rows: Rows) -> str:
    return f"folder:{rows[0][2].parents[2]}"


def _table(place: Path, rows: Rows) -> list[dict[str, str]]:
    root = rows[0][2].parents[2]
    shutil.copytree(root, place / "pictures")
    return [
        {"picture": f"pictures/{path.relative_to(root)}", "species": label, "split": split}
        for split, label, path in rows
    ]


def csv_file(place: Path, rows: Rows) -> str:
    with open(place / "set.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["picture", "species", "split"])
        writer.writeheader()
        writer.writerows(_table(place, rows))
    return f"csv:{place}/set.csv"


def jsonl_file(place: Path, rows: Rows) -> str:
    (place / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in _table(place, rows)))
    return f"jsonl:{place}/set.jsonl"


def parquet_file(place: Path, rows: Rows) -> str:
    pq.write_table(pa.Table.from_pylist(_table(place, rows)), place / "set.parquet")
    return f"parquet:{place}/set.parquet"


def _tables(rows: Rows) -> dict[str, pa.Table]:
    features = {"img": IMAGE, "species": classes(*CLASSES)}
    return {
        split: table_of(
            [
                {"img": {"bytes": path.read_bytes(), "path": path.name}, "species": CLASSES.index(label)}
                for own, label, path in rows
                if own == split
            ],
            features,
        )
        for split in SPLITS
    }


def saved_splits(place: Path, rows: Rows) -> str:
    return f"huggingface:{save_splits(place / 'saved', _tables(rows), files=2)}"


def hub_files(place: Path, rows: Rows) -> str:
    return f"huggingface:{save_hub_files(place / 'hub', _tables(rows), files=2)}"


def zip_file(place: Path, rows: Rows) -> str:
    with zipfile.ZipFile(place / "set.zip", "w") as archive:
        for number, (_, _, path) in enumerate(rows):
            packing = zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED
            archive.write(path, f"birds/{path.relative_to(path.parents[2])}", packing)
        archive.writestr("__MACOSX/birds/._x.png", b"junk")
    return f"archive:{place}/set.zip"


def _tar(path: Path, rows: Rows, mode: str) -> str:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(rows[0][2].parents[2], "birds")
    return str(path)


def tar_file(place: Path, rows: Rows) -> str:
    return _tar(place / "set.tar", rows, "w")


def tar_gz_file(place: Path, rows: Rows) -> str:
    return _tar(place / "set.tar.gz", rows, "w:gz")


def tar_xz_file(place: Path, rows: Rows) -> str:
    return f"archive:{_tar(place / 'set.txz', rows, 'w:xz')}"


def tfds_folder(place: Path, rows: Rows) -> str:
    tfds = pytest.importorskip("tensorflow_datasets")
    kinds = tfds.features
    features = kinds.FeaturesDict({"image": kinds.Image(), "label": kinds.ClassLabel(names=list(CLASSES))})
    tfds.dataset_builders.store_as_tfds_dataset(
        name="set",
        version="1.0.0",
        features=features,
        split_datasets={
            split: [
                (number, {"image": io.BytesIO(path.read_bytes()), "label": label})
                for number, (own, label, path) in enumerate(rows)
                if own == split
            ]
            for split in SPLITS
        },
        data_dir=place,
        disable_shuffling=True,
    )
    return f"tfds:{place}/set/1.0.0"


FORMS: tuple[Write, ...] = (
    folder, csv_file, jsonl_file, parquet_file, saved_splits, hub_files, zip_file, tar_file, tar_gz_file, tar_xz_file,
    tfds_folder,
)  # fmt: skip


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    root = tmp_path_factory.mktemp("birds")
    found = []
    for split, count in SPLITS.items():
        for label in CLASSES:
            for number in range(count):
                path = root / split / label / f"{number}{ENDINGS[number % len(ENDINGS)]}"
                found.append((split, label, picture(path)))
    return found


@pytest.fixture(scope="module")
def expected(rows: Rows) -> dict[str, tuple[str, str, bytes]]:
    loaded = load(f"folder:{rows[0][2].parents[2]}")
    assert len(loaded) == len(rows) == len(set(loaded.content_hashes))
    return described(loaded)


def load(source: str) -> Examples:
    columns = {"image_column": "picture", "label_column": "species"}
    is_table = source.startswith(("csv:", "jsonl:", "parquet:"))
    return load_examples(DataConfig.model_validate({"source": source, **(columns if is_table else {})}), seed=0)


def described(examples: Examples) -> dict[str, tuple[str, str, bytes]]:
    """By content: class, split, and the pixels that come out of tf.data."""
    import tensorflow as tf

    from ftsuite.data.image_decode import decode_dataset_element

    elements = tf.data.Dataset.from_tensor_slices((list(examples.inputs), examples.decoders))
    pixels = elements.map(decode_dataset_element).as_numpy_iterator()
    assert examples.splits is not None
    columns = zip(examples.content_hashes, examples.labels.tolist(), examples.splits.tolist(), pixels, strict=True)
    return {content: (examples.class_names[label], split, image.tobytes()) for content, label, split, image in columns}


@pytest.mark.parametrize("write", FORMS)
def test_every_form_gives_the_same_examples(
    write: Write,
    rows: Rows,
    expected: dict[str, tuple[str, str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    loaded = load(write(tmp_path / "set", rows))
    assert loaded.class_names == CLASSES
    assert loaded.kind == "image-file"
    assert described(loaded) == expected
    assert len(set(loaded.ids)) == len(rows)


def csv_texts(place: Path, rows: list[tuple[str, str]]) -> str:
    with open(place / "set.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return f"csv:{place}/set.csv"


def jsonl_texts(place: Path, rows: list[tuple[str, str]]) -> str:
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (place / "set.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return f"jsonl:{place}/set.jsonl"


def parquet_texts(place: Path, rows: list[tuple[str, str]]) -> str:
    pq.write_table(
        pa.Table.from_pylist([{"text": text, "label": label} for text, label in rows]), place / "set.parquet"
    )
    return f"parquet:{place}/set.parquet"


def saved_texts(place: Path, rows: list[tuple[str, str]]) -> str:
    features = {"text": TEXT, "label": classes("neg", "pos")}
    table = table_of([{"text": text, "label": int(label == "pos")} for text, label in rows], features)
    return f"huggingface:{save_dataset(place / 'saved', table, files=3)}"


def hub_texts(place: Path, rows: list[tuple[str, str]]) -> str:
    table = table_of([{"text": text, "label": label} for text, label in rows], {"text": TEXT, "label": TEXT})
    return f"huggingface:{save_hub_files(place / 'hub', {'train': table})}"


@pytest.mark.parametrize("write", [jsonl_texts, parquet_texts, saved_texts, hub_texts])
def test_every_form_gives_the_same_texts(write: Callable[[Path, list[tuple[str, str]]], str], tmp_path: Path) -> None:
    rows = [
        (f'a film, "number {number}"\nwith ünïcode {number}', "pos" if number % 3 else "neg") for number in range(7)
    ]
    first, second = (load_examples(DataConfig(source=one(tmp_path, rows)), seed=0) for one in (csv_texts, write))
    for name in ("ids", "inputs", "class_names", "content_hashes", "kind"):
        assert getattr(first, name) == getattr(second, name)
    assert first.labels.tolist() == second.labels.tolist()
