"""The catalogue's diagnoses: ICD-10-CM's tabular list, an XML of chapters, sections and codes within codes.

The list has 46,881 codes. Beyond the fourth character they are largely combinations: side by side by bone by
kind of fracture, or vehicle by counterpart by seat. Three fifths of those lie in three chapters of 22 (injuries,
musculoskeletal system, external causes), and their descriptions differ in a word such as "left". So the examples
are

- the descriptions of codes of up to four characters (``A00``, ``A00.0``), about 12,000, and
- the inclusion terms of these codes, about 6,000: what else a diagnosis is called, such as "Scurvy" for
  "Ascorbic acid deficiency".

Inclusion terms that name a code ("Conditions classifiable to C50.-") or that tell how to code ("This category
is for use with…") are left out: they would give the answer away, or are no diagnoses. A text that comes again in
its chapter is used once; one that stands in two chapters is used in neither. The class is the chapter and the
group the category, the code's first three characters, since a category's descriptions repeat its words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from ftsuite.data.sources.found import Found, Row, listed
from ftsuite.data.sources.small_classes import leave_out_small_classes
from ftsuite.errors import DataError

FILE_PATTERN = "icd10c*.xml"
CATEGORY_CHARACTERS = 3
LONGEST_CODE_CHARACTERS = 4  # without the dot
_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")
_NAMED_CATEGORY = re.compile(r"\b[A-Z][0-9A-Z]{2}\b")
_INSTRUCTION = re.compile(r"\b(cod(e|es|ed|ing)|categor(y|ies)|classifi(able|ed) to)\b|:$", re.IGNORECASE)


def read_diagnoses(folder: Path) -> Found:
    """Diagnoses of an asset's folder: class = chapter, group = category.

    The id of a description is its code; of its inclusion terms code, slash and number.

    Raises:
        DataError: no XML, or one that is malformed or holds something else.
    """
    paths = sorted(folder.glob(FILE_PATTERN))
    if len(paths) != 1:
        raise DataError(f"Expected one file {FILE_PATTERN} in {str(folder)!r}. Received: {len(paths)}.")
    path = paths[0]
    chapters = _chapters(path)
    categories = {
        code
        for _, chapter in chapters
        for entry in chapter.iter("diag")
        if len(code := _text(entry, "name", path)) == CATEGORY_CHARACTERS
    }
    found = Found(kind="text", noun="diagnoses", class_names=[name for name, _ in chapters])
    found.notes.append(
        f"Used the descriptions of codes of up to {LONGEST_CODE_CHARACTERS} characters and their inclusion terms; "
        "longer codes largely combine these with sides, bones and vehicles."
    )
    dropped = 0
    for name, chapter in chapters:
        for row in _rows(name, chapter, path):
            if "/" in row.id and _gives_away(row.input, categories):
                dropped += 1
            else:
                found.rows.append(row)
    found.notes.append(f"Left out {dropped:,} inclusion terms that name a code or tell how to code.")
    _leave_out_repeated(found)
    leave_out_small_classes(found, "categories")
    return found


def _chapters(path: Path) -> list[tuple[str, ElementTree.Element]]:
    """Name and element of each chapter, in the list's order."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise _unexpected(path, f"{error}") from error
    chapters = [(_text(chapter, "desc", path), chapter) for chapter in root.findall("chapter")]
    if not chapters:
        raise _unexpected(path, f"no chapters below <{root.tag}>")
    return chapters


def _rows(label: str, chapter: ElementTree.Element, path: Path) -> Iterator[Row]:
    for entry in chapter.iter("diag"):
        code = _text(entry, "name", path)
        if not _CODE.fullmatch(code):
            raise _unexpected(path, f"the code {code!r}")
        description = _text(entry, "desc", path)
        if len(code.replace(".", "")) > LONGEST_CODE_CHARACTERS:
            continue
        category = code[:CATEGORY_CHARACTERS]
        yield Row(code, description, label, group=category)
        terms = (_plain(note.text) for note in entry.findall("inclusionTerm/note"))
        for number, term in enumerate(filter(None, terms), 1):
            yield Row(f"{code}/{number}", term, label, group=category)


def _gives_away(term: str, categories: set[str]) -> bool:
    # Only codes that exist count: vitamin B12 is none.
    names_code = any(word in categories for word in _NAMED_CATEGORY.findall(term))
    return names_code or bool(_INSTRUCTION.search(term))


def _leave_out_repeated(found: Found) -> None:
    chapters_of: dict[str, set[str]] = {}
    for row in found.rows:
        chapters_of.setdefault(row.input, set()).add(row.label)
    ambiguous = {text for text, chapters in chapters_of.items() if len(chapters) > 1}
    seen: set[str] = set()
    reasons: Counter[str] = Counter()
    kept = []
    for row in found.rows:
        reason = "ambiguous" if row.input in ambiguous else "repeated" if row.input in seen else ""
        reasons[reason] += 1
        seen.add(row.input)
        if not reason:
            kept.append(row)
    found.rows[:] = kept
    if reasons["repeated"]:
        found.notes.append(f"Left out {reasons['repeated']:,} texts that repeat another one of their chapter.")
    if ambiguous:
        found.notes.append(
            f"Left out {reasons['ambiguous']:,} examples whose texts stand in more than one chapter: "
            f"{listed(sorted(ambiguous), 5)}."
        )


def _text(element: ElementTree.Element, tag: str, path: Path) -> str:
    text = _plain(element.findtext(tag))
    if not text:
        raise _unexpected(path, f"a <{element.tag}> without <{tag}>")
    return text


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _unexpected(path: Path, fault: str) -> DataError:
    return DataError(
        f"Expected the tabular list of ICD-10-CM: chapters with descriptions, and codes in them. Received: {path}: "
        f"{fault}.",
        "Pull the data set again: ftsuite assets pull --force icd10cm-diagnoses",
    )
