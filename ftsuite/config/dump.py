"""Plain data to YAML 1.2 text that `load_config` reads back to equal values."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ftsuite.config.scalars import resolve
from ftsuite.config.words import number_text

# Text that every reader of YAML takes for itself, also inside brackets.
_PLAIN = re.compile(r"(?:[A-Za-z/]|\.{1,2}/)(?:[A-Za-z0-9_./%-]|[ :](?=[A-Za-z0-9_./-]))*|[0-9]+ [a-z]+|[0-9]+%")
_WORDS_OF_YAML_1_1 = frozenset({"y", "n", "yes", "no", "on", "off"})


def dump_yaml(data: Mapping[str, Any]) -> str:
    """The YAML text of plain data (maps with text keys, lists, text, numbers, truth values, null)."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Representer = _Representer
    yaml.width = 2**31
    yaml.allow_unicode = True
    yaml.default_flow_style = False
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_prepared(data), stream)
    return stream.getvalue()


class _Representer(RoundTripRepresenter):
    """Writes null as ``null`` and repeats equal values instead of making aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_null(representer: Any, data: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _represent_null)


def _prepared(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {_text(str(key)): _prepared(value) for key, value in data.items()}
    if isinstance(data, str):
        return _text(data)
    if isinstance(data, Sequence):
        items = CommentedSeq([_prepared(item) for item in data])
        if not any(isinstance(item, Mapping | Sequence) and not isinstance(item, str) for item in data):
            items.fa.set_flow_style()
        return items
    return data


def _text(text: str) -> str:
    """Quote what a reader of YAML 1.1 or 1.2 might take for something else than text."""
    try:
        is_text = isinstance(resolve(text), str)
    except OverflowError:
        is_text = False
    if is_text and _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML_1_1:
        return text
    return DoubleQuotedScalarString(text)


def inline_yaml(value: Any) -> str:
    """One value on one line, as YAML writes it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inline_yaml(str(key))}: {inline_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        text = _text(value)
        return _escaped(value) if isinstance(text, DoubleQuotedScalarString) else text
    if isinstance(value, Sequence):
        return "[" + ", ".join(inline_yaml(item) for item in value) + "]"
    return number_text(value)


def _escaped(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in quoted)
