"""Makers of tiny text encoders with random weights, a family each, and of the tokenizers they read with."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import pytest
import sentencepiece

from ftsuite.models.keras_hub_tokenizer import KerasHubTokenizer
from ftsuite.models.text_backbones import FoundEncoder, LoadedTextBackbone, assemble

_SENTENCE = "the a film was is very good bad dull fun plot acting and not but it i saw this that end . , ! ?"
WORDS = _SENTENCE.split()
VOCABULARY = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
    *WORDS,
    *"bcdefghjklmnopqrstuvwxyz", *[f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"],
]  # fmt: skip
MAX_LENGTH = 32
_SIZES: dict[str, Any] = {
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 16,
    "max_sequence_length": MAX_LENGTH,
}
_WITHOUT_HEADS = {name: value for name, value in _SIZES.items() if name != "num_heads"}
_ROWS = {"vocabulary_size": len(VOCABULARY)}
_hub = keras_hub.models

FAMILIES: dict[str, Callable[[], Any]] = {
    "bert": lambda: _hub.BertBackbone(**_ROWS, **_SIZES),
    "distil_bert": lambda: _hub.DistilBertBackbone(**_ROWS, **_SIZES),
    "roberta": lambda: _hub.RobertaBackbone(**_ROWS, **_SIZES),
    "xlm_roberta": lambda: _hub.XLMRobertaBackbone(**_ROWS, **_SIZES),
    "deberta_v3": lambda: _hub.DebertaV3Backbone(**_ROWS, **_SIZES, bucket_size=8),
    "albert": lambda: _hub.AlbertBackbone(**_ROWS, **_SIZES, embedding_dim=4),
    "electra": lambda: _hub.ElectraBackbone(vocab_size=len(VOCABULARY), embedding_dim=4, **_SIZES),
    "f_net": lambda: _hub.FNetBackbone(**_ROWS, **_WITHOUT_HEADS),
}

# Those whose networks are alike in what a test looks at run with the slow tests.
_ALIKE = ("distil_bert", "roberta", "xlm_roberta", "electra")
FAMILY_CASES = [pytest.param(name, marks=pytest.mark.slow) if name in _ALIKE else name for name in FAMILIES]


def word_piece_tokenizer() -> KerasHubTokenizer:
    """A keras-hub WordPiece tokenizer of a few words and all letters."""
    return KerasHubTokenizer(keras_hub.models.BertTokenizer(vocabulary=VOCABULARY, lowercase=True))


def sentence_piece_proto(padding: str = "<pad>") -> bytes:
    """A SentencePiece model with the special pieces of ALBERT and F-Net, or of DeBERTa."""
    writer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(WORDS)] * 3 + WORDS * 3),
        model_writer=writer,
        vocab_size=50,
        hard_vocab_limit=False,
        minloglevel=2,
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        pad_piece=padding,
        unk_piece="<unk>",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        user_defined_symbols="[MASK]",
    )
    return writer.getvalue()


def scatter(model: Any, seed: int = 3) -> None:
    """Give every weight a size at which differences show; fresh ones are near zero, or exactly."""
    generator = keras.random.SeedGenerator(seed)
    for variable in model.weights:
        noise = keras.random.normal(variable.shape, stddev=0.3, seed=generator)
        variable.assign(keras.ops.add(variable, keras.ops.cast(noise, variable.dtype)))


def tiny_text_backbone(family: str = "bert", pooling: str = "cls") -> LoadedTextBackbone:
    """A loaded backbone of a family, its weights random."""
    keras.utils.set_random_seed(5)
    hub = FAMILIES[family]()
    scatter(hub)
    return assemble(f"tiny-{family}", FoundEncoder(hub, word_piece_tokenizer(), pooling, MAX_LENGTH), False)
