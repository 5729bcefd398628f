"""Local Hugging Face folders, against the architecture written out in NumPy from the papers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from ftsuite.errors import ArtifactError, ConfigError
from ftsuite.models.text_backbones import load_text_backbone
from tests.unit.tiny_text import VOCABULARY

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

WIDTH, HEADS, INNER, LAYERS, POSITIONS = 8, 2, 16, 2, 20
IDS = np.array([[2, 5, 7, 9, 3, 0, 0], [2, 5, 3, 0, 0, 0, 0], [2, 6, 8, 10, 12, 14, 3]], dtype=np.int32)
MASK = IDS != 0
BERT: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": len(VOCABULARY),
    "hidden_size": WIDTH,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
}
ROBERTA = {**BERT, "model_type": "roberta", "type_vocab_size": 1, "layer_norm_eps": 1e-5}
DISTIL_BERT: dict[str, Any] = {
    "model_type": "distilbert",
    "vocab_size": len(VOCABULARY),
    "dim": WIDTH,
    "n_heads": HEADS,
    "n_layers": LAYERS,
    "hidden_dim": INNER,
    "max_position_embeddings": POSITIONS,
    "activation": "gelu",
    "dropout": 0.1,
}


def tensors(config: dict[str, Any], prefix: str = "", pooler: bool = True) -> dict[str, np.ndarray]:
    """Random weights under the names that BERT and RoBERTa have in Hugging Face's library."""
    rng = np.random.default_rng(4)
    made: dict[str, np.ndarray] = {}

    def make(name: str, *shape: int) -> None:
        made[prefix + name] = rng.normal(0, 0.5, shape).astype(np.float32)

    make("embeddings.word_embeddings.weight", len(VOCABULARY), WIDTH)
    make("embeddings.position_embeddings.weight", POSITIONS, WIDTH)
    make("embeddings.token_type_embeddings.weight", config["type_vocab_size"], WIDTH)
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        base = f"encoder.layer.{layer}."
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            make(f"{base}{part}.weight", WIDTH, WIDTH)
            make(f"{base}{part}.bias", WIDTH)
        make(f"{base}intermediate.dense.weight", INNER, WIDTH)
        make(f"{base}intermediate.dense.bias", INNER)
        make(f"{base}output.dense.weight", WIDTH, INNER)
        make(f"{base}output.dense.bias", WIDTH)
        norms += [f"{base}attention.output.LayerNorm", f"{base}output.LayerNorm"]
    for norm in norms:
        make(f"{norm}.weight", WIDTH)
        make(f"{norm}.bias", WIDTH)
    if pooler:
        make("pooler.dense.weight", WIDTH, WIDTH)
        make("pooler.dense.bias", WIDTH)
    return made


