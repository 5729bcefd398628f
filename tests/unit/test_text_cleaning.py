"""What the cleaning of HTML takes away, and what it must leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftsuite.models.text_cleaning import clean_html


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("one<br>two", "one\ntwo"),
        ("one <br /><br /> two", "one\n\ntwo"),
        ("one<BR/>two", "one\ntwo"),
        ('one<br clear="all">two', "one\ntwo"),
        ("<p>one</p><p class='x'>two</p>", "\none\n\ntwo\n"),
        ("a <b>bold</b> and <i>slanted</i> <em>word</em>", "a bold and slanted word"),
        ("Q&amp;A &quot;quoted&quot; it&#39;s &eacute;", 'Q&A "quoted" it\'s é'),
    ],
)
def test_markup_of_review_exports_becomes_text(raw: str, clean: str) -> None:
    assert clean_html(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("a < b and b > c", "i <3 this", "if x<b then y>c", "x <b and y> z", "<script>alert(1)</script>", "<bravo>"),
        *("<<br", "p < 0.05 and i > 3", "AT T", "<b", "br>", "", "List<i64>", "<title>The End</title>", "a <- b -> c"),
    ],
)
def test_what_is_no_line_break_or_emphasis_stays(text: str) -> None:
    assert clean_html(text) == text


@given(st.text(alphabet=st.characters(exclude_characters="&<")))
def test_plain_text_is_left_alone(text: str) -> None:
    assert clean_html(text) == text


@given(st.text(alphabet="ab <>/&;brpi=\"'\n"))
def test_nothing_is_added_and_letters_stay_in_order(text: str) -> None:
    cleaned = clean_html(text)
    assert len(cleaned) <= len(text)
    assert cleaned.count("a") == text.count("a") or "<" in text


@given(st.integers(1, 60_000))
def test_time_is_linear_in_what_never_closes(count: int) -> None:
    text = "<br " * count
    assert clean_html(text) == text
