"""Makes small wheels, and assets that name them, for the tests of the cache; no network is used."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ftsuite.assets import Asset

MEMBER = "fake_weights/data/table.csv"
CONTENT = b"text,label\nfine,1\npoor,0\n"


def make_wheel(folder: Path, members: dict[str, bytes], project: str = "fake-weights", version: str = "1.2.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{project.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    info = {f"{stem}.dist-info/METADATA": metadata.encode(), f"{stem}.dist-info/WHEEL": tags.encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**members, **info, f"{stem}.dist-info/RECORD": b""}.items():
            archive.writestr(name, content)
    return path


def make_asset(wheel: Path, **changes: Any) -> Asset:
    fields: dict[str, Any] = {
        "name": "fake",
        "kind": "dataset",
        "summary": "made for a test",
        "source": "pypi:fake-weights",
        "version": "1.2.0",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "size_bytes": wheel.stat().st_size,
        "unpacked_bytes": 1_000_000,
        "licence": "MIT",
        "terms": "none",
        "members": [MEMBER],
        "convert": {"step": "keep"},
    }
    return Asset.model_validate({**fields, **changes})


def offline_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip know one folder of wheels and nothing else."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_RETRIES", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def zip_bytes(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()
