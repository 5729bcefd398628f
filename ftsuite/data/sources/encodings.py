"""What encoding a table is in: UTF-8 unless its first bytes say otherwise, else what its bytes show clearly."""

from __future__ import annotations

import codecs
from collections import Counter
from pathlib import Path

from ftsuite.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What programs of the last decades wrote tables in; the first of those that read a file alike gives the name.
_LIKELY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_15", "iso8859_2"),
    *("koi8_r", "mac_roman", "cp437", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
# What Western European languages write besides ASCII. A text in another code page that is read as cp1252 shows other
# characters soon: Turkish ý, þ and ð, Polish ³ and ¹, Czech š and ž.
_WESTERN_LETTERS = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜ")
_WESTERN_SIGNS = frozenset("£€§©®°·«»¿¡…•™\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u00a0\u00b4")
# Languages in other alphabets use letters beyond ASCII for nearly every letter.
_MOST_ACCENTED = 0.25
# Names from elsewhere and rarer signs: this share of what is not ASCII may be none of the above.
_FEW_ODD = 0.05
_SAMPLE_BYTES = 256 * 1024
# Differences in the share of odd characters, and in how much a reading looks like a language, that say nothing.
_AS_ODD = 0.02
_AS_COHERENT = 0.1


def decode_text(data: bytes, path: Path) -> tuple[str, str]:
    """Decode a file's bytes.

    Args:
        data: all of the file.
        path: for messages.

    Returns:
        The text without a byte order mark, and a sentence on its encoding, empty for UTF-8.

    Raises:
        DataError: its encoding cannot be told for sure, or it is damaged.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data, encoding, path)
    if b"\0" in data[:4096]:
        raise _null_bytes(data, path)
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        if _is_damaged_utf8(data):
            raise damaged_utf8(path, data.count(b"\n", 0, error.start) + 1, data[error.start]) from error
    encoding, sure = guess_encoding(data)
    if not sure:
        raise unknown_encoding(path, data, encoding)
    try:
        return data.decode(encoding), f"Read {path.name} as {encoding}, detected from its bytes; it is not UTF-8."
    except UnicodeDecodeError as error:
        raise unknown_encoding(path, data, encoding) from error


def guess_encoding(data: bytes) -> tuple[str, bool]:
    """The likeliest encoding of bytes that are not UTF-8 (empty: none is), and whether that is sure.

    It is sure where the bytes are plain Western European text in cp1252 (which holds Latin-1), or where every other
    reading is odder or looks less like a language.
    """
    import charset_normalizer

    sample = _telling_lines(data)
    if _is_western(sample):
        return "cp1252", True
    matches = list(charset_normalizer.from_bytes(sample, cp_isolation=list(_LIKELY)))
    if not matches:
        return "", False
    odd = min(match.chaos for match in matches)
    near = [match for match in matches if match.chaos <= odd + _AS_ODD]
    best = max(near, key=lambda match: match.coherence)
    rivals = [match for match in near if match.coherence >= best.coherence - _AS_COHERENT and str(match) != str(best)]
    names = [name for name in _LIKELY if name in best.could_be_from_charset]
    return (names or [best.encoding])[0], not rivals


def damaged_utf8(path: Path, line: int, byte: int) -> DataError:
    """The error for a file that is UTF-8 but for some bytes."""
    return DataError(
        f"Expected {str(path)!r} to be UTF-8. Received: byte 0x{byte:02x} that is not, in line {line}.",
        "Mend that line, or save the file anew as UTF-8 (in a spreadsheet: CSV UTF-8).",
    )


def unknown_encoding(path: Path, data: bytes, guess: str) -> DataError:
    """The error for a file whose encoding is not UTF-8 and not sure, with the best guess."""
    byte = next((byte for byte in data if byte >= 0x80), 0)
    likely = f"; it is most likely {guess}" if guess else ""
    command = f"iconv -f {guess or 'ENCODING'} -t UTF-8 {path.name} > utf8{path.suffix}"
    return DataError(
        f"Expected {str(path)!r} to be UTF-8, or in an encoding that shows clearly. "
        f"Received: bytes such as 0x{byte:02x} that are not UTF-8{likely}.",
        f"Save it as UTF-8 (in a spreadsheet: CSV UTF-8), or convert it and look at the result: {command}",
    )


def _marked(data: bytes, encoding: str, path: Path) -> tuple[str, str]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8-sig":
            raise damaged_utf8(path, data.count(b"\n", 0, error.start) + 1, data[error.start]) from error
        raise DataError(
            f"Expected {str(path)!r} to be {encoding.upper()}, as its first bytes say. Received: {error.reason} at "
            f"byte {error.start:,}.",
            "The file is damaged or cut short; save it anew as UTF-8.",
        ) from error
    note = "" if encoding == "utf-8-sig" else f"Read {path.name} as {encoding.upper()}, as its first bytes say."
    return text.removeprefix("\ufeff"), note


def _null_bytes(data: bytes, path: Path) -> DataError:
    guess = "UTF-16LE" if data[1:2] == b"\0" else "UTF-16BE"
    return DataError(
        f"Expected {str(path)!r} to be text. Received: zero bytes; it is most likely {guess} without a byte order "
        "mark, or no text at all.",
        f"If it is, convert it: iconv -f {guess} -t UTF-8 {path.name} > utf8{path.suffix}",
    )


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether more characters are whole UTF-8 than are not: other encodings hardly ever look like it."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(1 for character in text if character > "\x7f") - broken
    return whole > broken


def _is_western(sample: bytes) -> bool:
    """Whether bytes read as cp1252 hold hardly anything but Western European letters and signs."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = Counter(character for character in text if character > "\x7f")
    accented = sum(beyond[letter] for letter in _WESTERN_LETTERS)
    odd = beyond.total() - accented - sum(beyond[sign] for sign in _WESTERN_SIGNS)
    # Hungarian in cp1250 has a letter where cp1252 has the tilded o, which Portuguese writes beside other marks.
    odd += max(beyond["\u00f5"] - beyond["\u00e3"] - beyond["\u00e7"], 0)
    letters = sum(character.isalpha() for character in text)
    return odd <= _FEW_ODD * beyond.total() and accented <= _MOST_ACCENTED * letters


def _telling_lines(data: bytes) -> bytes:
    """Lines that hold more than ASCII, up to a limit: the others tell nothing of the encoding."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size > _SAMPLE_BYTES:
                break
    return b"".join(lines)
