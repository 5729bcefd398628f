from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.image_options import ImageOptions
from ftsuite.data.kept_pictures import DRAWN, KeptPictures
from ftsuite.data.training_pictures import TrainingPictures
from ftsuite.errors import ConfigError, DataError, ResourceError
from ftsuite.runs import decoded_pictures
from ftsuite.runs.decoded_pictures import PicturesOnDisk, plan_pictures, write_pictures
from tests.found_pictures import picture

pytestmark = pytest.mark.filterwarnings("default")  # TensorFlow's import warns of its own affairs

Plan = tuple[PicturesOnDisk | None, tuple[str, ...]]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FTSUITE_PICTURES_GIB", raising=False)
    yield


@pytest.fixture
def files(tmp_path: Path) -> Examples:
    paths = tuple(str(picture(tmp_path / "in" / f"{n}.{end}")) for n in range(4) for end in ("jpg", "png", "gif"))
    decoders = np.array([path.endswith("gif") for path in paths], np.uint8)
    return Examples(paths, paths, np.zeros(12, np.int64), ("a",), paths, "image-file", decoders=decoders)


def drawn() -> Examples:
    inputs = tuple(f"field-guide:0:train/northern-cardinal/{n:05d}" for n in range(3))
    return Examples(inputs, inputs, np.zeros(3, np.int64), ("a",), inputs, "field-guide")


def plan_of(examples: Examples, mode: str, task: Any) -> Plan:
    config: Any = SimpleNamespace(data=SimpleNamespace(cache=mode))
    return plan_pictures(task, {"train": examples}, config)


def new_task(crops: bool = True) -> tuple[Any, TrainingPictures | None]:
    kept = KeptPictures()
    return SimpleNamespace(kept_pictures=kept), TrainingPictures(16, ImageOptions().augment, kept) if crops else None


def made(reader: TrainingPictures, examples: Examples) -> np.ndarray:
    keys = np.stack([np.zeros(len(examples)), np.arange(len(examples))], axis=1).astype(np.int32)
    decoders = examples.decoders if examples.decoders is not None else np.zeros(len(examples), np.uint8)
    return reader([source.encode() for source in examples.inputs], decoders, keys)


def test_photos_that_fit_are_kept_in_memory_and_others_are_not(
    files: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, reader = new_task()
    assert reader is not None
    plan, notes = plan_of(files, "auto", task)
    assert plan is None
    assert notes == ("Decoded training pictures are kept in memory: about 1 MB.",)
    plain = made(new_task()[1], files)  # type: ignore[arg-type]
    np.testing.assert_array_equal(made(reader, files), plain)
    assert task.kept_pictures.size_bytes == 12 * 20 * 24 * 3

    monkeypatch.setattr(decoded_pictures, "available_memory_bytes", lambda: 20_000)
    task, reader = new_task()
    _, notes = plan_of(files, "auto", task)
    assert "made anew each epoch" in notes[0]
    assert task.kept_pictures.limit_bytes == 0
    task, reader = new_task()
    _, notes = plan_of(files, "memory", task)
    assert "as many as" in notes[0]
    assert reader is not None
    np.testing.assert_array_equal(made(reader, files), plain)
    assert 0 < task.kept_pictures.size_bytes <= 10_000


@pytest.mark.parametrize("kind", ["files", "drawn"])
def test_pictures_on_the_disk_are_made_once_for_all_runs(
    files: Examples, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = files if kind == "files" else drawn()
    plain = made(new_task()[1], examples)  # type: ignore[arg-type]
    done: list[int] = []
    for _ in range(2):
        task, reader = new_task()
        assert reader is not None
        plan, notes = plan_of(examples, "disk" if kind == "files" else "auto", task)
        assert plan is not None and "on the disk" in notes[0]
        write_pictures(task, plan, lambda event: None, lambda label, count, total: done.append(count))
        assert len(done) == len(examples)
        with monkeypatch.context() as patched:
            if kind == "files":
                patched.setattr("ftsuite.data.training_pictures.open_picture", None)  # nothing is decoded any more
            else:
                assert task.kept_pictures.find(examples.inputs[2], DRAWN) is not None
            np.testing.assert_array_equal(made(reader, examples), plain)


def test_a_run_that_dies_while_it_writes_leaves_nothing_torn(files: Examples) -> None:
    def die(label: str, count: int, total: int) -> None:
        if count == 5:
            raise KeyboardInterrupt

    task, reader = new_task()
    assert reader is not None
    plan, _ = plan_of(files, "disk", task)
    with pytest.raises(KeyboardInterrupt):
        write_pictures(task, plan, lambda event: None, die)
    assert decoded_pictures.pictures_folder().size_bytes() == 0
    write_pictures(task, plan, lambda event: None)
    np.testing.assert_array_equal(made(reader, files), made(new_task()[1], files))  # type: ignore[arg-type]


def test_a_picture_that_is_gone_when_it_is_to_be_written_is_named(files: Examples) -> None:
    task, _ = new_task()
    plan, _ = plan_of(files, "disk", task)
    Path(files.inputs[7]).unlink()
    with pytest.raises(DataError, match=r"2\.png: does not exist"):
        write_pictures(task, plan, lambda event: None)


def test_without_room_drawn_pictures_are_drawn_anew_and_what_was_asked_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[dict[str, Any]] = []
    for mode in ("auto", "disk"):
        task, reader = new_task()
        assert reader is not None
        plan, _ = plan_of(drawn(), mode, task)
        monkeypatch.setenv("FTSUITE_PICTURES_GIB", "0.0001")
        if mode == "disk":
            with pytest.raises(ResourceError):
                write_pictures(task, plan, told.append)
        else:
            write_pictures(task, plan, told.append)
            assert "not kept on the disk" in told[0]["message"]
            assert made(reader, drawn()).shape == (3, 16, 16, 3)
        monkeypatch.delenv("FTSUITE_PICTURES_GIB")


@pytest.mark.parametrize("limit", ["0", "much", "-1", "nan"])
def test_a_limit_that_is_no_number_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_PICTURES_GIB", limit)
    with pytest.raises(ConfigError, match="FTSUITE_PICTURES_GIB"):
        plan_of(drawn(), "auto", new_task()[0])


def test_texts_and_training_without_crops_keep_nothing(files: Examples) -> None:
    texts: Callable[[str], Plan] = lambda mode: plan_of(files, mode, SimpleNamespace(kept_pictures=None))  # noqa: E731
    assert texts("auto") == texts("off") == (None, ())
    with pytest.raises(ConfigError, match=r"data\.cache must be auto or off .* Received: disk\."):
        texts("disk")
    task, _ = new_task(crops=False)
    assert plan_of(files, "auto", task) == (None, ())
    assert "only those that random crops" in plan_of(files, "memory", task)[1][0]
    assert plan_of(files, "off", new_task()[0]) == (None, ())
