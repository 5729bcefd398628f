"""The page of an audit of a data set."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ftsuite.data.audit.text_excerpts import excerpt
from ftsuite.report.audit_plots import lengths_plot, sizes_plot
from ftsuite.report.figures import shortened
from ftsuite.report.templates import page_environment, resource

Thumbnails = Callable[[Sequence[str]], Sequence[bytes | None]]

# The page stays below some 5 MB, whatever was found: a thumbnail takes 8 KB.
MOST_PICTURES = 400
MOST_A_FINDING = 30
_MOST_OF_AN_ITEM = 4
_MOST_ITEMS_OF_TEXTS = 20
_MOST_BAD_FILES = 100
_MOST_CLASSES_SHOWN = 60
_EXCERPT_CHARACTERS = 280
_WORDS = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "note": ("note", "notes")}


def write_audit_page(
    path: Path, record: Mapping[str, Any], inputs: Mapping[str, str], thumbnails: Thumbnails | None
) -> None:
    """Write a page of its own, as a whole or not at all.

    Args:
        path: of the page.
        record: the content of ``audit.json``.
        inputs: what stands behind an id: a picture's path, a drawn picture's name, or a text.
        thumbnails: from inputs to JPEG bytes, None for a picture that is not to be had; None for texts.
    """
    pictures = _Pictures(inputs, thumbnails)
    findings = [_finding_view(number, finding, pictures) for number, finding in enumerate(record["findings"], 1)]
    environment = page_environment()
    environment.globals["words"] = _WORDS
    environment.filters["short"] = shortened
    environment.filters["codes"] = codes
    environment.filters["breakable"] = breakable
    context = {
        "record": record,
        "findings": findings,
        "verdict": verdict(record["counts"]),
        "classes": _classes(record["data"]["classes"]),
        "most_classes": _MOST_CLASSES_SHOWN,
        "style": Markup(resource("report.css") + resource("audit.css")),
    }
    text = environment.get_template("audit.html.jinja").render(context)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    os.replace(partial, path)


def verdict(counts: Mapping[str, int]) -> str:
    """What the counts of findings come to, in a sentence."""
    if counts["error"]:
        return "Figures of a run on these data would mislead, or there would be no run: mend the errors first."
    if counts["warning"]:
        return "No error was found. The warnings are likely to cost accuracy, or trust in figures: look at them."
    return "Nothing was found that would make figures wrong or cost accuracy."


def codes(text: str) -> Markup:
    """A sentence with what stands between backticks as code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if at % 2 else Markup("{}").format(part) for at, part in enumerate(parts)
    )


def breakable(name: str) -> Markup:
    """A name that a line may break behind its underscores, and not in the middle of a word."""
    return Markup("<wbr>").join(Markup("{}").format(part) for part in re.split(r"(?<=[_/.-])", name))


class _Pictures:
    """Gives out thumbnails and excerpts, and no more pictures than the page may hold."""

    def __init__(self, inputs: Mapping[str, str], thumbnails: Thumbnails | None) -> None:
        self._inputs = inputs
        self._thumbnails = thumbnails
        self._left = MOST_PICTURES

    @property
    def are_texts(self) -> bool:
        return self._thumbnails is None

    @property
    def left(self) -> int:
        return self._left

    def specimen(self, identifier: str, label: str, split: str) -> dict[str, Any]:
        source = self._inputs.get(identifier, "")
        view: dict[str, Any] = {"id": identifier, "label": label, "split": split, "text": None, "picture": None}
        if self._thumbnails is None:
            view["text"] = _shown(excerpt(source, _EXCERPT_CHARACTERS))
        elif self._left > 0:
            self._left -= 1
            data = self._thumbnails([source])[0]
            if data is not None:
                view["picture"] = f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        return view


def _finding_view(number: int, finding: Mapping[str, Any], pictures: _Pictures) -> dict[str, Any]:
    flagged = finding["flagged"]
    alone = all(len(item["ids"]) == 1 for item in flagged)
    items: list[dict[str, Any]] = []
    budget = _MOST_ITEMS_OF_TEXTS if pictures.are_texts else min(MOST_A_FINDING, pictures.left)
    for item in flagged:
        shown = item["ids"][:_MOST_OF_AN_ITEM]
        cost = 1 if pictures.are_texts else len(shown)
        if cost > budget:
            break
        budget -= cost
        places = zip(shown, item["classes"], item["splits"], strict=False)
        specimens = [pictures.specimen(identifier, label, split) for identifier, label, split in places]
        items.append({**item, "specimens": specimens, "more": len(item["ids"]) - len(shown)})
    return {
        **finding,
        "name": finding["check"].replace("-", " ").capitalize(),
        # A check may make two findings of one name.
        "anchor": f"finding-{number}-{finding['check']}",
        "items": items,
        "alone": alone,
        "hidden": len(flagged) - len(items),
        "bad_shown": finding["bad_files"][:_MOST_BAD_FILES],
        "plot": _plot(finding),
    }


def _plot(finding: Mapping[str, Any]) -> Markup | None:
    figures = finding["figures"]
    if finding["check"] == "picture-sizes" and figures.get("sizes", 1) > 1:
        return sizes_plot(figures["points"], figures["image_size"])
    if finding["check"] == "text-lengths":
        return lengths_plot(figures["histogram"]["edges"], figures["histogram"]["counts"])
    return None


def _classes(classes: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Classes by falling number of examples, with the widths of their bars in percent."""
    most = max((sum(counts.values()) for counts in classes.values()), default=0) or 1
    rows = [
        {
            "name": name,
            "count": sum(counts.values()),
            "splits": dict(counts),
            "widths": {split: round(100 * count / most, 2) for split, count in counts.items()},
        }
        for name, counts in classes.items()
    ]
    return sorted(rows, key=lambda row: (-row["count"], row["name"]))


def _shown(text: str) -> str:
    """What a browser would not show, as escapes."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", lambda match: f"\\x{ord(match[0]):02x}", text)
