"""MiniLM against the original's numbers; the pretrained weights come from the user's cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tokenizers

from ftsuite import assets
from ftsuite.errors import ResourceError
from ftsuite.models.exact_backbones import ExactBertBackbone
from ftsuite.models.text_backbones import LoadedTextBackbone, load_text_backbone
from ftsuite.models.text_encoder import TextEncoder

# Of two sentences: token_ids (2, 14) int32, padding_mask (2, 14) bool and the original's last hidden states
# (2, 14, 384) float32.
REFERENCE = Path(__file__).resolve().parents[1] / "data" / "minilm_l6_reference.npz"
ODD = [
    *("½ cup and ´ and …", "naïve café über", "😀 emoji 👩‍👩‍👧", "a\x00b\x07c\u200bd\ufeff\ufffd", "", "   ", "\t\n\r"),  # noqa: RUF001
    *("電影很好", "x" * 300, "[MASK] [CLS] and [SEP]", "e\u0301 I\u0307", "don't -- stop!!! $3.50 50%"),
]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def minilm() -> LoadedTextBackbone:
    try:
        return load_text_backbone("minilm_l6_en", pretrained=True)
    except ResourceError as error:
        pytest.skip(f"needs the pretrained weights: {error}")


def agrees(minilm: LoadedTextBackbone, ids: np.ndarray, mask: np.ndarray, expected: np.ndarray) -> None:
    hidden = minilm.model.predict({"token_ids": ids.astype(np.int32), "padding_mask": mask}, verbose=0)
    np.testing.assert_allclose(hidden[mask], expected[mask], atol=1e-4)


def test_ids_and_hidden_states_equal_the_original(minilm: LoadedTextBackbone) -> None:
    reference = np.load(REFERENCE)
    packed = TextEncoder(minilm.tokenizer, 14, clean_html=False)(list(reference["sentences"]))
    np.testing.assert_array_equal(packed["token_ids"], reference["token_ids"])
    np.testing.assert_array_equal(packed["padding_mask"], reference["padding_mask"])
    agrees(minilm, reference["token_ids"], reference["padding_mask"], reference["hidden_states"])


def test_all_reference_sentences_beside_the_project(minilm: LoadedTextBackbone, shared: Path) -> None:
    path = shared / "reference" / "minilm_l6.npz"
    if not path.is_file():
        pytest.skip("needs the reference that lies beside the project")
    reference = np.load(path)
    packed = TextEncoder(minilm.tokenizer, 64, clean_html=False)(list(reference["sentences"]))
    width = packed["token_ids"].shape[1]
    np.testing.assert_array_equal(packed["token_ids"], reference["token_ids"][:, :width])
    assert not reference["attention_mask"][:, width:].any()
    agrees(minilm, reference["token_ids"], reference["attention_mask"].astype(bool), reference["last_hidden_state"])


def test_ids_of_odd_texts_are_the_library_s_own(minilm: LoadedTextBackbone) -> None:
    original = tokenizers.Tokenizer.from_file(str(assets.ensure("minilm_l6_en") / "tokenizer.json"))
    original.no_truncation()
    original.no_padding()
    packed = TextEncoder(minilm.tokenizer, 512, clean_html=False)(ODD)
    for text, ids, mask in zip(ODD, packed["token_ids"], packed["padding_mask"], strict=True):
        assert list(ids[mask]) == original.encode(text).ids, repr(text)


def test_it_is_pooled_by_the_mean_and_has_six_layers(minilm: LoadedTextBackbone) -> None:
    assert (minilm.pooling, minilm.max_length, minilm.pretrained) == ("mean", 512, True)
    names = [block.name for block in minilm.blocks]
    assert names == ["embeddings", *(f"transformer_layer_{number}" for number in range(6))]
    assert type(minilm.hub) is ExactBertBackbone
    starts = minilm.tokenizer.word_starts()
    assert starts.shape == (30522,)
    assert starts.mean() == pytest.approx(0.809, abs=0.001)
