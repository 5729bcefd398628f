"""Which value a plain scalar stands for: the core schema of YAML 1.2 (section 10.3), exactly.

Other resolvers take more for numbers than YAML 1.2 does (``1_000``, ``2001-01-01`` for a date) or less
(``.5e3``). A config must mean the same to every reader, so the rules stand here: https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import math
import re

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)")
_NOT_A_NUMBER = frozenset({".nan", ".NaN", ".NAN"})

LONGEST_INTEGER_DIGITS = 400


def resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar.

    Raises:
        OverflowError: an integer of more digits than any setting needs.
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _FLOAT.fullmatch(text) or _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return _number(text)
    if _INFINITY.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    return math.nan if text in _NOT_A_NUMBER else text


def _number(text: str) -> int | float:
    if len(text) > LONGEST_INTEGER_DIGITS:
        raise OverflowError(text)
    if _INTEGER.fullmatch(text):
        return int(text)
    if text.startswith("0o"):
        return int(text[2:], 8)
    return int(text[2:], 16) if text.startswith("0x") else float(text)
