"""The sentiment task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftsuite.api import Examples, Progress
from ftsuite.families import TextClassification
from ftsuite_sentiment.labels import to_scale


class Sentiment(TextClassification):
    """Texts to sentiment."""

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source, their labels on the scale that the options ask for."""
        return to_scale(super().load(data, progress), self.options.scale)

    def showcase(self) -> Sequence[str]:
        """The same sentences before and after."""
        return tuple(self.options.sentences)
