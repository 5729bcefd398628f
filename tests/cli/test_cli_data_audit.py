"""`ftsuite data audit`: it goes on where a run stops, names what is wrong, and writes what mends it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ftsuite.cli.main import cli
from ftsuite.data.audit.findings import Finding, Flagged
from ftsuite.registry import Registry
from ftsuite.runs import audit as audits
from ftsuite.runs.audit_checks import CHECKS, Audited, Check
from tests.cli.audit_stub import LoadingRegistry

GOLDEN = Path(__file__).parents[1] / "golden" / "audit_record.json"
# Checks of other parts have tests of their own; here one stands for each kind of finding that they make.
OWN = ("refused", "class-names", "class-counts", "groups", "image-shapes", "text-shapes", "text-encoding")


def _copies(audited: Audited) -> list[Finding]:
    """Exact copies within a split, as the real check gives them, by content hash alone."""
    first: dict[str, int] = {}
    flagged = [
        Flagged((first[content], at), "The same.", 1.0, leave_out=(at,))
        for at, content in enumerate(audited.examples.content_hashes)
        if first.setdefault(content, at) != at
    ]
    return (
        [Finding("exact-copies-within-splits", "warning", "Copies.", "Drop them.", tuple(flagged))] if flagged else []
    )


def _labels(audited: Audited) -> list[Finding]:
    features = audited.features()
    assert features.shape == (len(audited.examples), 2)
    suggested = audited.examples.class_names[-1]
    flagged = (Flagged((0,), f"More like {suggested}.", 0.9, suggested_class=suggested),)
    return [Finding("label-errors", "warning", "Labels.", "Look.", flagged)]


def _fake_features(loaded: Any, examples: Any, progress: Any) -> Any:
    return np.zeros((len(examples), 2), np.float32)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: LoadingRegistry()))
    own = [check for check in CHECKS if check.name in OWN]
    own += [Check("exact-copies", "Copies", _copies), Check("label-errors", "Labels", _labels, "", True, 2)]
    monkeypatch.setattr(audits, "CHECKS", own)
    monkeypatch.setattr(audits, "feature_source", _fake_features)
    for task in ("pictures", "texts"):
        text = f"task: {task}\ndata: {{source: 'folder:birds'}}\nbackbone: {{name: some_model}}\n"
        (tmp_path / f"{task}.yaml").write_text(text, encoding="utf-8")


def _audit(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["data", "audit", *arguments])
    assert result.exit_code == code, result.output
    return result


def _pictures(folder: Path, classes: dict[str, int], seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (40, 44, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """Everything that stops a run at once."""
    birds = _pictures(tmp_path / "birds", {"Blue Jay": 9, "blue_jay": 3, "crow": 8, "wren": 1})
    (birds / "owl").mkdir()
    (birds / "crow" / "cut.png").write_bytes((birds / "crow" / "0.png").read_bytes()[:200])
    (birds / "crow" / "nothing.jpg").write_bytes(b"")
    (birds / "crow" / "letter.jpg").write_text("Dear madam")
    (birds / "crow" / "to nowhere.png").symlink_to(tmp_path / "nowhere.png")
    shutil.copy(birds / "crow" / "1.png", birds / "crow" / "1 copy.png")
    shutil.copy(birds / "crow" / "2.png", birds / "loose.png")
    (birds / "Thumbs.db").write_bytes(b"x")
    return birds


def _record(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return loaded


def test_an_audit_goes_on_where_a_run_stops(dirty: Path, tmp_path: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in dirty.rglob("*")}
    result = _audit("pictures.yaml", "--out", "a")
    assert {path: path.lstat().st_mtime_ns for path in dirty.rglob("*")} == before, "nothing of the user's is touched"
    record = _record(tmp_path / "a")
    found = {finding["check"]: finding for finding in record["findings"]}
    assert {"bad-files", "empty-classes", "class-twins", "one-example-classes", "exact-copies-within-splits"} <= set(
        found
    )
    assert {file["id"]: file["reason"] for file in found["bad-files"]["bad_files"]} == {
        "crow/cut.png": "is cut short: its data ends before the picture does",
        "crow/letter.jpg": "is not a picture (text)",
        "crow/nothing.jpg": "is empty (0 bytes)",
        "crow/to nowhere.png": "is a link to a file that is not there",
        "loose.png": "lies beside the class folders, so it has no class",
    }
    assert found["empty-classes"]["figures"] == {"classes": ["owl"]}
    assert found["class-twins"]["figures"] == {"groups": [["Blue Jay", "blue_jay"]]}
    assert record["data"]["classes"]["owl"] == {"train": 0, "validation": 0, "test": 0}
    severities = [finding["severity"] for finding in record["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert "error: bad-files: 5 of 27 files cannot be used." in result.stdout
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        *("audit.html", "audit.json", "config.audited.yaml", "findings.csv"),
    ]


def test_the_table_has_a_row_an_example(dirty: Path, tmp_path: Path) -> None:
    _audit("pictures.yaml", "--out", "a", "--quick")
    with (tmp_path / "a" / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    copies = [row for row in rows if row["check"] == "exact-copies-within-splits"]
    assert [(row["id"], row["class"], row["item"], row["leave_out"]) for row in copies] == [
        ("crow/1 copy.png", "crow", "1", ""),
        ("crow/1.png", "crow", "1", "yes"),
    ]
    assert {row["split"] for row in copies} <= {"train", "validation", "test"}
    assert {row["id"] for row in rows if row["check"] == "bad-files"} >= {"crow/cut.png", "loose.png"}
    record = _record(tmp_path / "a")
    assert sum(finding["examples"] for finding in record["findings"]) == len(rows), "none of these is flagged twice"


def test_from_audit_to_manifest_to_a_run(dirty: Path, tmp_path: Path) -> None:
    result = _audit("pictures.yaml", "--out", "a", "--fix")
    manifest = tmp_path / "a" / "manifest.csv"
    assert "leaves out 6. Use it by" in result.stdout
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["action"] == "leave out" for row in rows) == 6
    suggestion = next(row for row in rows if row["suggested_label"])
    assert (suggestion["action"], suggestion["label"], suggestion["suggested_label"]) == ("keep", "Blue Jay", "wren")
    # A person decides: the suggestion is right, and blue_jay is Blue Jay.
    for row in rows:
        row["action"] = "relabel" if row is suggestion else row["action"]
        row["label"] = "Blue Jay" if row["label"] == "blue_jay" else row["label"]
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    _audit("pictures.yaml", "--set", f"data.manifest={manifest}", "--out", "b", "--strict")
    record = _record(tmp_path / "b")
    totals = {name: sum(counts.values()) for name, counts in record["data"]["classes"].items()}
    assert totals == {"Blue Jay": 11, "crow": 8, "wren": 2}
    checks = {finding["check"] for finding in record["findings"]}
    assert not checks & {"bad-files", "class-twins", "empty-classes", "exact-copies-within-splits"}
    # The data change: the manifest does not fit any more, and says where.
    (dirty / "crow" / "3.png").unlink()
    result = _audit("pictures.yaml", "--set", f"data.manifest={manifest}", "--out", "c", code=3)
    assert "there is no example 'crow/3.png' any more" in result.stderr
    assert not (tmp_path / "c").exists(), "an audit that could not be made leaves nothing"


def test_a_gate_for_errors(dirty: Path, tmp_path: Path) -> None:
    result = _audit("pictures.yaml", "--out", "a", "--strict", code=8)
    assert "bad-files" in result.stderr
    assert (tmp_path / "a" / "audit.html").is_file(), "what was found can be read"


def test_json_is_an_object_a_line_with_the_result_last(dirty: Path) -> None:
    result = _audit("pictures.yaml", "--json", "--quick")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    made = {event["check"]: event["state"] for event in events if event["event"] == "check"}
    assert made["class-names"] == "made"
    assert made["label-errors"] == "left out", "--quick"
    last = events[-1]
    assert (last["event"], last["counts"]["error"]) == ("result", 3)
    assert Path(last["page"]).is_file()
    assert last["folder"].startswith("audits/pictures/")


@pytest.mark.parametrize(
    ("classes", "check"),
    [
        ({"one": 3}, "refused-by-a-run"),
        ({"one": 3, "two": 0}, "empty-classes"),
        ({"a": 1, "b": 1}, "one-example-classes"),
    ],
)
def test_data_that_make_no_job_are_still_looked_at(tmp_path: Path, classes: dict[str, int], check: str) -> None:
    _pictures(tmp_path / "birds", classes)
    _audit("pictures.yaml", "--out", "a", "--fix")
    assert check in {finding["check"] for finding in _record(tmp_path / "a")["findings"]}


def test_pictures_without_class_folders(tmp_path: Path) -> None:
    _pictures(tmp_path, {"birds": 3})
    _audit("pictures.yaml", "--out", "a", "--fix", "--strict", code=8)
    record = _record(tmp_path / "a")
    found = {finding["check"]: finding for finding in record["findings"]}
    assert "Expected a folder for each class" in found["refused-by-a-run"]["summary"]
    assert len(found["bad-files"]["bad_files"]) == 3
    assert {check["state"] for check in record["checks"]} == {"made", "left out"}


def test_nothing_but_bad_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "birds" / name).mkdir(parents=True)
        (tmp_path / "birds" / name / "x.jpg").write_bytes(b"junk")
    result = _audit("pictures.yaml", "--out", "a", "--fix")
    assert "2 of 2 files cannot be used" in result.stdout
    assert _record(tmp_path / "a")["data"]["examples"] == 0


@pytest.mark.parametrize("source", ["folder:nowhere", "folder:void", "csv:broken.csv"])
def test_what_cannot_be_read_at_all_ends_with_3(tmp_path: Path, source: str) -> None:
    (tmp_path / "void").mkdir()
    (tmp_path / "broken.csv").write_text('text,label\n"never closed,a\n', encoding="utf-8")
    result = _audit("texts.yaml" if "csv" in source else "pictures.yaml", "--data", source, "--out", "a", code=3)
    assert result.stderr.startswith("error: Expected")
    assert not (tmp_path / "a").exists()


def test_unreadable_files_and_folders_are_named(tmp_path: Path) -> None:
    birds = _pictures(tmp_path / "birds", {"a": 3, "b": 3})
    os.mkfifo(birds / "a" / "pipe.jpg")
    result = _audit("pictures.yaml", "--out", "a")
    assert "1 of 7 files cannot be used" in result.stdout
    assert _record(tmp_path / "a")["findings"][0]["bad_files"] == [
        {"id": "a/pipe.jpg", "reason": "is not a regular file"}
    ]


def test_names_that_are_not_utf_8_are_told_and_left_out(tmp_path: Path) -> None:
    birds = _pictures(tmp_path / "birds", {"a": 3, "b": 3})
    odd = os.fsencode(birds) + b"/a/caf\xe9.png"
    Path(os.fsdecode(odd)).write_bytes((birds / "a" / "0.png").read_bytes())
    Path(os.fsdecode(os.fsencode(birds) + b"/loose\xff.png")).write_bytes(b"x")
    os.mkdir(os.fsencode(birds) + b"/cl\xe4ss")
    (birds / "a" / 'new\nline, "quoted" <b>.png').write_bytes((birds / "b" / "1.png").read_bytes())
    _audit("pictures.yaml", "--out", "a", "--fix")
    record = _record(tmp_path / "a")
    bad = {file["id"] for finding in record["findings"] for file in finding["bad_files"]}
    assert bad == {"a/caf\\udce9.png", "loose\\udcff.png"}
    assert record["data"]["empty_classes"] == ["cl\\udce4ss"]
    _audit("pictures.yaml", "--out", "b", "--set", f"data.manifest={tmp_path / 'a' / 'manifest.csv'}")
    # Its copy under the other label is left out; the one with the odd name stays, and is found again.
    assert _record(tmp_path / "b")["data"]["examples"] == 6


def test_texts_with_bad_rows(tmp_path: Path) -> None:
    lines = ["text,label,split", "a fine film,good,train", ",good,train", "no label,,train", "wow,bad,train",
             "cafÃ© au lait is good,good,test", "a fine film,bad,test", "worse than bad,bad,train"]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _audit("texts.yaml", "--data", "csv:t.csv", "--out", "a", "--fix")
    record = _record(tmp_path / "a")
    found = {finding["check"]: finding for finding in record["findings"]}
    assert [file["id"] for file in found["bad-files"]["bad_files"]] == ["t.csv line 3", "t.csv line 4"]
    assert {"mojibake", "one-word-texts", "exact-copies-within-splits"} <= set(found)
    page = (tmp_path / "a" / "audit.html").read_text(encoding="utf-8")
    assert "cafÃ© au lait" in page and "<img" not in page


def test_a_check_that_breaks_costs_no_other_check(dirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(audited: Audited) -> list[Finding]:
        raise ZeroDivisionError("seven by nought")

    def without_weights(audited: Audited) -> list[Finding]:
        from ftsuite.errors import ResourceError

        raise ResourceError("Expected to download weights. Received: no network.", "Connect.")

    monkeypatch.setattr(
        audits,
        "CHECKS",
        [Check("odd", "Odd", broken), Check("drift", "Drift", without_weights, "", True), *audits.CHECKS],
    )
    result = _audit("pictures.yaml", "--out", "a", code=1)
    assert "The check odd failed: ZeroDivisionError: seven by nought" in result.stdout
    assert "Left out drift: Expected to download weights." in result.stdout
    assert "error: bad-files" in result.stdout
    assert "seven by nought" in (tmp_path / "a" / "traceback.txt").read_text(encoding="utf-8")


def test_an_audit_never_writes_over_another(dirty: Path, tmp_path: Path) -> None:
    _audit("pictures.yaml", "--out", "a", "--quick")
    result = _audit("pictures.yaml", "--out", "a", "--quick", code=2)
    assert "holds something already" in result.stderr
    assert (tmp_path / "a" / "audit.json").is_file()


def test_an_audit_never_writes_into_the_data(dirty: Path) -> None:
    before = sorted(dirty.rglob("*"))
    result = _audit("pictures.yaml", "--out", str(dirty / "audit"), "--quick", code=2)
    assert "a place outside the data" in result.stderr
    assert sorted(dirty.rglob("*")) == before


def shape(value: Any) -> Any:
    """The form of a value: names and types, of lists that of their first item; names that data give are left out."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def recorded_shape(record: dict[str, Any]) -> Any:
    record["data"]["classes"] = {"NAME": next(iter(record["data"]["classes"].values()))}
    chosen = [
        f for f in record["findings"] if f["check"] in ("bad-files", "exact-copies-within-splits", "label-errors")
    ]
    record["findings"] = {finding["check"]: finding for finding in chosen}
    return shape(record)


def test_the_form_of_the_record_is_kept(dirty: Path, tmp_path: Path) -> None:
    """When this form loses a key or changes one, other people's programs break: raise `audit_record.FORMAT` with it."""
    _audit("pictures.yaml", "--out", "a", "--fix")
    record = _record(tmp_path / "a")
    assert record["format"] == 1
    found = recorded_shape(record)
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))
