"""The report as a whole: what it shows, that it stands alone, and that no name breaks it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from fake_run import BIRDS, fake_thumbnails, make_fake_run

from ftsuite.report import write_report

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Collects what the tests look at, and refuses elements that are closed in the wrong order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fake_run(tmp_path_factory.mktemp("runs") / "birds")


@pytest.fixture(scope="module")
def page(birds: Path) -> Page:
    return Page(write_report(birds, thumbnails=fake_thumbnails).read_text(encoding="utf-8"))


def test_the_report_leads_with_the_headline_and_its_interval(birds: Path, page: Page) -> None:
    figure = json.loads((birds / "metrics.json").read_text())["test"]["accuracy"]
    low, high = figure["ci95"]
    assert f"Test accuracy {figure['value']:.3f} 95 % interval {low:.3f} to {high:.3f}, n = {figure['n']}" in page.text
    right = round(figure["value"] * figure["n"])
    assert f"names {right} of {figure['n']} test pictures rightly" in page.text
    assert f"would reach {1 / len(BIRDS):.3f}" in page.text


def test_everything_that_is_promised_is_there(page: Page) -> None:
    for words in (
        "Rendered pictures, not photographs.",
        "ftsuite run bird-species --data folder:PATH",
        "train 1,200 validation 288 test 600",
        "1 trained block moved, the 9 frozen ones stayed",
        "All 10 trained blocks moved",
        "stopped early",
        "Took 5 min 12 s",
        "ftsuite run bird-species --set seed=7",
        "task: image-classification",
        "versions.keras 3.15.1",
        "Left out 2 empty classes: dodo, great auk.",
    ):
        assert words in page.text, words
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert [label.split()[0] for label in labels] == ["Loss", "Accuracy", "Learning", "Reliability"]


def test_the_kept_epochs_are_those_of_the_journal(page: Page) -> None:
    rows = re.findall(r"(\d) · (?:head|last 2|all) \d+ epochs, .*?cosine (\d+) (?:stopped early )?(\d+)", page.text)
    assert rows == [("1", "5", "4"), ("2", "5", "9"), ("3", "10", "19")]


def test_the_pictures_are_those_of_the_mistakes(birds: Path, page: Page) -> None:
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    sources = [value for tag, name, value in page.attributes if tag == "img" and name == "src"]
    assert len(alts) == len(sources) > 40
    assert all(value.startswith("data:image/jpeg;base64,") for value in sources)
    taken = [alt for alt in alts if "taken for" in alt]
    shown = {re.fullmatch(r"(.+), taken for (.+) \(test/(.+)/\d+\)", alt).groups() for alt in taken}  # type: ignore[union-attr]
    assert shown
    assert all(true == folder != predicted for true, predicted, folder in shown)
    assert any("no picture" in word for word in page.words)  # the one that was not to be had


def test_the_page_asks_nothing_of_the_network_and_runs_only_its_own_script(birds: Path, page: Page) -> None:
    for tag, name, value in page.attributes:
        if name in {"src", "href", "xlink:href", "action", "data"}:
            assert value.startswith(("data:", "#")), (tag, name, value)
        assert not name.startswith("on"), (tag, name)
    text = (birds / "report.html").read_text(encoding="utf-8")
    assert "@import" not in text and "url(http" not in text
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_element_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert max(ids.values()) == 1
    targets = {value[1:] for _, name, value in page.attributes if name in {"href", "xlink:href"}} - {"ata:,"}
    assert targets <= set(ids)
    labelled = {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert labelled <= set(ids)


def test_the_same_files_give_the_same_bytes_and_no_other_file_is_left(birds: Path, page: Page) -> None:
    before = (birds / "report.html").read_bytes()
    files = sorted(path.name for path in birds.iterdir())
    assert write_report(birds, thumbnails=fake_thumbnails) == birds / "report.html"
    assert (birds / "report.html").read_bytes() == before
    assert sorted(path.name for path in birds.iterdir()) == files


def test_a_failing_picture_source_leaves_the_old_report(birds: Path, page: Page) -> None:
    before = (birds / "report.html").read_bytes()
    with pytest.raises(ValueError, match=r"Received: 0"):
        write_report(birds, thumbnails=lambda inputs: [])
    assert (birds / "report.html").read_bytes() == before


NASTY = (
    "<script>alert(1)</script>",
    'Ærfugl & "eider" 鴨',
    "x" * 300,
    "$E=mc^2$",
    "{{ 7 * 7 }}",
    "'><img src=x onerror=alert(1)>",
)


def test_no_class_name_breaks_the_page(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "run", NASTY, per_class=12, sharpness=2, kind="image-file")
    journal = (run / "journal.jsonl").read_text(encoding="utf-8")
    (run / "journal.jsonl").write_text(journal.replace('"last 2"', '"</svg><b>$鴨"'), encoding="utf-8")
    text = write_report(run).read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags["script"] == 1 and page.tags["b"] == text.count("</b>")
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    for name in NASTY:
        assert name in html.unescape(text)
        assert any(name in word for word in page.words), name


def test_texts_are_shown_as_text(tmp_path: Path) -> None:
    texts = ("<b>Great</b> & good. " * 60, "Zu lang 🎬")
    run = make_fake_run(tmp_path / "run", ["negative", "positive"], per_class=40, kind="text", texts=texts, sharpness=1)

    def never(inputs: object) -> list[bytes | None]:
        raise AssertionError("a text has no picture")

    page = Page(write_report(run, thumbnails=never).read_text(encoding="utf-8"))
    assert page.tags["blockquote"] and not page.tags["img"]
    assert "<b>Great</b> & good." in page.text and "Zu lang 🎬" in page.text
    assert max(map(len, page.words)) < 1500  # long texts are cut
    assert "test texts rightly" in page.text
    assert "Rendered pictures" not in page.text


def test_two_hundred_classes_get_a_map_and_the_most_confused_region(tmp_path: Path) -> None:
    names = [f"species {index:03d}" for index in range(200)]
    run = make_fake_run(tmp_path / "run", names, per_class=4, sharpness=3)
    text = write_report(run, thumbnails=fake_thumbnails).read_text(encoding="utf-8")
    page = Page(text)
    assert "The 20 most confused classes" in page.text
    assert "Confusion matrix of all 200 classes" in text
    matrix = re.search(r'<table class="matrix.*?</table>', text, flags=re.DOTALL)
    assert matrix is not None and matrix[0].count('<th scope="row"') <= 20
    assert len(text) < 1_500_000


def test_a_run_without_a_mistake_and_with_two_classes(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "run", ["a/x", "b/y"], per_class=5, sharpness=60)
    text = Page(write_report(run).read_text(encoding="utf-8")).text
    assert "No class was taken for another." in text
    assert "None: every test picture is named rightly." in text


def test_the_matrix_counts_every_test_example(birds: Path, page: Page) -> None:
    text = (birds / "report.html").read_text(encoding="utf-8")
    matrix = re.search(r'<table class="matrix.*?</table>', text, flags=re.DOTALL)
    assert matrix is not None
    counts = re.findall(r'<td class="(hit|miss)"[^>]*>(\d+)</td>', matrix[0])
    assert sum(int(count) for _, count in counts) == 600
    accuracy = json.loads((birds / "metrics.json").read_text())["test"]["accuracy"]["value"]
    assert np.sum([int(count) for kind, count in counts if kind == "hit"]) == round(600 * accuracy)


def test_blocks_that_moved_against_the_plan_are_named(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "run", ["a/1", "b/2"], per_class=4)
    lines = (run / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    changed = []
    for line in lines:
        event = json.loads(line)
        if event["event"] == "stage_ended" and event["stage"] == 0:
            event["blocks"][0]["moved"] = True
            event["blocks"][-1]["moved"] = False
        changed.append(json.dumps(event))
    (run / "journal.jsonl").write_text("\n".join(changed), encoding="utf-8")
    text = Page(write_report(run).read_text(encoding="utf-8")).text
    assert "Should have moved and did not: head; should have stayed and moved: stem" in text
