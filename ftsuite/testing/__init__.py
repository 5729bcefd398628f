"""For authors of task plugins: check that a task keeps its contract, and make tiny data to try it on.

In a plugin's own tests, one line does it:

```python
from ftsuite.testing import check_task


def test_it_keeps_the_contract():
    check_task("my-task")
```

On the command line `ftsuite task check my-task` does the same. Names are imported when they are first asked for, and
none of them imports Keras before it is called.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftsuite.testing.backbones import tiny_image_backbone, tiny_image_preset, tiny_text_preset
    from ftsuite.testing.examination import check_task, examine_task
    from ftsuite.testing.outcome import CheckResult, TaskReport
    from ftsuite.testing.pictures import tiny_pictures
    from ftsuite.testing.table_of_checks import CHECKS
    from ftsuite.testing.texts import tiny_reviews, tiny_texts

_HOMES = {
    "CHECKS": "ftsuite.testing.table_of_checks",
    "CheckResult": "ftsuite.testing.outcome",
    "TaskReport": "ftsuite.testing.outcome",
    "check_task": "ftsuite.testing.examination",
    "examine_task": "ftsuite.testing.examination",
    "tiny_image_backbone": "ftsuite.testing.backbones",
    "tiny_image_preset": "ftsuite.testing.backbones",
    "tiny_pictures": "ftsuite.testing.pictures",
    "tiny_reviews": "ftsuite.testing.texts",
    "tiny_text_preset": "ftsuite.testing.backbones",
    "tiny_texts": "ftsuite.testing.texts",
}
__all__ = [
    "CHECKS",
    "CheckResult",
    "TaskReport",
    "check_task",
    "examine_task",
    "tiny_image_backbone",
    "tiny_image_preset",
    "tiny_pictures",
    "tiny_reviews",
    "tiny_text_preset",
    "tiny_texts",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ftsuite.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
