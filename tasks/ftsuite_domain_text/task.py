"""The domain-text task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftsuite.api import Examples, Progress, TaskModel
from ftsuite.data.sources.unlabelled_examples import load_unlabelled
from ftsuite.data.text_task import TextTask
from ftsuite.models.heads import cross_entropy, softmax
from ftsuite.models.text_encoder import encoder_for
from ftsuite.models.text_heads import text_classifier


class DomainText(TextTask):
    """Texts of a field to one class each, by an encoder that can be adapted to the field first."""

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source; only their texts where nothing is classified."""
        self.classifies = self.options.classify
        return super().load(data, progress) if self.classifies else load_unlabelled(data, self.seed, progress)

    def build(self, backbone: Any, class_names: Sequence[str], dropout: float) -> TaskModel:
        """The encoder with a linear head."""
        encoder = encoder_for(backbone, self.options)
        self.read_by(encoder)
        return text_classifier(backbone, encoder, class_names, dropout, self.options.pooling)

    def objective(self, label_smoothing: float, focal_gamma: float) -> Any:
        """Cross-entropy or focal loss over logits."""
        return cross_entropy(label_smoothing, focal_gamma)

    def decode(self, logits: np.ndarray) -> np.ndarray:
        """Softmax."""
        return softmax(logits)

    def adaptation(self) -> Any:
        """As the options ask for it."""
        return self.options.adapt
