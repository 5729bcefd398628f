"""The tokenizer of a Hugging Face folder: its tokenizer.json, or made of the older vocabulary files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras_hub
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from ftsuite.errors import ArtifactError
from ftsuite.models.hugging_face_tokenizer import HuggingFaceTokenizer
from ftsuite.models.keras_hub_tokenizer import KerasHubTokenizer
from ftsuite.models.text_tokenizers import TextTokenizer

_SENTENCE_PIECE_FILES = ("spiece.model", "sentencepiece.bpe.model", "spm.model")


def read_tokenizer(name: str, folder: Path, family: str) -> TextTokenizer:
    """The tokenizer of a Hugging Face folder.

    Args:
        name: of the backbone, for errors.
        folder: with tokenizer.json; or vocab.txt (WordPiece), or vocab.json and merges.txt (byte pairs), or a
            SentencePiece model.
        family: the keras-hub class of the backbone.

    Raises:
        ArtifactError: where none of these can be read.
    """
    if (folder / "tokenizer.json").is_file():
        return HuggingFaceTokenizer.from_file(folder / "tokenizer.json")
    try:
        if (folder / "vocab.txt").is_file():
            return HuggingFaceTokenizer(_word_piece(folder).to_str())
        if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            return HuggingFaceTokenizer(_byte_pairs(folder).to_str())
        proto = next((folder / file for file in _SENTENCE_PIECE_FILES if (folder / file).is_file()), None)
        if proto is not None:
            hub_tokenizer = getattr(keras_hub.tokenizers, family.replace("Backbone", "Tokenizer"))
            return KerasHubTokenizer(hub_tokenizer(proto=proto.read_bytes()))
    except ArtifactError:
        raise
    except Exception as error:  # the libraries raise plain `Exception`
        raise ArtifactError(
            f"The vocabulary files of {name} cannot be read: {error}", "Take the folder again from where it came."
        ) from error
    raise ArtifactError(
        f"The folder {name} must hold tokenizer.json, vocab.txt, vocab.json with merges.txt, or a SentencePiece model "
        f"({', '.join(_SENTENCE_PIECE_FILES)}).",
        "Save the tokenizer into the same folder: `tokenizer.save_pretrained(folder)`.",
    )


def _word_piece(folder: Path) -> Any:
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary = {piece.rstrip("\r"): number for number, piece in enumerate(lines) if piece.rstrip("\r")}
    settings = _settings(folder)
    tokenizer = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    # Hugging Face's own defaults for what the file leaves out.
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        strip_accents=settings.get("strip_accents"),
        lowercase=bool(settings.get("do_lower_case", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens([t for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if t in vocabulary])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return tokenizer


def _byte_pairs(folder: Path) -> Any:
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    pairs = (line.split(" ") for line in lines if line and not line.startswith("#version"))
    merges = [(first, second) for first, second in pairs]
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    prefix = bool(_settings(folder).get("add_prefix_space", False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    mask = tokenizers.AddedToken("<mask>", lstrip=True, special=True)
    named = [t for t in ("<s>", "<pad>", "</s>", "<unk>") if t in vocabulary]
    tokenizer.add_special_tokens([*named, mask] if "<mask>" in vocabulary else named)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"]), add_prefix_space=prefix
    )
    return tokenizer


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return {}
    settings = json.loads(path.read_text(encoding="utf-8"))
    return settings if isinstance(settings, dict) else {}
