"""The page of an audit: all of it in one file, nothing that a name could break, and never too large."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ftsuite.report.audit_page import MOST_PICTURES, codes, verdict, write_audit_page

JPEG = b"\xff\xd8" + b"x" * 6000


def _finding(check: str, count: int, each: int = 1, severity: str = "warning", **more: Any) -> dict[str, Any]:
    flagged = [
        {
            "ids": [f"{check}/{item}-{place}.jpg" for place in range(each)],
            "splits": ["train"] * each,
            "classes": ["<b>wren</b>"] * each,
            "detail": f"Item {item} & more.",
            "score": None,
            "suggested_class": "jay" if each == 1 else None,
            "leave_out": [f"{check}/{item}-0.jpg"],
        }
        for item in range(count)
    ]
    finding = {
        "check": check, "severity": severity, "summary": f"Found {count}, see `data.source`.",
        "advice": "Do <i>it</i>.",
        "examples": count * each, "left_out_by_fix": False, "figures": {}, "flagged": flagged, "bad_files": [],
    }  # fmt: skip
    return {**finding, **more}


def _record(findings: list[dict[str, Any]], classes: int = 3, kind: str = "image-file") -> dict[str, Any]:
    counts = {severity: sum(f["severity"] == severity for f in findings) for severity in ("error", "warning", "note")}
    by_split = {"train": 5, "validation": 1, "test": 2}
    return {
        "format": 1, "ftsuite": "0", "config": "</title><script>alert(1)</script>", "task": "t", "source": "folder:x",
        "seed": 0, "created": "2026-01-02T03:04:05", "seconds": 1.0, "quick": False, "counts": counts,
        "data": {
            "kind": kind, "examples": 8, "bad_files": 0, "splits": by_split, "official_splits": False,
            "classes": {f"class {k}": by_split for k in range(classes)}, "empty_classes": [],
        },
        "notes": ["Loaded `it`."],
        "checks": [
            {"name": "a", "title": "A", "state": "made", "reason": "", "seconds": 0.1, "findings": 0},
            {"name": "b", "title": "B", "state": "failed", "reason": "ValueError: <x>", "seconds": 0.1, "findings": 0},
            {"name": "c", "title": "C", "state": "left out", "reason": "No weights.", "seconds": 0.0, "findings": 0},
        ],
        "findings": findings,
    }  # fmt: skip


def _page(path: Path, record: dict[str, Any], inputs: dict[str, str] | None = None) -> str:
    ids = [identifier for finding in record["findings"] for item in finding["flagged"] for identifier in item["ids"]]
    pictures = None if record["data"]["kind"] == "text" else lambda sources: [JPEG if s else None for s in sources]
    write_audit_page(path / "audit.html", record, inputs or dict(zip(ids, ids, strict=True)), pictures)
    return (path / "audit.html").read_text(encoding="utf-8")


class _Balanced(HTMLParser):
    VOID = frozenset({"meta", "link", "img", "br", "path", "use", "rect", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.ids += [value or "" for name, value in attributes if name == "id"]

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attributes if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nobody(tmp_path: Path) -> None:
    sizes = {"sizes": 2, "points": [[300, 200], [200, 400]], "image_size": 224}
    bad = [{"id": "x.jpg", "reason": "is empty"}] * 120
    record = _record(
        [
            _finding("bad-files", 0, severity="error", bad_files=bad),
            _finding("copies", 3, each=6),
            _finding("labels", 40),
            _finding("picture-sizes", 0, severity="note", figures=sizes),
        ],
        classes=90,
    )
    page = _page(tmp_path, record)
    parser = _Balanced()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert "<script" not in page and "<b>wren" not in page and "<i>it" not in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    for part in ("and 2 more of them", "10 more are in findings.csv", "And 20 more", "30 smaller classes",
                 "failed: ValueError: &lt;x&gt;", "<code>data.source</code>", "could be left out", "→ jay",
                 "Width against height"):  # fmt: skip
        assert part in page, part
    anchors = set(re.findall(r'href="#([\w-]+)"', page))
    assert anchors <= set(parser.ids)


def test_a_page_of_many_findings_stays_small(tmp_path: Path) -> None:
    record = _record([_finding(f"check-{k}", 500, each=1 + k % 3) for k in range(40)])
    page = _page(tmp_path, record)
    assert page.count("<img") <= MOST_PICTURES
    assert len(page) < 5_000_000
    assert page.count("more are in findings.csv") == 40, "what is not shown is told"


def test_texts_are_shown_as_texts(tmp_path: Path) -> None:
    record = _record([_finding("odd", 1)], kind="text")
    page = _page(tmp_path, record, {"odd/0-0.jpg": "A <b>bold</b> text with \x07 and \ud800 in it. " * 30})
    assert "A &lt;b&gt;bold&lt;/b&gt; text with \\x07 and" in page
    assert page.count("bold") < 20
    assert "<img" not in page


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        ({"error": 1, "warning": 0, "note": 0}, "mend the errors first"),
        ({"error": 0, "warning": 2, "note": 0}, "warnings are likely"),
        ({"error": 0, "warning": 0, "note": 3}, "Nothing was found"),
    ],
)
def test_the_verdict_follows_the_worst(counts: dict[str, int], part: str) -> None:
    assert part in verdict(counts)


def test_code_in_sentences() -> None:
    assert codes("set `a: <b>` and go") == "set <code>a: &lt;b&gt;</code> and go"
