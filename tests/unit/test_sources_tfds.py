from __future__ import annotations

import hashlib
import http.server
import io
import shutil
import socket
import tarfile
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ftsuite.api import Examples
from ftsuite.config import DataConfig
from ftsuite.data.sources import load_examples
from ftsuite.errors import ArtifactError, ConfigError, DataError, ResourceError
from tests.found_pictures import note_with

# TensorFlow and its data sets warn of their own affairs.
pytestmark = pytest.mark.filterwarnings("default")
tfds = pytest.importorskip("tensorflow_datasets")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    (tmp_path / "prepared").mkdir()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> bool:
        return False

    monkeypatch.setattr("ftsuite.data.sources.tfds_prepare.reachable", refuse)


def load(name: str, tmp_path: Path, **settings: Any) -> Examples:
    section = {"source": f"tfds:{name}", "data_dir": str(tmp_path / "prepared"), **settings}
    return load_examples(DataConfig.model_validate(section), seed=0)


def jpeg(seed: int, size: int = 24) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size + 4, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


SPECIES = ("001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross")


def write_archive(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def write_birds(folder: Path) -> dict[str, Any]:
    """The two archives of CUB-200-2011 as published, with 12 pictures; and their published sums."""
    folder.mkdir(exist_ok=True)
    images, masks, lists = {}, {}, {"images": "", "train_test_split": "", "bounding_boxes": ""}
    for index in range(12):
        species = SPECIES[index % 3]
        name = f"{species[4:]}_{index:04d}_{7000 + index}"
        images[f"CUB_200_2011/images/{species}/{name}.jpg"] = jpeg(index)
        buffer = io.BytesIO()
        Image.new("L", (28, 24), 255).save(buffer, "PNG")
        masks[f"segmentations/{species}/{name}.png"] = buffer.getvalue()
        lists["images"] += f"{index + 1} {species}/{name}.jpg\n"
        lists["train_test_split"] += f"{index + 1} {int(index < 6)}\n"
        lists["bounding_boxes"] += f"{index + 1} 1.0 2.0 20.0 18.0\n"
    texts = {f"CUB_200_2011/{name}.txt": text.encode() for name, text in lists.items()}
    write_archive(folder / "CUB_200_2011.tgz", {**texts, **images})
    write_archive(folder / "segmentations.tgz", masks)
    return published(folder)


def published(folder: Path) -> dict[str, Any]:
    from tensorflow_datasets.core.download import checksums
    from tensorflow_datasets.image_classification import caltech_birds

    sums = {}
    for url in caltech_birds.CaltechBirds2011.url_infos:
        if "drive.google" not in url:
            name = url.rpartition("/")[2].partition("?")[0]
            content = (folder / name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            sums[url] = checksums.UrlInfo(size=len(content), checksum=digest, filename=name)
    return sums


@pytest.fixture
def manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tensorflow_datasets.image_classification import caltech_birds

    folder = tmp_path / "manual"
    monkeypatch.setattr(caltech_birds.CaltechBirds2011, "url_infos", write_birds(folder))
    return folder


@pytest.mark.usefixtures("no_network")
def test_birds_are_built_from_archives_without_a_network(tmp_path: Path, manual: Path) -> None:
    examples = load("caltech_birds2011", tmp_path, manual_dir=str(manual))
    assert len(examples) == 12
    assert examples.class_names == ("black_footed_albatross", "laysan_albatross", "sooty_albatross")
    assert examples.splits is not None
    assert examples.splits.tolist() == ["train"] * 6 + ["test"] * 6
    assert (examples.kind, examples.ids[0]) == ("image-file", "train/000000")
    assert examples.decoders is not None
    assert not examples.decoders.any()
    originals = {hashlib.sha256(jpeg(index)).hexdigest(): index for index in range(12)}
    for path, content, label in zip(examples.inputs, examples.content_hashes, examples.labels, strict=True):
        assert Path(path).is_relative_to(tmp_path / "home" / "tfds" / "caltech_birds2011")
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == content
        assert originals[content] % 3 == label


@pytest.mark.usefixtures("no_network")
def test_prepared_birds_need_neither_archives_nor_network(tmp_path: Path, manual: Path) -> None:
    first = load("caltech_birds2011", tmp_path, manual_dir=str(manual))
    for path in manual.iterdir():
        path.unlink()
    again = load("caltech_birds2011:0.2.0", tmp_path)
    assert again.ids == first.ids
    assert again.content_hashes == first.content_hashes
    Path(first.inputs[3]).unlink()
    mended = load("caltech_birds2011", tmp_path)
    assert Path(first.inputs[3]).is_file()
    assert "written anew" in note_with(mended, "incomplete")
    assert not list((tmp_path / "home").rglob("*.partial"))


@pytest.mark.usefixtures("no_network")
def test_archives_that_are_not_the_published_ones(tmp_path: Path, manual: Path) -> None:
    content = (manual / "segmentations.tgz").read_bytes()
    (manual / "segmentations.tgz").write_bytes(content[:-10])
    with pytest.raises(ArtifactError, match=f"of {len(content):,} bytes. Received: {len(content) - 10:,}"):
        load("caltech_birds2011", tmp_path, manual_dir=str(manual))
    (manual / "segmentations.tgz").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArtifactError, match="published archives"):
        load("caltech_birds2011", tmp_path, manual_dir=str(manual))


@pytest.mark.usefixtures("no_network")
def test_no_network_says_within_seconds_what_to_put_where(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ResourceError) as caught:
        load("caltech_birds2011", tmp_path)
    assert time.monotonic() - start < 10
    for words in (
        "CUB_200_2011.tgz",
        "segmentations.tgz",
        "1,097.3 MiB",
        "data.manual_dir",
        "data.data_dir",
        "sha256",
    ):
        assert words in caught.value.advice
    (tmp_path / "half").mkdir()
    with pytest.raises(ResourceError) as caught:
        load("caltech_birds2011", tmp_path, manual_dir=str(tmp_path / "half"))
    assert str(tmp_path / "half") in caught.value.advice


def test_a_network_that_swallows_everything_costs_its_time_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ftsuite.data.sources.tfds_prepare import reachable

    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        start = time.monotonic()
        assert not reachable([f"{address}{index}" for index in range(3)], 0.4)
        assert time.monotonic() - start < 3
    assert not reachable([address], 2.0)
    assert reachable([])


def test_any_answer_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from ftsuite.data.sources.tfds_prepare import reachable

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    with http.server.HTTPServer(("127.0.0.1", 0), Refuses) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert reachable(["http://unknown.invalid/", f"http://127.0.0.1:{server.server_port}/a.tgz"], 5.0)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("caltech_bird2011", "nearest are caltech_birds2011"),
        ("caltech_birds2011:9.9.9", "cannot be loaded at version 9.9.9, only: 0.2.0"),
        ("caltech_birds2011:new", "NAME:VERSION"),
        ("huggingface:mnist", "NAME:VERSION"),
        ("birds/../x", "NAME:VERSION"),
    ],
)
def test_names_that_are_none(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(name, tmp_path)


@pytest.mark.parametrize("key", ["data_dir", "manual_dir"])
def test_folders_that_are_not_there(tmp_path: Path, key: str) -> None:
    with pytest.raises(DataError, match=key):
        load("caltech_birds2011", tmp_path, **{key: str(tmp_path / "nowhere")})


class FtsuiteSquares(tfds.core.GeneratorBasedBuilder):
    """Twelve PNG squares of two named classes, one of them of a mode that Pillow must read."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(shape=(None, None, 3)),
                "label": tfds.features.ClassLabel(names=["red", "blue"]),
            }
        )
        return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("image", "label"))

    def _split_generators(self, _: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(8),
            "validation": self._generate_examples(4),
            "extra": self._generate_examples(2),
        }

    def _generate_examples(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for index in range(count):
            yield index, {"image": np.full((8, 9, 3), count * 10 + index, np.uint8), "label": index % 2}


class FtsuiteLines(tfds.core.GeneratorBasedBuilder):
    """Six texts."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        features = tfds.features.FeaturesDict(
            {"text": tfds.features.Text(), "label": tfds.features.ClassLabel(names=["neg", "pos"])}
        )
        return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=("text", "label"))

    def _split_generators(self, _: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(4), "test": self._generate_examples(2)}

    def _generate_examples(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for index in range(count):
            yield index, {"text": f"größer {count} {index}", "label": index % 2}


class FtsuiteNumbers(tfds.core.GeneratorBasedBuilder):
    """Neither pictures nor texts."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict({"x": np.int64, "y": np.int64}))

    def _split_generators(self, _: Any) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        yield 0, {"x": 1, "y": 2}


def test_arrays_become_files_and_other_splits_are_left_out(tmp_path: Path) -> None:
    examples = load("ftsuite_squares", tmp_path)
    assert examples.class_names == ("red", "blue")
    assert examples.splits is not None
    assert examples.splits.tolist() == ["train"] * 8 + ["validation"] * 4
    assert "extra" in note_with(examples, "Left out the tfds splits")
    for path in examples.inputs:
        with Image.open(path) as image:
            assert (image.format, image.size) == ("PNG", (9, 8))


def test_texts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    examples = load("ftsuite_lines", tmp_path)
    assert capfd.readouterr().out == ""  # standard output belongs to the command, and may be JSON
    assert examples.kind == "text"
    assert sorted(examples.inputs)[0] == "größer 2 0"
    assert examples.class_names == ("neg", "pos")
    assert len(set(examples.ids)) == 6
    assert not (tmp_path / "home" / "tfds").exists()


def test_neither_pictures_nor_texts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"one label for each picture or text.*x, y"):
        load("ftsuite_numbers", tmp_path)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    load("ftsuite_squares", tmp_path)
    shutil.rmtree(tmp_path / "home")
    monkeypatch.setattr("ftsuite.data.sources.tfds_cache.shutil.disk_usage", lambda _: usage(1, 1, 0))
    with pytest.raises(ResourceError, match="Received: 0 MiB free") as caught:
        load("ftsuite_squares", tmp_path)
    assert "FTSUITE_HOME" in caught.value.advice


@pytest.mark.usefixtures("no_network")
def test_the_shipped_config_of_all_birds(tmp_path: Path, manual: Path) -> None:
    from ftsuite.config import load_config
    from ftsuite.data.splits import split_examples

    overrides = [f"data.data_dir={tmp_path / 'prepared'}", f"data.manual_dir={manual}"]
    loaded = load_config("bird-species-cub200", overrides)
    data = loaded.config.data
    examples = load_examples(data, loaded.config.seed)
    splits = split_examples(
        examples, validation_fraction=data.validation_fraction, test_fraction=data.test_fraction, seed=0
    )
    assert splits.tolist().count("test") == 6
    assert set(splits[:6].tolist()) == {"train", "validation"}


def prepare_folder(place: Path, splits: dict[str, int], **features: Any) -> Path:
    kinds = tfds.features
    chosen = features or {"image": kinds.Image(), "label": kinds.ClassLabel(names=["zebra", "cat"])}
    rows = {
        split: [(number, {"image": io.BytesIO(jpeg(number)), "label": number % 2}) for number in range(count)]
        for split, count in splits.items()
    }
    tfds.dataset_builders.store_as_tfds_dataset(
        name="own", version="1.0.0", features=kinds.FeaturesDict(chosen), split_datasets=rows, data_dir=place,
        disable_shuffling=True,
    )  # fmt: skip
    return place / "own" / "1.0.0"


def load_folder(path: Path | str, **settings: Any) -> Examples:
    return load_examples(DataConfig.model_validate({"source": f"tfds:{path}", **settings}), seed=0)


def test_a_prepared_folder_is_read_without_its_builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("no network"))
    folder = prepare_folder(tmp_path / "data", {"train": 5, "validation": 2, "test": 2})
    loaded = load_folder(folder)
    assert loaded.class_names == ("zebra", "cat")
    assert loaded.splits is not None
    assert loaded.splits.tolist() == ["train"] * 5 + ["validation"] * 2 + ["test"] * 2
    assert loaded.content_hashes[1] == hashlib.sha256(jpeg(1)).hexdigest()
    monkeypatch.chdir(tmp_path)
    for written in ("./data", "./data/own", "./data/own/1.0.0"):
        assert load_folder(written).content_hashes == loaded.content_hashes
    assert load_examples(DataConfig(source=str(folder)), seed=0).ids == loaded.ids


def test_other_pictures_in_as_many_bytes_are_not_taken_for_the_old_ones(tmp_path: Path) -> None:
    first = load_folder(prepare_folder(tmp_path / "one", {"train": 2}))
    path = tmp_path / "one" / "own" / "1.0.0"
    shutil.copytree(path, tmp_path / "kept")
    info = (path / "dataset_info.json").read_bytes()
    shutil.rmtree(tmp_path / "one")
    monkey = prepare_folder(tmp_path / "one", {"train": 2, "test": 1})
    (monkey / "dataset_info.json").write_bytes(info)
    assert load_folder(monkey).content_hashes == first.content_hashes
    assert len(list((tmp_path / "home" / "tfds" / "own").glob("1.0.0-*[0-9a-f]"))) == 2


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "own-train.tfrecord-00000-of-00001"])
def test_prepared_folders_that_are_not_whole(tmp_path: Path, name: str) -> None:
    folder = prepare_folder(tmp_path / "data", {"train": 2})
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    with pytest.raises(DataError, match="Expected"):
        load_folder(folder)
    if name.endswith(".json"):
        (folder / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match="that tfds can read"):
            load_folder(folder)


def test_folders_that_are_not_clear(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "data", {"train": 2})
    shutil.copytree(folder, folder.with_name("2.0.0"))
    with pytest.raises(DataError, match=r"holds 2: 'own/1\.0\.0', 'own/2\.0\.0'") as caught:
        load_folder(tmp_path / "data")
    assert caught.value.advice.endswith("own/2.0.0.")
    with pytest.raises(ConfigError, match=r"data\.data_dir goes with tfds:NAME"):
        load_folder(folder, data_dir=str(tmp_path))
    with pytest.raises(DataError, match="that tfds prepared"):
        load_folder(tmp_path / "prepared")
    with pytest.raises(DataError, match="exists"):
        load_folder(tmp_path / "nowhere")
