"""Families of tasks over texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftsuite.api import TaskModel
from ftsuite.data.text_task import TextReading
from ftsuite.families.answering import Answering, OneClass
from ftsuite.models.text_encoder import encoder_for
from ftsuite.models.text_heads import text_model


class TextTask(TextReading, Answering):
    """Texts to any answer, by a pooled encoder and a linear head.

    A subclass writes `answer`, from which loss and decoding follow, and where it answers otherwise than with one class
    of several, `load`, to give its examples targets, and `metrics`.
    """

    def build(self, backbone: Any, names: Sequence[str], dropout: float) -> TaskModel:
        """The encoder with a linear head."""
        encoder = encoder_for(backbone, self.options)
        self.read_by(encoder)
        return text_model(backbone, encoder, self.answer_by(names), dropout, self.options.pooling)


class TextClassification(OneClass, TextTask):
    """Texts to one class each."""
