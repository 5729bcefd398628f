"""The sentiment task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftsuite.api import Examples, Progress, TaskModel
from ftsuite.data.text_task import TextTask
from ftsuite.models.heads import cross_entropy, softmax
from ftsuite.models.text_encoder import encoder_for
from ftsuite.models.text_heads import text_classifier
from ftsuite_sentiment.labels import to_scale


class Sentiment(TextTask):
    """Texts to sentiment, by a pooled text encoder and a linear head."""

    def load(self, data: Any, progress: Progress | None = None) -> Examples:
        """Examples of the config's source, their labels on the scale that the options ask for."""
        return to_scale(super().load(data, progress), self.options.scale)

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

    def showcase(self) -> Sequence[str]:
        """The same sentences before and after."""
        return tuple(self.options.sentences)
