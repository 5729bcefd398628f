"""Options of a task: how large pictures are, how they are changed, and how much of a text is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ftsuite.config.commented import Entry
from ftsuite.data.looks import Look, PictureLook, TextLook

# Pixels of a picture's shorter side, and the size to train at: a multiple of 32, and never so small that the backbone's
# last layers see a single point.
_SMALL_PICTURES = ((48, 96), (96, 128), (160, 160))
_OWN_PIXELS = {f"efficientnet_lite{number}_imagenet": pixels for number, pixels in enumerate((224, 240, 260))}
_SHORTEST, _LONGEST = 32, 256
_DEFAULT_PIXELS, _DEFAULT_TOKENS = 224, 128
_CHARACTERS = re.compile(
    r"[0-9]|[A-Za-z]|(digit|letter|number)[-_ ]?[0-9A-Za-z]+|zero|one|two|three|four|five|six|seven"
)
_SIDES = re.compile(r"(^|.*[-_ ])(left|right|east|west|clockwise|[lr])($|[-_ ].*)", re.IGNORECASE)
_ELONGATED = 2.0
# Fewer classes of such names may be grades or groups.
_FEWEST_LETTERS, _MOST_LETTERS = 8, 0.8


@dataclass(frozen=True)
class Inputs:
    """Options with their reasons, and what an example costs by them.

    Attributes:
        entries: of ``options``.
        size: pixels of a side, or mean tokens.
        told: a few words for a table.
    """

    entries: tuple[Entry, ...]
    size: float
    told: str


def picture_options(look: Look, backbone: str, examples: int) -> Inputs:
    """Size, fit and augmentation for pictures."""
    pictures = look.pictures
    own = _OWN_PIXELS.get(backbone)
    entries: list[Entry] = []
    if own is not None:
        size, why = _image_size(pictures, own)
        entries.append(Entry("image_size", size, why))
    else:
        size = _DEFAULT_PIXELS
        entries.append(Entry("image_size", None, "the size that this backbone was trained at"))
    if pictures is not None and pictures.elongation > _ELONGATED:
        why = f"some pictures are {pictures.elongation:.1f} times as long as wide: a crop would cut their ends off"
        entries.append(Entry("fit", "pad", why))
    changes, why = _augmentation(look, examples)
    entries.append(Entry("augment", changes, why))
    sides = f"{pictures.width} x {pictures.height} pixels" if pictures is not None else "size not looked up"
    told = f"{sides} (median of {pictures.looked_at:,} opened)" if pictures is not None else sides
    return Inputs(tuple(entries), float(size), told)


def _image_size(pictures: PictureLook | None, own: int) -> tuple[int, str]:
    if pictures is None:
        return own, "the size that this backbone was trained at"
    shorter = min(pictures.height, pictures.width)
    shown = f"{pictures.width} x {pictures.height} pixels"
    for side, size in _SMALL_PICTURES:
        if shorter <= side and size < own:
            saved = (own / size) ** 2
            return size, f"pictures of {shown} hold nothing to see at {own}; {size} costs {saved:.1f} times less"
    return own, f"the size that this backbone was trained at; yours are {shown} (median)"


def _augmentation(look: Look, examples: int) -> tuple[list[Any], str]:
    names = look.class_names
    letters = _are_letters(names)
    sided = next((name for name in names if _SIDES.fullmatch(name)), None)
    lowest = 0.7 if letters else 0.5 if examples < 20_000 else 0.35
    changes: list[Any] = [{"name": "crop-resize", "scale": [lowest, 1.0], "ratio": [0.8, 1.25]}]
    reasons = ["random changes of training pictures: parts of them"]
    if letters:
        reasons.append("no mirroring, as the classes look like letters or digits")
    elif sided is not None:
        reasons.append(f"no mirroring, as the class {sided!r} looks like one of a side")
    else:
        changes.append({"name": "flip"})
        reasons.append("mirrored (take flip out where left and right tell classes apart)")
    colour: dict[str, Any] = {"name": "colour", "brightness": 0.1, "contrast": 0.2}
    if look.pictures is not None and look.pictures.grey_share > 0.5:
        colour["saturation"] = 0.0
        reasons.append("brightness and contrast, as they have no colours")
    else:
        reasons.append("brighter, darker, other colours")
    changes.append(colour)
    return changes, "; ".join(reasons)


def _are_letters(names: Sequence[str]) -> bool:
    """Whether classes are named like letters and digits, which a mirror makes others of."""
    fitting = sum(_CHARACTERS.fullmatch(name.strip().lower()) is not None for name in names)
    return len(names) >= _FEWEST_LETTERS and fitting >= _MOST_LETTERS * len(names)


def text_options(look: Look) -> Inputs:
    """How much of a text is read."""
    texts = look.texts
    if texts is None:
        return Inputs((), _DEFAULT_TOKENS, "length not looked up")
    wanted = -(-round(1.1 * texts.tokens_95) // 16) * 16
    length = min(max(wanted, _SHORTEST), _LONGEST)
    about = f"95 % of {texts.looked_at:,} texts have at most about {texts.tokens_95:,} tokens"
    entries = [Entry("max_length", length, f"{about}; what lies behind is not seen" if wanted <= _LONGEST else about)]
    if wanted > _LONGEST:
        why = (
            f"more than one in twenty is longer than {_LONGEST} tokens: beginning and end are read, and time is bounded"
        )
        entries.append(Entry("long_texts", "head-tail", why))
    told = f"{texts.words_median:.0f} words (median of {texts.looked_at:,} read)"
    return Inputs(tuple(entries), min(texts.tokens_mean, float(length)), told)


def foreign_letters(texts: TextLook | None) -> str:
    """A sentence for texts that an encoder of English does not read well; empty for others."""
    if texts is None or texts.foreign_share < 0.3:
        return ""
    return (
        f"{100 * texts.foreign_share:.0f} % of the letters are not Latin, and this backbone learnt English: a "
        "multilingual one, such as bert_base_multi of keras-hub, should do better"
    )
