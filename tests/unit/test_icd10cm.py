from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest

from ftsuite import assets
from ftsuite.api import Examples
from ftsuite.data.sources.asset import load_asset
from ftsuite.data.sources.found import Row
from ftsuite.data.sources.icd10cm import read_diagnoses
from ftsuite.errors import DataError, ResourceError
from tests.found_pictures import note_with


def diag(code: str, description: str, terms: tuple[str, ...] = (), inner: str = "") -> str:
    notes = "".join(f"<note>{escape(term)}</note>" for term in terms)
    return (
        f"<diag><name>{code}</name><desc>{escape(description)}</desc>"
        f"<inclusionTerm>{notes}</inclusionTerm>{inner}</diag>"
    )


def chapter(description: str, diags: str) -> str:
    return f"<chapter><name>1</name><desc>{description}</desc><section id='x'><desc>s</desc>{diags}</section></chapter>"


def write(folder: Path, chapters: str) -> Path:
    text = f'<?xml version="1.0" encoding="utf-8"?><ICD10CM.tabular>{chapters}</ICD10CM.tabular>'
    (folder / "icd10c-test.xml").write_text(text, encoding="utf-8")
    return folder


def filling(letter: str) -> str:
    """Enough categories for a chapter to be kept."""
    return "".join(diag(f"{letter}{number}", f"{letter} thing {number}") for number in range(80, 90))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    deep = diag("A00.11", "Cholera, left", ("Left cholera",))
    cholera = diag(
        "A00",
        "Cholera",
        inner=diag("A00.1", "  Cholera   due to\n Vibrio ", ("Classical cholera", "Cholera", "Both ways"), deep),
    )
    scurvy = diag(
        "B54",
        "Ascorbic acid deficiency",
        ("Scurvy", "Conditions in A00.-", "Vitamin B12 deficiency", "This category is for use", "Due to:", "Both ways"),
    )
    small = diag("U07", "Emergency use") + diag("U08", "Other use")
    return write(
        tmp_path,
        chapter("Infections (A00-A99)", cholera + filling("A"))
        + chapter("Deficiencies (B00-B99)", scurvy + filling("B"))
        + chapter("Special (U00-U85)", small),
    )


def test_what_becomes_an_example(folder: Path) -> None:
    found = read_diagnoses(folder)
    rows = {row.id: row for row in found.rows if row.id[:3] in ("A00", "B54")}
    infections, deficiencies = "Infections (A00-A99)", "Deficiencies (B00-B99)"
    assert rows == {
        "A00": Row("A00", "Cholera", infections, group="A00"),
        "A00.1": Row("A00.1", "Cholera due to Vibrio", infections, group="A00"),
        "A00.1/1": Row("A00.1/1", "Classical cholera", infections, group="A00"),
        "B54": Row("B54", "Ascorbic acid deficiency", deficiencies, group="B54"),
        "B54/1": Row("B54/1", "Scurvy", deficiencies, group="B54"),
        "B54/3": Row("B54/3", "Vitamin B12 deficiency", deficiencies, group="B54"),
    }
    assert found.class_names == [infections, deficiencies]


def test_what_is_left_out_is_said(folder: Path) -> None:
    notes = "\n".join(read_diagnoses(folder).notes)
    assert "3 inclusion terms that name a code or tell how to code" in notes
    assert "1 texts that repeat" in notes
    assert "2 examples whose texts stand in more than one chapter: 'Both ways'" in notes
    assert "2 examples of classes with fewer than 10 categories" in notes
    assert "'Special (U00-U85)'" in notes


@pytest.mark.parametrize(
    ("chapters", "fault"),
    [
        ("", "no chapters"),
        ("<chapter><name>1</name></chapter>", "<chapter> without <desc>"),
        (chapter("A (A00-A99)", diag("a-1", "x")), "the code 'a-1'"),
        (chapter("A (A00-A99)", diag("A00", " ")), "<diag> without <desc>"),
        ("<chapter>", "mismatched tag"),
    ],
)
def test_an_unexpected_file(tmp_path: Path, chapters: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault) as caught:
        read_diagnoses(write(tmp_path, chapters))
    assert "ftsuite assets pull --force icd10cm-diagnoses" in caught.value.advice


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Received: 0"):
        read_diagnoses(tmp_path)


@pytest.fixture(scope="module")
def examples() -> Examples:
    try:
        assets.ensure("icd10cm-diagnoses")
    except ResourceError as error:
        pytest.skip(f"needs the diagnoses: {error}")
    return load_asset("icd10cm-diagnoses")


def test_the_data_set(examples: Examples) -> None:
    counts = dict(zip(examples.class_names, np.bincount(examples.labels).tolist(), strict=True))
    assert len(examples) == 18170
    assert len(counts) == 21
    assert counts["Neoplasms (C00-D49)"] == 1434
    assert min(counts.values()) == counts["Diseases of the ear and mastoid process (H60-H95)"] == 216
    assert max(counts.values()) == counts["External causes of morbidity (V00-Y99)"] == 1939
    assert len(set(examples.ids)) == len(set(examples.inputs)) == len(examples)
    assert "'Codes for special purposes (U00-U85)'" in note_with(examples, "fewer than 10")


def test_groups_are_categories_of_one_chapter(examples: Examples) -> None:
    assert examples.groups is not None
    assert examples.groups == tuple(identifier[:3] for identifier in examples.ids)
    assert len(set(examples.groups)) == 1916
    assert len(set(zip(examples.groups, examples.labels.tolist(), strict=True))) == 1916
    assert Counter(examples.groups).most_common(1) == [("Y38", 57)]


def test_known_diagnoses(examples: Examples) -> None:
    chapter_of = {
        text: examples.class_names[label] for text, label in zip(examples.inputs, examples.labels, strict=True)
    }
    assert chapter_of["Scurvy"].endswith("(E00-E89)")
    assert chapter_of["Trigeminal neuralgia"].endswith("(G00-G99)")
    assert "Eosinophilic granuloma" not in chapter_of
    assert "Conditions classifiable to C50.-" not in chapter_of
