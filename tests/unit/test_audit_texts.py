"""Texts: lengths, damage and languages."""

from __future__ import annotations

import numpy as np
import pytest

from ftsuite.api import Examples
from ftsuite.data.audit.findings import Finding
from ftsuite.data.audit.text_encoding import check_text_encoding, mojibake_at
from ftsuite.data.audit.text_excerpts import excerpt
from ftsuite.data.audit.text_languages import check_text_languages
from ftsuite.data.audit.text_shapes import TokenLengths, check_text_shapes

ENGLISH = "The film is long, but the music and the actors make up for most of what its story lacks."


def _examples(texts: list[str]) -> Examples:
    ids = tuple(map(str, range(len(texts))))
    return Examples(ids, tuple(texts), np.zeros(len(texts), np.int64), ("a",), ids, "text")


def _by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def test_texts_without_words_of_one_word_and_longer_than_the_model_reads() -> None:
    examples = _examples(["...", "wow!", ENGLISH, ENGLISH * 3])
    tokens = TokenLengths(np.array([3, 2, 20, 60]), np.array([False, False, False, True]), "at most 32 tokens")
    found = _by_check(check_text_shapes(examples, np.full(4, "train"), tokens))
    assert found["texts-without-words"].flagged[0].positions == (0,)
    assert found["one-word-texts"].flagged[0].positions == (1,)
    assert found["cut-texts"].flagged[0].positions == (3,)
    assert found["cut-texts"].severity == "warning", "a quarter of them"
    assert "1 of 4 texts (25.0%) is longer than what the model reads, at most 32 tokens" in found["cut-texts"].summary
    assert sum(found["text-lengths"].figures["histogram"]["counts"]) == 4


def test_without_a_tokenizer_nothing_is_said_of_tokens() -> None:
    found = _by_check(check_text_shapes(_examples([ENGLISH]), np.full(1, "train")))
    assert set(found) == {"text-lengths"}
    assert "tokens" not in found["text-lengths"].figures


@pytest.mark.parametrize("text", ["cafÃ© schÃ¶n", "donâ€™t", "Ã¼ber", "piÃ±ata"])
def test_bytes_in_a_wrong_encoding_are_seen(text: str) -> None:
    assert mojibake_at(f"{ENGLISH} {text}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "naïve café à la carte",
        "Ångström “quoted” dash…",
        "\u00d6l\u00fcm d\u0131\u015far\u0131da",
        "größer als",
        "漢字かな",
        "price: £5 ½ 20°",
    ],
)
def test_rare_letters_are_no_damage(text: str) -> None:
    assert check_text_encoding(_examples([text])) == []


def test_each_damage_shows_its_place() -> None:
    examples = _examples([f"{ENGLISH * 3} lost \ufffd here", "dash \x97 dash", "R&amp;D &#305;", "plain & simple; ok"])
    found = _by_check(check_text_encoding(examples))
    assert {name: finding.flagged[0].positions for name, finding in found.items()} == {
        "lost-characters": (0,),
        "control-characters": (1,),
        "html-entities": (2,),
    }
    assert "lost \ufffd here" in found["lost-characters"].flagged[0].detail
    assert found["control-characters"].flagged[0].detail == "dash \\x97 dash"


def test_texts_in_another_language_are_found() -> None:
    french = "Ce film est vraiment magnifique et je le recommande à tous ceux qui aiment la musique."
    chinese = "这部电影很好看我非常喜欢里面的音乐和演员推荐给大家。"
    examples = _examples([ENGLISH] * 5 + [french, "gut", chinese])
    (finding,) = check_text_languages(examples)
    assert finding.severity == "warning"
    assert {flagged.positions for flagged in finding.flagged} == {(5,), (7,)}, "a word alone tells no language"
    assert finding.figures["languages"] == {"en": 5, "fr": 1, "zh": 1}
    (note,) = check_text_languages(_examples([ENGLISH] * 3))
    assert (note.severity, note.flagged) == ("note", ())


def test_pictures_are_no_texts() -> None:
    pictures = Examples(("a",), ("a",), np.zeros(1, np.int64), ("x",), ("a",), "image-file")
    assert check_text_shapes(pictures, np.full(1, "train")) == []
    assert check_text_encoding(pictures) == check_text_languages(pictures) == []


def test_excerpts_are_one_line_and_say_what_they_leave_out() -> None:
    assert excerpt("a\n  b\tc") == "a b c"
    assert excerpt("word " * 100, 20) == "word word word word…"
    assert excerpt("x" * 50 + "HERE" + "y" * 50, 20, around=50) == "…" + "x" * 10 + "HEREyyyyyy…"
