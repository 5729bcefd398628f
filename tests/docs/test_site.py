"""The site builds without a warning, from the source alone, and works from the disk without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("material", reason="needs the extra docs")
pytest.importorskip("mkdocstrings", reason="needs the extra docs")

BUILD = """
import sys
from mkdocs.__main__ import cli
try:
    cli(["build", "--strict", "--quiet", "--site-dir", sys.argv[1]])
except SystemExit as end:
    loaded = {"keras", "tensorflow", "jax"} & set(sys.modules)
    sys.exit(f"imported while documenting: {loaded}" if loaded else end.code)
"""
# What a page loads by itself; a link is followed by the reader.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}


class Page(HTMLParser):
    """Collects what a page links to, what it loads, and the places that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.places.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "next", "prev"):
            self.loads.append(found["href"])
        elif found.get(LOADED.get(tag, "")):
            self.loads.append(found[LOADED[tag]])


@pytest.fixture(scope="module")
def site(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_page_is_built(site: Path, repository: Path, pages: dict[Path, Page]) -> None:
    sources = {path.relative_to(repository / "docs").with_suffix(".html") for path in repository.glob("docs/**/*.md")}
    assert {path.relative_to(site) for path in pages} == sources


def test_links_within_the_site_lead_somewhere(pages: dict[Path, Page]) -> None:
    broken = [f"{path.name}: {link}" for path, page in pages.items() for link in _broken(path, page, pages)]
    assert not broken


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    fetched = [load for page in pages.values() for load in page.loads if urlsplit(load).netloc]
    assert not fetched
    for sheet in site.rglob("*.css"):
        addresses = re.findall(r"(?:url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8"))
        assert not addresses, sheet


def test_the_search_index_is_a_script_that_knows_the_contract(site: Path) -> None:
    # A page that was opened from the disk may load a script beside it, and may not read a file.
    assert "TaskSpec" in (site / "search" / "search_index.js").read_text(encoding="utf-8")


def test_the_contract_is_read_from_docstrings(site: Path) -> None:
    text = (site / "reference" / "plugin-contract.html").read_text(encoding="utf-8")
    for name in ("Task", "TaskSpec", "Options", "Examples"):
        assert f'id="ftsuite.api.{name}"' in text
    assert "entry point" in text


def _broken(path: Path, page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target = target / "index.html"
        known = pages[target].places if target in pages else {unquote(parts.fragment)}
        if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in known):
            yield link
