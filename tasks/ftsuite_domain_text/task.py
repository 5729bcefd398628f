"""The domain-text task."""

from __future__ import annotations

from typing import Any

from ftsuite.api import Examples, Progress
from ftsuite.data.sources.unlabelled_examples import load_unlabelled
from ftsuite.families import TextClassification


class DomainText(TextClassification):
    """Texts of a field to one class each, by an encoder that can be adapted to the field first."""

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source; only their texts where nothing is classified."""
        self.classifies = self.options.classify
        return super().load(data, progress) if self.classifies else load_unlabelled(data, self.seed, progress)

    def adaptation(self) -> Any:
        """As the options ask for it."""
        return self.options.adapt
