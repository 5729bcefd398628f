"""Features of examples by a frozen backbone: what they are, and what must not stop an audit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from ftsuite.api import Examples
from ftsuite.config import load_config
from ftsuite.data.sources import load_examples
from ftsuite.errors import ArtifactError, ConfigError, DataError, ResourceError
from ftsuite.registry import Registry
from ftsuite.runs.audit_features import audit_features
from tests.tiny import save_pictures, save_reviews, save_tiny_preset, save_tiny_text_preset

IMAGES = """
task: image-classification
data: {{source: "folder:{data}"}}
backbone: {{name: "{preset}"}}
options: {{image_size: 32, augment: [{{name: flip}}]}}
"""
TEXTS = """
task: sentiment
data: {{source: "csv:{data}"}}
backbone: {{name: "{preset}"}}
options: {{max_length: 12}}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTSUITE_HOME", str(tmp_path / "home"))


def configured(folder: Path, text: str, data: Path, preset: Path, *overrides: str) -> tuple[Any, Examples]:
    path = folder / "job.yaml"
    path.write_text(text.format(data=data, preset=preset), encoding="utf-8")
    loaded = load_config(str(path), list(overrides), options_model=Registry.discover().options_model)
    return loaded, load_examples(loaded.config.data, 0)


@pytest.fixture(scope="module")
def image_preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_preset(tmp_path_factory.mktemp("vision") / "preset")


@pytest.fixture(scope="module")
def text_preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_text_preset(tmp_path_factory.mktemp("text") / "preset", layers=3)


def test_pictures(tmp_path: Path, image_preset: Path) -> None:
    data = save_pictures(tmp_path / "data", per_class=3)
    # A class of one picture, and another that is a copy.
    (data / "lone").mkdir()
    PIL.Image.new("RGB", (50, 30), (10, 200, 30)).save(data / "lone" / "only.png")
    (data / "crow" / "copy.png").write_bytes((data / "crow" / "000.png").read_bytes())
    loaded, examples = configured(tmp_path, IMAGES, data, image_preset)
    told: list[tuple[str, int, int]] = []
    features = audit_features(loaded, examples, lambda *state: told.append(state))
    assert features.shape[0] == len(examples) == 14
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert told[-1] == ("features", 13, 13)
    at = {name: number for number, name in enumerate(examples.ids)}
    assert (features[at["crow/copy.png"]] == features[at["crow/000.png"]]).all()
    assert (features[at["crow/001.png"]] != features[at["crow/000.png"]]).any()
    # Neither order nor batch mates change what an example's features are, nor whether they were kept.
    backwards = examples.take(range(len(examples) - 1, -1, -1))
    assert (audit_features(loaded, backwards)[::-1] == features).all()
    assert len([path for path in (tmp_path / "home" / "activations").iterdir() if not path.name.startswith(".")]) == 1


def test_a_picture_that_went_bad_is_named(tmp_path: Path, image_preset: Path) -> None:
    data = save_pictures(tmp_path / "data", per_class=2)
    loaded, examples = configured(tmp_path, IMAGES, data, image_preset)
    (data / "crow" / "001.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"001\.png"):
        audit_features(loaded, examples)


@pytest.mark.slow
def test_texts_give_the_averages_of_their_layers(tmp_path: Path, text_preset: Path) -> None:
    data = save_reviews(tmp_path / "reviews.csv", 30)
    loaded, examples = configured(tmp_path, TEXTS, data, text_preset)
    features = audit_features(loaded, examples)
    assert features.shape == (30, 3 * 16)
    assert len(np.unique(features.round(4), axis=0)) == 30
    windowed, _ = configured(tmp_path, TEXTS, data, text_preset, "options.long_texts=windows")
    windows = audit_features(windowed, examples)
    assert windows.shape == features.shape
    short = [number for number, text in enumerate(examples.inputs) if len(text.split()) <= 5]
    assert short
    assert windows[short] == pytest.approx(features[short], abs=1e-4)


def test_pictures_for_a_task_of_texts(tmp_path: Path, text_preset: Path) -> None:
    loaded, examples = configured(tmp_path, TEXTS, save_reviews(tmp_path / "reviews.csv", 10), text_preset)
    wrong = Examples(examples.ids, examples.inputs, examples.labels, examples.class_names, examples.content_hashes,
                     "image-file")  # fmt: skip
    with pytest.raises(ConfigError, match="must give texts"):
        audit_features(loaded, wrong)


def test_weights_that_are_not_to_be_had(tmp_path: Path, image_preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = save_pictures(tmp_path / "data", per_class=2)
    loaded, examples = configured(tmp_path, IMAGES, data, image_preset, "backbone.name=efficientnet_lite0_imagenet")

    def unreachable(*arguments: Any, **named: Any) -> Path:
        raise ResourceError("The weights should be here or to be had. Received: no network.", "Fetch them elsewhere.")

    monkeypatch.setattr("ftsuite.assets.ensure", unreachable)
    with pytest.raises(ResourceError, match="no network"):
        audit_features(loaded, examples)


def test_numbers_that_are_not_finite_are_named(
    tmp_path: Path, image_preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = save_pictures(tmp_path / "data", per_class=1)
    loaded, examples = configured(tmp_path, IMAGES, data, image_preset)

    def overflown(self: Any, inputs: Any) -> np.ndarray:
        return np.full((len(inputs), self.width), np.inf, np.float32)

    monkeypatch.setattr("ftsuite.models.example_features.FeatureExtractor.__call__", overflown)
    with pytest.raises(ArtifactError, match=r"blue jay/000\.png"):
        audit_features(loaded, examples)
