"""What a class name comes down to when case, spaces, Unicode form and look-alike letters are taken away."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Letters of other scripts that look like a Latin one: what a keyboard with two layouts leaves in names.
_LOOKALIKES = str.maketrans("авекмнорстухіѕјԁοανρικτ", "abekmhopctyxisjdoavpikt")
# The number that data sets put in front of a name, as in "001.Black_footed_Albatross".
_NUMBERED = re.compile(r"^\d+\s*[._\-: ]\s*(?=[^\W\d])")
# What separates words: symbols such as + and # are part of a name ("c++", "c#"), and so is the point of a number.
_BETWEEN_WORDS = re.compile(r"(?:[\s_,;:'\u2018\u2019`\"()\[\]/\\|\u2010-\u2014-]|(?<!\d)\.|\.(?!\d))+")


@dataclass(frozen=True, slots=True)
class NameKey:
    """A name in words.

    Attributes:
        words: in small letters, without accents, punctuation and a number in front.
        joined: the words without spaces.
        singular: `joined` of the words without an ending of the plural.
    """

    words: tuple[str, ...]
    joined: str
    singular: str


def name_key(name: str) -> NameKey:
    """The key of a class name; a name of nothing but punctuation is its own word."""
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_LOOKALIKES)
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    # "A-" is another grade than "A": a dash at the very end is no space between words.
    end = "-" if plain.rstrip().endswith("-") else ""
    words = tuple(word for word in _BETWEEN_WORDS.split(_NUMBERED.sub("", plain)) if word)
    words = words or (plain.strip() or name,)
    return NameKey(words, "".join(words) + end, "".join(singular(word) for word in words) + end)


def singular(word: str) -> str:
    """An English word without the ending of its plural, as far as its letters tell."""
    if len(word) < 4 or not word.isalpha() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
