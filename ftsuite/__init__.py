"""ftsuite: fine-tune pretrained Keras 3 models, with honest test figures and a report.

`import ftsuite` is cheap: Keras is imported when `ftsuite.load_run` is first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftsuite.runs import load_run

__version__ = "0.1.0"
__all__ = ["__version__", "load_run"]


def __getattr__(name: str) -> object:
    """Resolve `load_run` on first use, so that `ftsuite --help` does not pay for importing Keras."""
    if name == "load_run":
        from ftsuite.runs import load_run

        return load_run
    raise AttributeError(f"module 'ftsuite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
