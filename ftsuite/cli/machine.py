"""What `ftsuite doctor` reads off the machine. Nothing here imports Keras, TensorFlow or JAX."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "ftsuite",
    "keras",
    "keras-hub",
    "tensorflow",
    "tensorflow-text",
    "tensorflow-datasets",
    "jax",
    "jaxlib",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "safetensors",
    "scikit-learn",
    "protobuf",
    "pip",
)
BACKEND_TIMEOUT_SECONDS = 180
PIP_TIMEOUT_SECONDS = 60

# Each prints one JSON line: what the accelerator's devices are called, and what was imported.
_BACKEND_PROGRAMS = {
    "tensorflow": (
        "import json, tensorflow as tf; "
        "print(json.dumps({'version': tf.__version__, 'devices': "
        "[tf.config.experimental.get_device_details(d).get('device_name', d.name) "
        "for d in tf.config.list_physical_devices('GPU')]}))"
    ),
    "jax": (
        "import json, jax; "
        "print(json.dumps({'version': jax.__version__, 'devices': "
        "[d.device_kind for d in jax.devices() if d.platform != 'cpu']}))"
    ),
}
SUPPORTED_BACKENDS = tuple(_BACKEND_PROGRAMS)
_SECRET_KEY = re.compile(r"password|token|secret|auth", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s'\"]+@")
_URL_QUERY = re.compile(r"(\w://[^\s'\"?]*)\?[^\s'\"]*")


@dataclass(frozen=True)
class BackendProbe:
    """Whether the backend could be imported, and the accelerators that it sees."""

    name: str
    works: bool
    detail: str
    devices: tuple[str, ...] = ()


def versions() -> dict[str, str | None]:
    """Return the installed version of each package that matters, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def system() -> dict[str, str]:
    """Return Python and the operating system in words."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "machine": platform.machine(),
    }


def backend_name() -> str:
    """Return the Keras backend in use: KERAS_BACKEND, else Keras's settings file, else TensorFlow."""
    chosen = os.environ.get("KERAS_BACKEND")
    if chosen:
        return chosen
    settings = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        return str(json.loads(settings.read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


def probe_backend(name: str, timeout_seconds: float = BACKEND_TIMEOUT_SECONDS) -> BackendProbe:
    """Import the backend in a process of its own: one that hangs or crashes is then a finding."""
    program = _BACKEND_PROGRAMS.get(name)
    if program is None:
        return BackendProbe(name, False, f"ftsuite runs on {' or '.join(SUPPORTED_BACKENDS)}, not on {name!r}")
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return BackendProbe(name, False, f"import did not end within {timeout_seconds:.0f} seconds")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1][:300]
        return BackendProbe(name, False, f"import failed (exit code {done.returncode}): {last}")
    return BackendProbe(name, True, f"{name} {answer['version']}", tuple(answer["devices"]))


def processors() -> dict[str, float | int | None]:
    """Return the machine's processors, those this process may use, and a container's limit."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"machine": os.cpu_count(), "usable": usable, "container_limit": _container_processors()}


def memory_bytes() -> dict[str, int | None]:
    """Return the machine's memory, what is available of it, and a container's limit, in bytes."""
    total = available = None
    for line in _lines(Path("/proc/meminfo")):
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            kibibytes = int(rest.split()[0])
            total, available = (kibibytes * 1024, available) if name == "MemTotal" else (total, kibibytes * 1024)
    if total is None and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"total": total, "available": available, "container_limit": _container_memory_bytes(total)}


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that `folder` lies on, or would lie on once it is made."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def write_error(folder: Path) -> str | None:
    """Make `folder`, write and remove a small file in it; return what went wrong, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".ftsuite-doctor-") as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def pip_settings() -> tuple[list[str] | None, str]:
    """Return pip's settings with credentials masked, or None and the reason why pip cannot be asked."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PIP_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"{type(error).__name__}: {error}"
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no output"])[-1][:300]
    return [mask_secrets(line) for line in done.stdout.splitlines() if line.strip()], ""


def mask_secrets(line: str) -> str:
    """Return a line `key='value'` of pip's settings without user names, passwords, tokens and URL queries."""
    key, equals, _ = line.partition("=")
    if equals and _SECRET_KEY.search(key.rpartition(".")[2]):
        return f"{key}='***'"
    return _URL_QUERY.sub(r"\1?***", _URL_CREDENTIALS.sub("***@", line))


def _container_processors() -> float | None:
    parts = " ".join(_lines(Path("/sys/fs/cgroup/cpu.max"))).split()
    if len(parts) == 2 and parts[0].isdigit():
        return int(parts[0]) / int(parts[1])
    first = Path("/sys/fs/cgroup/cpu")
    quota, period = _lines(first / "cpu.cfs_quota_us"), _lines(first / "cpu.cfs_period_us")
    if quota and period and int(quota[0]) > 0:
        return int(quota[0]) / int(period[0])
    return None


def _container_memory_bytes(total: int | None) -> int | None:
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        lines = _lines(Path(path))
        # A limit above what the machine has limits nothing: the first version of cgroups writes 2**63 or so.
        if lines and lines[0].isdigit() and (total is None or int(lines[0]) < total):
            return int(lines[0])
    return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
