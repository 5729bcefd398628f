"""Which columns of a table hold what, by their names and else by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ftsuite.data.image_files import ENDINGS
from ftsuite.data.looks.look import Hint, Wanted
from ftsuite.data.sources.columns import USUAL_IMAGE_NAMES, USUAL_LABEL_NAMES, USUAL_TEXT_NAMES
from ftsuite.data.times import parse_time
from ftsuite.errors import ConfigError, DataError

_MORE_LABEL_NAMES = re.compile(
    r"sentiment|rating|stars|topic|genre|intent|emotion|type|kind|tag|y|labels|classes|classname|section|diagnosis"
)
_GROUP_NAMES = re.compile(
    r"(^|.*[_ -])(group|patient|subject|person|user|author|writer|speaker|customer|client|account|session|video|film|"
    r"movie|product|item|site|camera|device|location|place|doc|document|book|article|url|domain|source|family|batch|"
    r"series|recording|case|study)([_ -]?(id|name|no|number|key))?s?",
    re.IGNORECASE,
)
_TIME_NAMES = re.compile(
    r"(^|.*[_ -])(date|time|datetime|timestamp|year|day|created|published|posted|updated|recorded|taken)"
    r"([_ -]?(at|on|utc))?",
    re.IGNORECASE,
)
_LONGEST_CLASS_NAME = 60
_MOST_CLASSES = 1000
_SHOWN = 5


@dataclass(frozen=True)
class Profile:
    """What stands in one column of a sample.

    Attributes:
        name: of the column.
        filled: values that are not empty.
        distinct: different ones among them.
        length: mean letters of a value.
        words: mean words of a value.
        paths: share of values that end as pictures' names do.
        fractions: whether numbers with a fraction stand in it, or what is neither text, number nor truth value.
        times: whether all values are dates or times.
        numbers: whether all values are numbers.
    """

    name: str
    filled: int
    distinct: int
    length: float
    words: float
    paths: float
    fractions: bool
    times: bool
    numbers: bool


@dataclass(frozen=True)
class Chosen:
    """Columns of a table and how they were found.

    Attributes:
        image: of pictures' paths; empty where texts are learnt from.
        text: of texts; likewise.
        label: of class names.
        by_content: those of them that no usual name told.
        other_labels: what could hold the classes as well.
    """

    image: str
    text: str
    label: str
    by_content: tuple[str, ...] = ()
    other_labels: tuple[str, ...] = ()


def profiles_of(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[Profile]:
    """What stands in each column of some rows."""
    return [_profile(name, [row.get(name) for row in rows]) for name in names]


def choose(profiles: Sequence[Profile], wanted: Wanted, place: str) -> Chosen:
    """The columns to learn from and to learn.

    Raises:
        ConfigError: a column that is not there, or nothing that could be one; names what there is.
        DataError: numbers that are measured in place of class names.
    """
    by_name = {profile.name: profile for profile in profiles}
    for option, given in (("--input-column", wanted.input_column), ("--label-column", wanted.label_column)):
        if given is not None and given not in by_name:
            raise ConfigError(f"Expected {option} to be a column of {place}. Received: {given!r}", _shown(profiles))
    image, text, found = _input(profiles, wanted, by_name)
    by_content = [image or text] if found else []
    rest = [profile for profile in profiles if profile.name not in (image, text)]
    label = wanted.label_column or _usual(USUAL_LABEL_NAMES, rest)
    others: list[str] = []
    if not label:
        candidates = sorted((one for one in rest if could_be_label(one)), key=_as_label)
        if candidates:
            label, *others = [one.name for one in candidates]
            by_content.append(label)
    if not (image or text):
        raise ConfigError(
            f"Expected a column of texts or of pictures' paths in {place}. Received none that looks like one.",
            f"Name it: --input-column NAME. {_shown(profiles)}",
        )
    if not label:
        raise ConfigError(
            f"Expected a column of class names in {place}: a few names, each in several rows. Received none that looks "
            "like one.",
            f"Name it: --label-column NAME. Without labels nothing can be classified. {_shown(profiles)}",
        )
    if label in (image, text):
        raise ConfigError(
            f"Expected the classes and what is learnt from in two columns of {place}. Received: {label!r} for both.",
            _shown(profiles),
        )
    if by_name[label].fractions and by_name[label].numbers:
        raise DataError(
            f"Expected class names in column {label!r} of {place}. "
            "Received: numbers with fractions, which are measured.",
            f"Name another column: --label-column NAME. {_shown(profiles)}",
        )
    return Chosen(image, text, label, tuple(by_content), tuple(others))


def hints_of(profiles: Sequence[Profile], chosen: Chosen, classes: int) -> tuple[Hint, ...]:
    """Columns that look as if they told of groups or times."""
    hints = []
    for one in profiles:
        if one.name in (chosen.image, chosen.text, chosen.label) or one.name.lower() == "split" or one.filled < 4:
            continue
        if one.times or (_TIME_NAMES.fullmatch(one.name) and one.numbers and one.distinct > 1):
            why = "to test on the newest, as the model would be used, in place of a random part"
            hints.append(Hint("time_column", one.name, why))
        elif _is_group(one, classes):
            why = f"{one.distinct:,} values in {one.filled:,} rows: if rows of one value are alike, keep them together"
            hints.append(Hint("group_column", one.name, why))
    return tuple(hints)


def could_be_label(one: Profile) -> bool:
    """Whether a column could hold class names."""
    most = min(_MOST_CLASSES, max(one.filled // 3, 2))
    is_short = one.length <= _LONGEST_CLASS_NAME and one.words <= 6
    return one.filled > 3 and 2 <= one.distinct <= most and is_short and not (one.fractions or one.times or one.paths)


def _is_group(one: Profile, classes: int) -> bool:
    repeats = 1 < one.distinct < 0.8 * one.filled
    named = _GROUP_NAMES.fullmatch(one.name) is not None
    many = one.distinct > max(2 * classes, one.filled // 50) and one.length <= _LONGEST_CLASS_NAME
    return repeats and not one.fractions and (named or (many and not one.numbers))


def _as_label(one: Profile) -> tuple[bool, bool, bool, int]:
    """Sorts what looks most like class names first."""
    named = _MORE_LABEL_NAMES.fullmatch(one.name.strip().lower()) is not None
    group = _GROUP_NAMES.fullmatch(one.name) is not None or one.name.strip().lower() in ("split", "id", "lang")
    return (not named, group, one.numbers, one.distinct)


def _input(profiles: Sequence[Profile], wanted: Wanted, by_name: dict[str, Profile]) -> tuple[str, str, bool]:
    """The columns of pictures and of texts, one of them empty; and whether it was found by content."""
    if wanted.input_column is not None:
        is_paths = by_name[wanted.input_column].paths > 0.5
        return (wanted.input_column, "", False) if is_paths else ("", wanted.input_column, False)
    rest = [profile for profile in profiles if profile.name != wanted.label_column]
    image, text = _usual(USUAL_IMAGE_NAMES, rest), _usual(USUAL_TEXT_NAMES, rest)
    if image and by_name[image].paths > 0.5:
        return image, "", False
    if text and by_name[text].paths <= 0.5:
        return "", text, False
    paths = [one for one in rest if one.paths > 0.9]
    if paths:
        return paths[0].name, "", True
    longest = max(rest, key=lambda one: one.length * (not one.numbers and not one.fractions), default=None)
    if longest is None or longest.words < 1.5 or longest.numbers or longest.times or longest.distinct < 2:
        return ("", "", False) if not image else (image, "", False)
    return "", longest.name, True


def _usual(usual: Sequence[str], profiles: Sequence[Profile]) -> str:
    lowered = {one.name.strip().lower(): one.name for one in reversed(profiles)}
    return next((lowered[name] for name in usual if name in lowered), "")


def _profile(name: str, values: Sequence[Any]) -> Profile:
    filled = [value for value in values if value is not None and str(value).strip()]
    texts = [str(value) for value in filled]
    count = max(len(texts), 1)
    numbers = bool(texts) and all(map(_is_number, texts))
    return Profile(
        name=name,
        filled=len(texts),
        distinct=len(set(texts)),
        length=sum(map(len, texts)) / count,
        words=sum(len(text.split()) for text in texts) / count,
        paths=sum(text.strip().lower().endswith(tuple(ENDINGS)) for text in texts) / count,
        fractions=any(_is_measured(value) for value in filled),
        times=bool(texts) and not numbers and all(parse_time(value) is not None for value in filled[:200]),
        numbers=numbers,
    )


def _is_measured(value: Any) -> bool:
    if isinstance(value, list | dict | bytes):
        return True
    number = _number(value)
    return number is not None and not number.is_integer()


def _is_number(value: Any) -> bool:
    return _number(value) is not None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None


def _shown(profiles: Sequence[Profile]) -> str:
    return f"Its columns are {', '.join(repr(one.name) for one in profiles) or 'none'}."