def forward(weights: dict[str, np.ndarray], config: dict[str, Any], offset: int = 0) -> np.ndarray:
    """Hidden states ``(batch, width, channels)`` of IDS, by the definition."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def heads(x: np.ndarray) -> np.ndarray:
        return x.reshape(*x.shape[:2], HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    positions = weights["embeddings.position_embeddings.weight"][offset : offset + IDS.shape[1]]
    x = weights["embeddings.word_embeddings.weight"][IDS] + positions
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        base = f"encoder.layer.{layer}."
        query, key, value = (heads(dense(x, f"{base}attention.self.{n}")) for n in ("query", "key", "value"))
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(WIDTH // HEADS)
        scores = np.where(MASK[:, None, None, :], scores, -1e9)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True)) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        x = norm(x + dense(mixed, f"{base}attention.output.dense"), f"{base}attention.output.LayerNorm")
        inner = activation(dense(x, f"{base}intermediate.dense"), config["hidden_act"])
        x = norm(x + dense(inner, f"{base}output.dense"), f"{base}output.LayerNorm")
    return x


def activation(x: np.ndarray, name: str) -> np.ndarray:
    if name == "gelu":
        return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    if name == "gelu_new":
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    return np.maximum(x, 0)


def write(folder: Path, config: dict[str, Any], weights: dict[str, np.ndarray]) -> str:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    safetensors.numpy.save_file(weights, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    return str(folder)


def states(name: str) -> np.ndarray:
    backbone = load_text_backbone(name, pretrained=True)
    return np.asarray(backbone.model({"token_ids": IDS, "padding_mask": MASK}))[MASK]


@pytest.mark.parametrize("act", ["gelu", "gelu_new", "relu"])
@pytest.mark.parametrize("epsilon", [1e-12, 1e-2])
def test_bert_is_computed_as_its_config_says(act: str, epsilon: float, tmp_path: Path) -> None:
    config = {**BERT, "hidden_act": act, "layer_norm_eps": epsilon}
    weights = tensors(config)
    name = write(tmp_path / "bert", config, weights)
    np.testing.assert_allclose(states(name), forward(weights, config)[MASK], atol=2e-5)


@pytest.mark.parametrize("model_type", ["roberta", "xlm-roberta"])
@pytest.mark.parametrize(("act", "prefix"), [("gelu", "roberta."), ("gelu_new", "")])
def test_roberta_skips_two_positions(model_type: str, act: str, prefix: str, tmp_path: Path) -> None:
    config = {**ROBERTA, "model_type": model_type, "hidden_act": act}
    name = write(tmp_path / "roberta", config, tensors(config, prefix, pooler=False))
    backbone = load_text_backbone(name, pretrained=True)
    assert (backbone.max_length, backbone.pooling) == (POSITIONS - 2, "cls")
    expected = forward(tensors(config, pooler=False), config, offset=2)
    np.testing.assert_allclose(states(name), expected[MASK], atol=2e-5)


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_checkpoint_without_a_pooler_is_read(prefix: str, tmp_path: Path) -> None:
    name = write(tmp_path / "bert", BERT, tensors(BERT, prefix, pooler=False))
    np.testing.assert_allclose(states(name), forward(tensors(BERT, pooler=False), BERT)[MASK], atol=2e-5)


def test_weights_in_several_files(tmp_path: Path) -> None:
    weights = tensors(BERT, pooler=False)
    name = write(tmp_path / "bert", BERT, {})
    (tmp_path / "bert" / "model.safetensors").unlink()
    index = {key: f"part-{number % 2}.safetensors" for number, key in enumerate(weights)}
    for file in set(index.values()):
        part = {key: value for key, value in weights.items() if index[key] == file}
        safetensors.numpy.save_file(part, tmp_path / "bert" / file)
    (tmp_path / "bert" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    np.testing.assert_allclose(states(name), forward(weights, BERT)[MASK], atol=2e-5)


@pytest.mark.parametrize("prefix", ["", "distilbert."])
def test_distil_bert(prefix: str, tmp_path: Path) -> None:
    bert = {**BERT, "type_vocab_size": 1}
    names = {
        "attention.self.query": "attention.q_lin",
        "attention.self.key": "attention.k_lin",
        "attention.self.value": "attention.v_lin",
        "attention.output.dense": "attention.out_lin",
        "attention.output.LayerNorm": "sa_layer_norm",
        "intermediate.dense": "ffn.lin1",
        "output.dense": "ffn.lin2",
        "output.LayerNorm": "output_layer_norm",
    }
    weights = tensors(bert, pooler=False)
    weights["embeddings.token_type_embeddings.weight"][:] = 0
    renamed = {}
    for key, value in weights.items():
        if "token_type" in key:
            continue
        for ours, theirs in names.items():
            key = key.replace(f".{ours}.", f".{theirs}.") if key.startswith("encoder") else key
        renamed[prefix + key.replace("encoder.layer", "transformer.layer")] = value
    name = write(tmp_path / "distil", DISTIL_BERT, renamed)
    np.testing.assert_allclose(states(name), forward(weights, bert)[MASK], atol=2e-5)


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_max_tokens": True}, "cls"),
        (None, "cls"),
    ],
)
def test_pooling_is_what_sentence_transformers_wrote(
    modes: dict[str, bool] | None, expected: str, tmp_path: Path
) -> None:
    name = write(tmp_path / "bert", BERT, tensors(BERT))
    if modes is not None:
        (tmp_path / "bert" / "1_Pooling").mkdir()
        (tmp_path / "bert" / "1_Pooling" / "config.json").write_text(json.dumps(modes))
    assert load_text_backbone(name, pretrained=True).pooling == expected


def test_random_weights_need_no_weights_file(tmp_path: Path) -> None:
    name = write(tmp_path / "bert", BERT, tensors(BERT))
    (tmp_path / "bert" / "model.safetensors").unlink()
    backbone = load_text_backbone(name, pretrained=False)
    assert backbone.hub.hidden_activation == "gelu"
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        load_text_backbone(name, pretrained=True)


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        ({"hidden_act": "tangent"}, ArtifactError, "tangent"),
        ({"position_embedding_type": "relative_key"}, ArtifactError, "relative_key"),
        ({"hidden_size": None}, ArtifactError, "preset folder"),
        ({"num_hidden_layers": 3}, ArtifactError, "preset folder"),
        ({"model_type": "gpt2"}, ConfigError, "gpt2"),
        ({"model_type": "vit"}, ConfigError, "vit"),
    ],
)
def test_what_would_not_be_exact_is_refused(
    change: dict[str, Any], error: type[Exception], named: str, tmp_path: Path
) -> None:
    name = write(tmp_path / "bert", {**BERT, **change}, tensors(BERT))
    with pytest.raises(error, match=named):
        load_text_backbone(name, pretrained=True)


def test_torn_weights_are_told(tmp_path: Path) -> None:
    name = write(tmp_path / "bert", BERT, tensors(BERT))
    path = tmp_path / "bert" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ArtifactError, match="preset folder"):
        load_text_backbone(name, pretrained=True)
