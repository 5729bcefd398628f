"""An audit with all of its checks: each can be made on a tiny job, and a run uses the manifest that comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ftsuite.config import LoadedConfig
from ftsuite.data.sources.found import COLLECT
from ftsuite.runs.audit import audit
from ftsuite.runs.audit_checks import CHECKS
from ftsuite.runs.audit_files import open_audit_folder, write_audit
from ftsuite.runs.audit_record import audit_record
from ftsuite.runs.prepare import prepare


@pytest.fixture
def dirty(tmp_path: Path, pictures: Path) -> Path:
    birds = tmp_path / "birds"
    shutil.copytree(pictures, birds)
    shutil.copy(birds / "crow" / "000.png", birds / "crow" / "copy.png")
    (birds / "crow" / "cut.png").write_bytes((birds / "crow" / "001.png").read_bytes()[:300])
    return birds


def test_all_checks_of_the_table_and_a_job_with_their_manifest(
    load: Callable[..., LoadedConfig], dirty: Path, tmp_path: Path
) -> None:
    loaded = load(f"data.source=folder:{dirty}")
    found = audit(loaded)
    assert {check.name: check.reason for check in found.checks if check.state == "failed"} == {}
    assert [check.name for check in found.checks] == [check.name for check in CHECKS]
    checks = {finding.check for finding in found.findings}
    assert {"bad-files", "exact-copies-within-splits", "picture-sizes"} <= checks
    folder = open_audit_folder(loaded, tmp_path / "audit")
    assert write_audit(folder, found, audit_record(found), fix=True) == 2
    prepared = prepare(load(f"data.source=folder:{dirty}", f"data.manifest={folder / 'manifest.csv'}"), None)
    assert len(prepared.examples) == 48
    assert any("48 examples are kept, 2 left out" in note for note in prepared.examples.notes)
    assert prepared.config.data.bad_files != COLLECT
