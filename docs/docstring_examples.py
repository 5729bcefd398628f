"""An extension of griffe, which reads docstrings for the site: sets examples that stand in the text as code.

Griffe knows examples only under a heading of their own; those in the text would be read as Markdown, lists as links.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

# From a prompt at the left edge to the next empty line.
_EXAMPLE = re.compile(r"^>>> .*?(?=\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


class ExamplesAsCode(griffe.Extension):
    """Puts fences around them before docstrings are parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of one object in place."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
