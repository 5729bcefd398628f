"""The tasks that are installed, found through entry points; an object, never a global."""

from __future__ import annotations

from ftsuite.registry.offers import BUILT_IN
from ftsuite.registry.tasks import RegisteredTask, Registry

__all__ = ["BUILT_IN", "RegisteredTask", "Registry"]
