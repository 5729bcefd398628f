"""What holds for any input: no text makes a traceback, what is written is read back."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftsuite.config import Duration, dump_yaml, load_config
from ftsuite.config.dump import inline_yaml
from ftsuite.config.origins import Origin
from ftsuite.config.parse import parse_yaml
from ftsuite.config.scalars import resolve
from ftsuite.config.tree import from_plain, merge, plain
from ftsuite.errors import ConfigError

HERE = Origin("file", "test.yaml", 1, 1)
TEXTS = st.text(max_size=30)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
MAPS = st.dictionaries(TEXTS, DATA, max_size=5)
YAMLISH = st.text(st.sampled_from(list("ab: -\n\t\"'[]{}&*!|>%@`#,?~<0.1e=\\\0\x85\ud800")), max_size=60)


def read(text: str) -> Any:
    tree, problems = parse_yaml(text, lambda line, column: HERE)
    assert problems == []
    return None if tree is None else plain(tree)


@given(MAPS)
@example({"a": "yes", "b": "1e3", "c": "0x1f", "d": "~", "e": " x", "f": "a: b", "g": "- a", "h": "", "i": "1:30"})
@example({"no": "", "3": 3, "null": None, "<<": {"a": 1}, "...": "...", "---": "---", "x": "\x85\u2028\ufeff\x7f"})
@example(
    {
        "a": [[], {}, [[]], {"b": []}],
        "b": [{"c": "d"}],
        "c": math.inf,
        "d": -math.inf,
        "e": 1e300,
        "f": 5e-324,
    }
)
@settings(max_examples=200, deadline=None)
def test_written_data_is_read_back(data: dict[str, Any]) -> None:
    assert read(dump_yaml(data)) == data


@given(DATA)
@settings(max_examples=200, deadline=None)
def test_value_on_one_line_is_read_back(data: Any) -> None:
    text = inline_yaml(data)
    assert "\n" not in text
    assert read(f"a: {text}") == {"a": data}


@given(st.one_of(YAMLISH, TEXTS), st.one_of(YAMLISH, TEXTS))
@example("data: &a [*a]", "a=*a")
@example("? {a: b}\n: c", "a.=")
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_config_error(text: str, override: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
        try:
            load_config(path, [override])
        except ConfigError as error:
            assert "Received: " in error.message
            assert all(letter.isprintable() or letter == "\n" for letter in str(error))
        else:
            raise AssertionError("no random text is a config")


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_config_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "any.yaml")
        Path(path).write_bytes(content)
        try:
            load_config(path)
        except ConfigError as error:
            assert path in error.message
        else:
            raise AssertionError("no random bytes are a config")


@given(st.integers(-(10**30), 10**30))
def test_integers_resolve_to_themselves(number: int) -> None:
    assert resolve(str(number)) == number
    assert type(resolve(str(number))) is int


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_resolve_to_themselves(number: float) -> None:
    assert resolve(repr(number)) == number
    assert isinstance(resolve(repr(number)), float)


@given(MAPS, MAPS)
def test_merge_keeps_all_of_the_strong_and_the_rest_of_the_weak(weak: Any, strong: Any) -> None:
    merged = plain(merge(from_plain(weak, HERE), from_plain(strong, HERE)))

    def check(weak: Any, strong: Any, merged: Any) -> None:
        if not (isinstance(weak, dict) and isinstance(strong, dict)):
            assert merged == strong
            return
        assert set(merged) == set(weak) | set(strong)
        for key in merged:
            if key in weak and key in strong:
                check(weak[key], strong[key], merged[key])
            else:
                assert merged[key] == {**weak, **strong}[key]

    check(weak, strong, merged)


@given(st.integers(0, 10**6), st.sampled_from(["epochs", "steps"]), st.integers(1, 1000))
def test_duration_round_trip_and_steps(amount: int, unit: str, steps_per_epoch: int) -> None:
    duration = Duration.parse(f"{amount} {unit}")
    assert Duration.parse(str(duration)) == duration
    assert duration.to_steps(steps_per_epoch) == amount * (steps_per_epoch if unit == "epochs" else 1)


@given(st.integers(0, 1000), st.integers(0, 100_000))
def test_percentages_never_exceed_the_total(per_mille: int, total: int) -> None:
    steps = Duration.parse(f"{per_mille / 10}%").to_steps(1, total)
    assert steps == -(-per_mille * total // 1000)
    assert 0 <= steps <= total
