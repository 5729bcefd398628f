"""One `backbone:` key for text encoders: every family's network, preset folders, saved folders, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras_hub
import numpy as np
import pytest

from ftsuite.errors import ArtifactError, ConfigError, ResourceError
from ftsuite.models.backbones import load_backbone
from ftsuite.models.exact_backbones import ExactBertBackbone
from ftsuite.models.text_backbones import FoundEncoder, LoadedTextBackbone, assemble, load_text_backbone
from ftsuite.models.text_encoder import TextEncoder
from ftsuite.models.text_families import text_presets
from ftsuite.models.text_folder import save_text_backbone
from tests.tiny import save_tiny_preset
from tests.unit.tiny_text import (
    FAMILIES,
    FAMILY_CASES,
    MAX_LENGTH,
    VOCABULARY,
    scatter,
    tiny_text_backbone,
    word_piece_tokenizer,
)

# Keras reads TensorFlow variables the way that numpy 2 warns of; it is right all the same.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TEXTS = ["The film was very good, and the plot was fun!", "dull", ""]


def hidden_states(backbone: LoadedTextBackbone, width: int | None = None) -> list[np.ndarray]:
    """Those of the real tokens of each text, the batch padded to a width."""
    encoder = TextEncoder(backbone.tokenizer, MAX_LENGTH)
    packed = encoder(TEXTS)
    more = (width or packed["token_ids"].shape[1]) - packed["token_ids"].shape[1]
    ids = np.pad(packed["token_ids"], ((0, 0), (0, more)), constant_values=backbone.tokenizer.padding_id)
    mask = np.pad(packed["padding_mask"], ((0, 0), (0, more)))
    hidden = np.asarray(backbone.model({"token_ids": ids, "padding_mask": mask}))
    assert hidden.shape[:2] == ids.shape
    return [row[keep] for row, keep in zip(hidden, mask, strict=True)]


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_the_width_of_the_padding_changes_nothing(family: str) -> None:
    backbone = tiny_text_backbone(family)
    narrow, wide = hidden_states(backbone), hidden_states(backbone, MAX_LENGTH)
    assert len(narrow[0]) == 14
    for first, second in zip(narrow, wide, strict=True):
        assert np.isfinite(first).all()
        np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.abs(narrow[0][:3] - narrow[1]).max() > 1e-2


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_hidden_states_are_those_of_keras_hub(family: str) -> None:
    backbone = tiny_text_backbone(family)
    packed = TextEncoder(backbone.tokenizer, MAX_LENGTH)(TEXTS)
    # F-Net reads its padding, so it is given all of it.
    more = MAX_LENGTH - packed["token_ids"].shape[1] if family == "f_net" else 0
    ids = np.pad(packed["token_ids"], ((0, 0), (0, more)))
    mask = np.pad(packed["padding_mask"], ((0, 0), (0, more))).astype("int32")
    inputs = {"token_ids": ids, "padding_mask": mask, "segment_ids": np.zeros_like(ids)}
    given = backbone.hub({name: inputs[name] for name in backbone.hub.input})
    expected = np.asarray(given["sequence_output"] if isinstance(given, dict) else given)
    keep = packed["padding_mask"][0].sum()
    np.testing.assert_allclose(hidden_states(backbone)[0], expected[0, :keep], atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_blocks_cover_the_model_and_end_with_its_last_layer(family: str) -> None:
    backbone = tiny_text_backbone(family)
    names = [block.name for block in backbone.blocks]
    assert names == ["embeddings", "transformer_layer_0", "transformer_layer_1"][: 2 if family == "albert" else 3]
    covered = [id(variable) for block in backbone.blocks for variable in block.variables]
    assert sorted(covered) == sorted(id(variable) for variable in backbone.model.weights)


@pytest.mark.parametrize("family", FAMILY_CASES)
def test_a_saved_encoder_comes_back_the_same(family: str, tmp_path: Path) -> None:
    backbone = tiny_text_backbone(family, "mean")
    folder = tmp_path / "encoder"
    save_text_backbone(backbone, folder)
    again = load_text_backbone(str(folder), pretrained=True)
    for first, second in zip(hidden_states(backbone), hidden_states(again), strict=True):
        np.testing.assert_array_equal(first, second)
    assert (again.pooling, again.max_length) == ("mean", backbone.max_length)
    assert [block.name for block in again.blocks] == [block.name for block in backbone.blocks]
    assert again.tokenizer.get_config() == backbone.tokenizer.get_config()
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]
    random = load_text_backbone(str(folder), pretrained=False)
    assert np.abs(hidden_states(random)[0] - hidden_states(again)[0]).max() > 1e-2
    assert not random.pretrained


def test_saving_replaces_its_own_folder_and_no_other(tmp_path: Path) -> None:
    first, second = tiny_text_backbone("bert"), tiny_text_backbone("bert")
    scatter(second.hub, seed=9)
    save_text_backbone(first, tmp_path / "encoder")
    save_text_backbone(second, tmp_path / "encoder")
    again = load_text_backbone(str(tmp_path / "encoder"), pretrained=True)
    np.testing.assert_array_equal(hidden_states(again)[0], hidden_states(second)[0])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(ConfigError, match="new or empty"):
        save_text_backbone(first, tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder", "mine"]


def save_task(folder: Path, task: str = "TextClassifier") -> Any:
    """A preset folder as a user saves one from keras-hub."""
    hub: Any = FAMILIES["bert"]()
    scatter(hub)
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=VOCABULARY, lowercase=True)
    if task == "TextClassifier":
        preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=16)
        keras_hub.models.BertTextClassifier(hub, num_classes=2, preprocessor=preprocessor).save_to_preset(str(folder))
    elif task == "MaskedLM":
        masked = keras_hub.models.BertMaskedLMPreprocessor(tokenizer, sequence_length=16)
        keras_hub.models.BertMaskedLM(hub, preprocessor=masked).save_to_preset(str(folder))
    else:
        hub.save_to_preset(str(folder))
        tokenizer.save_to_preset(str(folder))
    return hub


@pytest.mark.parametrize("task", ["TextClassifier", "MaskedLM", "Backbone"])
def test_preset_folders_of_keras_hub(task: str, tmp_path: Path) -> None:
    hub = save_task(tmp_path / "preset", task)
    backbone = load_text_backbone(str(tmp_path / "preset"), pretrained=True)
    expected = assemble("same", FoundEncoder(hub, word_piece_tokenizer(), "cls"), True)
    np.testing.assert_array_equal(hidden_states(backbone)[0], hidden_states(expected)[0])
    assert (backbone.pooling, backbone.max_length, backbone.pretrained) == ("cls", MAX_LENGTH, True)


def test_exact_activation_outlives_a_preset_folder(tmp_path: Path) -> None:
    native = FAMILIES["bert"]()
    scatter(native)
    exact = ExactBertBackbone.from_config(
        {**native.get_config(), "hidden_activation": "gelu", "layer_norm_epsilon": 1e-5}
    )
    exact.set_weights(native.get_weights())
    exact.save_to_preset(str(tmp_path / "exact"))
    again = keras_hub.models.Backbone.from_preset(str(tmp_path / "exact"))
    assert type(again) is ExactBertBackbone
    found = [FoundEncoder(hub, word_piece_tokenizer(), "cls") for hub in (exact, again, native)]
    first, second, other = (hidden_states(assemble("x", encoder, True))[0] for encoder in found)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-4


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(ConfigError, match="minilm_l6_en"):
        load_text_backbone("minilm_l6", pretrained=True)
    with pytest.raises(ConfigError, match="bert_tiny_en_uncased"):
        load_text_backbone("bert_tiny_en_uncase", pretrained=True)


def test_a_vision_backbone_is_told_for_what_it_is(tmp_path: Path) -> None:
    for name in ("efficientnet_lite0_imagenet", "vit_base_patch16_224_imagenet"):
        with pytest.raises(ConfigError, match="a vision backbone"):
            load_text_backbone(name, pretrained=True)
    with pytest.raises(ConfigError, match="text encoder"):
        load_text_backbone(str(save_tiny_preset(tmp_path / "vision")), pretrained=True)


def test_a_text_backbone_is_told_for_what_it_is(tmp_path: Path) -> None:
    save_task(tmp_path / "text")
    save_text_backbone(tiny_text_backbone("bert"), tmp_path / "saved")
    for name in ("minilm_l6_en", "roberta_base_en", str(tmp_path / "text"), str(tmp_path / "saved")):
        with pytest.raises(ConfigError, match="a text backbone"):
            load_backbone(name, pretrained=True)


def test_presets_of_every_family_are_known() -> None:
    names = text_presets()
    for name in (
        *("bert_tiny_en_uncased", "distil_bert_base_en_uncased", "roberta_base_en", "xlm_roberta_base_multi"),
        *("deberta_v3_small_en", "albert_base_en_uncased", "electra_small_discriminator_uncased_en", "f_net_base_en"),
    ):
        assert name in names
    assert "vit_base_patch16_224_imagenet" not in names


def test_a_hub_that_cannot_be_reached_is_a_lack_of_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(keras_hub.models.Backbone, "from_preset", refuse)
    with pytest.raises(ResourceError, match="no route to host"):
        load_text_backbone("bert_tiny_en_uncased", pretrained=True)


@pytest.mark.parametrize(
    "damage", ["no config", "bad config", "other config", "no weights", "torn weights", "no tokenizer"]
)
def test_a_damaged_preset_folder_is_told(damage: str, tmp_path: Path) -> None:
    folder = tmp_path / "preset"
    save_task(folder, "Backbone")
    if damage == "no config":
        (folder / "config.json").unlink()
    elif damage == "bad config":
        (folder / "config.json").write_text("{")
    elif damage == "other config":
        (folder / "config.json").write_text('{"answer": 42}')
    elif damage == "no weights":
        (folder / "model.weights.h5").unlink()
    elif damage == "torn weights":
        content = (folder / "model.weights.h5").read_bytes()
        (folder / "model.weights.h5").write_bytes(content[: len(content) // 2])
    else:
        (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtifactError, match="preset"):
        load_text_backbone(str(folder), pretrained=True)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 99}'])
def test_a_damaged_saved_folder_is_told(content: str, tmp_path: Path) -> None:
    save_text_backbone(tiny_text_backbone("bert"), tmp_path / "encoder")
    (tmp_path / "encoder" / "text_encoder.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"text_encoder\.json"):
        load_text_backbone(str(tmp_path / "encoder"), pretrained=True)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    save_text_backbone(tiny_text_backbone("bert"), tmp_path / "encoder")
    path = tmp_path / "encoder" / "text_encoder.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["tokenizer"]["assets"]["vocabulary"] += ["more", "words"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ArtifactError, match="no more tokens"):
        load_text_backbone(str(tmp_path / "encoder"), pretrained=True)
