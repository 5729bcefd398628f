"""What all tests share: pinned threads, a quiet TensorFlow, and the fixtures for data beside the project."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Keras or TensorFlow. Threads are pinned because the order in which convolutions are
# summed, and so the last bits of golden numbers, depends on their number.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")
os.environ.setdefault("OMP_NUM_THREADS", "2")
# Pictures are drawn into files, never onto a screen.
os.environ.setdefault("MPLBACKEND", "Agg")
# A developer's colours and widths must not change what a command prints; xdist gives its workers a width, too.
os.environ.pop("FORCE_COLOR", None)
os.environ.pop("COLUMNS", None)

# FTSUITE_HOME is left as it is: downloads are shared with the user's own cache, so that a second test session
# fetches nothing. A test that writes to the cache sets FTSUITE_HOME to a temporary folder of its own.

# How long an example takes says how busy the machine is; a test that must not take long has a timeout of its own.
settings.register_profile("ftsuite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ftsuite")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds setup.cfg."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Test data that lies beside the project on the developers' machines; the test is skipped elsewhere."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "datasets").is_dir():
        pytest.skip("needs the data sets that lie beside the project")
    return folder


@pytest.fixture(scope="session")
def load_benchmark(repository: Path) -> Callable[[str], ModuleType]:
    """A program of benchmarks/ as a module, by its name; it finds those beside it, as it does when it is started."""

    def load(name: str) -> ModuleType:
        with pytest.MonkeyPatch.context() as patched:
            patched.syspath_prepend(repository / "benchmarks")
            return importlib.import_module(name)

    return load
