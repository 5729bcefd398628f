"""Native chatter goes to the log; Python's stderr keeps going to the terminal. A process a case."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PREAMBLE = """
import logging, os, sys, threading, warnings
from pathlib import Path
from ftsuite.quiet import redirect_native_stderr
log = Path(sys.argv[1])
"""


def _python(program: str, log: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PREAMBLE + program, str(log)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", "PYTHONWARNINGS": "default"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def test_native_text_goes_to_the_log_and_ours_to_the_terminal(log: Path) -> None:
    done = _python(
        """
before = sys.stderr
with redirect_native_stderr(log):
    os.write(2, b"native\\n")
    print("ours", file=sys.stderr)
    thread = threading.Thread(target=lambda: (os.write(2, b"from a thread\\n"), print("o2", file=sys.stderr)))
    thread.start(); thread.join()
assert sys.stderr is before
os.write(2, b"after\\n")
""",
        log,
    )
    assert done.returncode == 0
    assert done.stderr == "ours\no2\nafter\n"
    assert log.read_text(encoding="utf-8") == "native\nfrom a thread\n"


def test_log_records_warnings_and_thread_tracebacks_go_to_the_log(log: Path) -> None:
    done = _python(
        """
def fail():
    raise ValueError("in a thread")
class Dies:
    def __del__(self):
        raise ValueError("in a destructor")
with redirect_native_stderr(log):
    logging.getLogger("tensorflow").warning("a record")
    warnings.warn("a warning")
    thread = threading.Thread(target=fail)
    thread.start(); thread.join()
    Dies()
logging.getLogger("tensorflow").warning("a later record")
""",
        log,
    )
    text = log.read_text(encoding="utf-8")
    for words in ("WARNING tensorflow: a record", "UserWarning: a warning", "in a thread", "in a destructor"):
        assert words in text
    assert done.stderr == "a later record\n"


def test_it_can_be_nested_and_is_undone_after_an_error(log: Path) -> None:
    done = _python(
        """
inner = log.with_name("inner.txt")
try:
    with redirect_native_stderr(log):
        with redirect_native_stderr(inner):
            os.write(2, b"inner\\n")
            print("ours", file=sys.stderr)
        os.write(2, b"outer\\n")
        raise ValueError
except ValueError:
    pass
os.write(2, b"after\\n")
""",
        log,
    )
    assert done.stderr == "ours\nafter\n"
    assert log.read_text(encoding="utf-8") == "outer\n"
    assert log.with_name("inner.txt").read_text(encoding="utf-8") == "inner\n"


def test_without_a_log_the_text_is_discarded(log: Path) -> None:
    done = _python(
        """
with redirect_native_stderr(None):
    os.write(2, b"native\\n")
    print("ours", file=sys.stderr)
""",
        log,
    )
    assert done.stderr == "ours\n"


def test_a_crash_leaves_its_text_in_the_log(log: Path) -> None:
    done = _python(
        """
import ctypes
with redirect_native_stderr(log):
    os.write(2, b"last words\\n")
    ctypes.string_at(0)
""",
        log,
    )
    assert done.returncode < 0
    assert done.stderr == ""
    text = log.read_text(encoding="utf-8")
    assert "last words" in text
    assert "Segmentation fault" in text


def test_tensorflow_is_quiet_and_its_chatter_is_kept(log: Path) -> None:
    done = _python(
        """
with redirect_native_stderr(log):
    import tensorflow as tf
    tf.constant(1) + 1
    tf.get_logger().warning("tensorflow's own logger")
    from absl import logging as absl_logging
    absl_logging.warning("absl's own logger")
    print("ours", file=sys.stderr)
""",
        log,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "ours\n"
    text = log.read_text(encoding="utf-8")
    assert "tensorflow's own logger" in text
    assert "absl's own logger" in text
    assert re.search(r"^[IWE]\d{4} ", text, re.MULTILINE), "the start-up notes of the C++ side"
