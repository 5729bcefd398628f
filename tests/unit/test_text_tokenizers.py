"""Both kinds of tokenizers: ids equal to the libraries' own, whole again from plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

import keras_hub
import numpy as np
import pytest
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, processors

from ftsuite.errors import ArtifactError
from ftsuite.models.hugging_face_tokenizer import HuggingFaceTokenizer
from ftsuite.models.hugging_face_vocabulary import read_tokenizer
from ftsuite.models.keras_hub_tokenizer import KerasHubTokenizer
from ftsuite.models.text_tokenizers import TextTokenizer
from tests.unit.tiny_text import VOCABULARY, sentence_piece_proto, word_piece_tokenizer

ODD = [
    *(
        "The film was GOOD, and fun!",
        "",
        "   ",
        "\t\n",
        "½ cup",
        "naïve café",
        "😀 fun 👩‍👩‍👧",
        "a\x00b\x07c\u200bd\ufeff",
    ),
    *("電影 is good", "x" * 500, "[MASK] and [CLS] in a text", "don't \u00b4 stop…", "e\u0301", "\u017f ﬁ Ⅷ"),
]
BYTE_PAIRS = {
    **{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4},
    **{piece: number for number, piece in enumerate(["Ġ", "a", "q", "u", "i", "c", "k", "f", "o", "x"], start=5)},
    **{
        piece: number for number, piece in enumerate(["ui", "ck", "Ġq", "uick", "Ġquick", "Ġf", "ox", "Ġfox"], start=15)
    },
}
MERGES = ["u i", "c k", "Ġ q", "ui ck", "Ġq uick", "Ġ f", "o x", "Ġf ox"]


def word_piece_json(fixed: int | None = None) -> str:
    tokenizer = tokenizers.Tokenizer(models.WordPiece({t: i for i, t in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    if fixed is not None:
        tokenizer.enable_truncation(fixed)
        tokenizer.enable_padding(length=fixed)
    return tokenizer.to_str()


def roberta_tokenizer() -> KerasHubTokenizer:
    return KerasHubTokenizer(keras_hub.models.RobertaTokenizer(vocabulary=BYTE_PAIRS, merges=MERGES))


def test_ids_are_those_of_the_library_without_its_truncation_and_padding() -> None:
    ours = HuggingFaceTokenizer(word_piece_json(fixed=8))
    original = tokenizers.Tokenizer.from_str(word_piece_json())
    texts = [*ODD, "good " * 40]
    expected = [row.ids for row in original.encode_batch(texts, add_special_tokens=False)]
    assert [list(row) for row in ours.encode(texts)] == expected
    assert all(row.dtype == np.int32 for row in ours.encode(texts))
    assert (ours.padding_id, ours.unknown_id, ours.start_id, ours.end_id, ours.mask_id) == (0, 1, 2, 3, 4)
    assert ours.special_ids == (0, 1, 2, 3, 4)
    assert ours.vocabulary_size == len(VOCABULARY)


def test_a_lone_surrogate_is_no_crash() -> None:
    for tokenizer in (HuggingFaceTokenizer(word_piece_json()), word_piece_tokenizer()):
        assert list(tokenizer.encode(["\ud800 good"])[0]) == list(tokenizer.encode(["? good"])[0])


def test_word_pieces_that_continue_begin_no_word() -> None:
    expected = [not piece.startswith("##") for piece in VOCABULARY]
    assert list(HuggingFaceTokenizer(word_piece_json()).word_starts()) == expected
    assert list(word_piece_tokenizer().word_starts()) == expected


def test_byte_pairs_begin_a_word_after_a_space() -> None:
    tokenizer = roberta_tokenizer()
    starts = {piece for piece, number in BYTE_PAIRS.items() if tokenizer.word_starts()[number]}
    assert starts == {"<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", "Ġq", "Ġquick", "Ġf", "Ġfox"}


@pytest.mark.parametrize("name", ["AlbertTokenizer", "FNetTokenizer", "DebertaV3Tokenizer", "XLMRobertaTokenizer"])
def test_sentence_pieces(name: str) -> None:
    proto = sentence_piece_proto("[PAD]" if name.startswith("Deberta") else "<pad>")
    hub_tokenizer = getattr(keras_hub.tokenizers, name)(proto=proto)
    tokenizer = KerasHubTokenizer(hub_tokenizer)
    expected = hub_tokenizer.tokenize(["the film was good", ""])
    assert [list(row) for row in tokenizer.encode(["the film was good", ""])] == [list(row) for row in expected]
    again = TextTokenizer.from_config(json.loads(json.dumps(tokenizer.get_config())))
    assert [list(row) for row in again.encode(ODD)] == [list(row) for row in tokenizer.encode(ODD)]
    assert again.special_ids == tokenizer.special_ids
    assert tokenizer.mask_id is not None
    starts = tokenizer.word_starts()
    assert starts.shape == (tokenizer.vocabulary_size,)
    assert starts[tokenizer.encode(["the"])[0][0]]
    pieces = tokenizer.encode(["zebras"])[0]
    assert not starts[pieces[1:]][~np.isin(pieces[1:], tokenizer.special_ids)].any()


@pytest.mark.parametrize("kind", ["hugging-face", "word-piece", "byte-pairs"])
def test_a_config_is_plain_json_and_makes_the_tokenizer_again(kind: str) -> None:
    tokenizer: TextTokenizer = {
        "hugging-face": lambda: HuggingFaceTokenizer(word_piece_json(fixed=8)),
        "word-piece": word_piece_tokenizer,
        "byte-pairs": roberta_tokenizer,
    }[kind]()
    again = TextTokenizer.from_config(json.loads(json.dumps(tokenizer.get_config())))
    assert type(again) is type(tokenizer)
    assert [list(row) for row in again.encode(ODD)] == [list(row) for row in tokenizer.encode(ODD)]
    for name in ("vocabulary_size", "padding_id", "start_id", "end_id", "mask_id", "unknown_id", "special_ids"):
        assert getattr(again, name) == getattr(tokenizer, name)
    assert np.array_equal(again.word_starts(), tokenizer.word_starts())


def test_older_vocabulary_files_of_hugging_face_give_the_same_ids(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    made = read_tokenizer("folder", tmp_path, "BertBackbone")
    original = HuggingFaceTokenizer(word_piece_json())
    assert [list(row) for row in made.encode(ODD)] == [list(row) for row in original.encode(ODD)]
    assert made.special_ids == original.special_ids
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert 1 in read_tokenizer("folder", tmp_path, "BertBackbone").encode(["GOOD"])[0]


def test_older_byte_pair_files_of_hugging_face(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps(BYTE_PAIRS), encoding="utf-8")
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n", encoding="utf-8")
    made = read_tokenizer("folder", tmp_path, "RobertaBackbone")
    assert [list(row) for row in made.encode(["a quick fox", ""])] == [[6, 19, 22], []]
    assert (made.start_id, made.padding_id, made.end_id, made.unknown_id, made.mask_id) == (0, 1, 2, 3, 4)
    assert [list(row) for row in roberta_tokenizer().encode(["a quick fox"])] == [[6, 19, 22]]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1.0"}', "\x00"])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"tokenizer\.json"):
        read_tokenizer("folder", tmp_path, "BertBackbone")


def test_a_tokenizer_without_padding_is_refused() -> None:
    bare = tokenizers.Tokenizer(models.WordPiece({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3}, unk_token="[UNK]"))
    with pytest.raises(ArtifactError, match="padding"):
        HuggingFaceTokenizer(bare.to_str())


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "pickle"},
        {},
        {"kind": "keras-hub", "class_name": "Backbone", "options": {}, "assets": {}},
        {"kind": "keras-hub", "class_name": "BertTokenizer", "options": {}, "assets": {"vocabulary": ["a"]}},
    ],
)
def test_configs_of_no_known_kind_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ArtifactError):
        TextTokenizer.from_config(config)


def test_a_folder_without_a_tokenizer_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"vocab\.txt"):
        read_tokenizer("folder", tmp_path, "BertBackbone")
