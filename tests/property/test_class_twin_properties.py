"""The twin check: spelling alone never makes two classes, and what it says does not depend on order."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftsuite.data.audit.class_names import same_names, similar_names
from ftsuite.data.audit.misspellings import one_edit
from ftsuite.data.audit.name_keys import name_key

words = st.text(st.characters(categories=["Ll", "Lu"], max_codepoint=0x24F), min_size=2, max_size=9)
names = st.lists(words, min_size=1, max_size=4).map(" ".join)
anything = st.text(max_size=24)
letters = st.text("abcdeé1 ", min_size=1, max_size=8)


@given(names, st.sampled_from("_-  "), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
@settings(max_examples=150, deadline=None)
@example("straße", " ", str.upper)
@example("İstanbul", "_", str.lower)
def test_another_spelling_of_a_name_is_the_same_name(name: str, between: str, case) -> None:  # type: ignore[no-untyped-def]
    # Some letters have no way back from the other case; those are not what the check is about.
    if case(name).casefold() == name.casefold():
        other = case(name).replace(" ", between)
        assert same_names([name, "another one", other]) == [(0, 2)] or name_key(name) == name_key("another one")


@given(st.lists(anything, max_size=8, unique=True), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_names_in_any_order_give_the_same_answer(given_names: list[str], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(given_names)
    random.shuffle(shuffled)

    def same(listed: list[str]) -> set[frozenset[str]]:
        return {frozenset(listed[at] for at in group) for group in same_names(listed)}

    def keys(listed: list[str]) -> set[frozenset[str]]:
        pairs = similar_names(listed)
        return {frozenset((name_key(listed[a]).singular, name_key(listed[b]).singular)) for a, b, _ in pairs}

    assert same(given_names) == same(shuffled)
    assert keys(given_names) == keys(shuffled)
    # No name is its own twin, and none is in two groups.
    grouped = [at for group in same_names(given_names) for at in group]
    assert len(grouped) == len(set(grouped))


@given(letters, letters)
@settings(max_examples=300, deadline=None)
def test_one_edit_is_one_edit(one: str, other: str) -> None:
    found = one_edit(one, other)
    assert (found is None) == (_distance(one, other) != 1)
    reverse = one_edit(other, one)
    assert (found is None) == (reverse is None)


def _distance(one: str, other: str) -> int:
    """The optimal string alignment distance, by its definition."""
    table = [[max(i, j) if 0 in (i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]
