"""All labels that apply: the family reads, augments and trains; here stands what is answered, and how well."""

import numpy as np

from ftsuite.api import Metric, Table
from ftsuite.families import ImageTask, NamedAnswers, label_metrics, with_label_sets


class MultiLabel(ImageTask):
    """Pictures to a probability for each label."""

    def load(self, data, progress=None):
        """Examples whose labels, a column of the config's table, are read as sets of labels."""
        return with_label_sets(super().load(data, progress), self.options.separator)

    def answer(self, names):
        """The last layer. Decoding and loss follow from it: cross-entropy of each label by itself."""
        return NamedAnswers(names, "sigmoid", name="answers")

    def metrics(self):
        """Functions of targets (0 or 1) and answers, ``(n, labels)`` each: the usual ones and one of our own."""
        missed = lambda t, a: np.mean(np.sum((t > 0) & (a < self.options.threshold), axis=1))  # noqa: E731
        own = Metric("labels_missed", missed, "lower", "of the labels of a picture", "labels")
        return [*label_metrics(self.options.threshold), own]

    def baseline(self, targets):
        """The constant answer to beat: how common each label is among the training pictures."""
        return np.mean(targets, axis=0)

    def report(self, targets, answers, names):
        """Over the test split: how well is each label found?"""
        meant, said = targets > 0, answers >= self.options.threshold
        columns = [meant.sum(0), said.sum(0), (meant & said).sum(0)]
        rows = [
            [name, n, k, both / k if k else "—", both / n if n else "—", self.options.threshold]
            for name, n, k, both in zip(names, *columns, strict=True)
        ]
        return [Table("Labels", ["label", "pictures", "answered", "precision", "recall", "threshold"], rows)]
